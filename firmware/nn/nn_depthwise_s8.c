#include "nn_depthwise_3x3.h"

/* Four channels at a time are turned into columns: for each channel and pair of kernel rows one word a
 * column, its lanes the values of the two rows, so that SMLAD multiplies two taps. An odd last kernel row
 * is alone, with a weight of 0 beside its own. */
typedef struct {
    const int8_t *at;
    int32_t step; /* 0 in padding: `at` is then four zero points */
} source;

/* Appends `count` columns of up to 4 channels that lie `step` int16 apart. */
static inline int16_t *pair_rows(int16_t *to, int32_t step, int32_t count, source a, source b, int32_t n) {
    for (; count > 0; count--) {
        uint32_t bytes_a = nn_load_bytes(a.at, n), bytes_b = nn_load_bytes(b.at, n);
        uint32_t even_a = nn_sxtb16(bytes_a), odd_a = nn_sxtb16_odd(bytes_a);
        uint32_t even_b = nn_sxtb16(bytes_b), odd_b = nn_sxtb16_odd(bytes_b);
        nn_store32(to, nn_pack_low(even_a, even_b));
        nn_store32(to + step, nn_pack_low(odd_a, odd_b));
        nn_store32(to + 2 * step, nn_pack_high(even_a, even_b));
        nn_store32(to + 3 * step, nn_pack_high(odd_a, odd_b));
        a.at += a.step, b.at += b.step, to += 2;
    }
    return to;
}

/* The same for a row without partner: lane 1 holds what comes, since its weight is 0. */
static inline int16_t *widen_row(int16_t *to, int32_t step, int32_t count, source a, int32_t n) {
    for (; count > 0; count--) {
        uint32_t bytes = nn_load_bytes(a.at, n);
        uint32_t even = nn_sxtb16(bytes), odd = nn_sxtb16_odd(bytes);
        nn_store32(to, even);
        nn_store32(to + step, odd);
        nn_store32(to + 2 * step, even >> 16);
        nn_store32(to + 3 * step, odd >> 16);
        a.at += a.step, to += 2;
    }
    return to;
}

static NN_NOINLINE int16_t *pair_channels(int16_t *to, int32_t step, int32_t count, const source rows[2],
                                          int32_t n) {
    if (!rows[1].at)
        return n == 4 ? widen_row(to, step, count, rows[0], 4) : widen_row(to, step, count, rows[0], n);
    return n == 4 ? pair_rows(to, step, count, rows[0], rows[1], 4)
                  : pair_rows(to, step, count, rows[0], rows[1], n);
}

static source row_source(const nn_depthwise *p, const int8_t *row, int32_t offset, const int8_t *padding) {
    source s = {row ? row + offset : padding, row ? p->in_c : 0};
    return s;
}

/* Columns [x, x + width) of channels [c, c + 4) of all kernel rows. */
static void gather(const nn_depthwise *p, const int8_t *const rows[], int16_t *to, int32_t x, int32_t width,
                   int32_t c) {
    const int8_t zero = (int8_t)p->in_zero, zeros[4] = {zero, zero, zero, zero};
    int32_t n = nn_clamp(p->in_c - c, 0, 4), planes = (p->kernel_h + 1) / 2, step = 2 * planes * width;
    int32_t first = nn_clamp(0, x, x + width), last = nn_clamp(p->in_w, first, x + width);
    int32_t offset = first * p->in_c + c;
    for (int32_t i = 0; i < p->kernel_h; i += 2) {
        int both = i + 1 < p->kernel_h;
        const source padding[2] = {{zeros, 0}, {both ? zeros : NULL, 0}};
        source pair[2] = {row_source(p, rows[i], offset, zeros), padding[1]};
        if (both)
            pair[1] = row_source(p, rows[i + 1], offset, zeros);
        if (first > x)
            to = pair_channels(to, step, first - x, padding, n);
        to = pair_channels(to, step, last - first, pair, n);
        if (x + width > last)
            to = pair_channels(to, step, x + width - last, padding, n);
    }
}

/* Distance of the weights of two channels, in pairs. */
static int32_t block_size(const nn_depthwise *p) { return (p->kernel_h + 1) / 2 * 2 * p->kernel_w; }

/* The weights of channels [c, c + 4) in pairs like the columns. */
static void gather_weights(const nn_depthwise *p, int16_t *to, int32_t c) {
    const int8_t zeros[4] = {0};
    int32_t n = nn_clamp(p->in_c - c, 0, 4);
    for (int32_t i = 0; i < p->kernel_h; i += 2) {
        const int8_t *first = p->weights + i * p->kernel_w * p->in_c;
        const int8_t *next = i + 1 < p->kernel_h ? first + p->kernel_w * p->in_c : NULL;
        const source pair[2] = {row_source(p, first, c, zeros), row_source(p, next, c, zeros)};
        to = pair_channels(to, block_size(p), p->kernel_w, pair, n);
    }
}

/* One channel; plane_step: int16 from the columns of one pair of kernel rows to the next. */
typedef struct {
    int32_t bias, planes, plane_step, fast;
    nn_scale scale;
} sweep;

static NN_NOINLINE void sweep_any(const nn_depthwise *p, const sweep *s, const int16_t *columns,
                                  const int16_t *weights, int8_t *out, int32_t count) {
    for (; count > 0; count--, columns += 2 * p->stride_w, out += p->in_c) {
        int32_t acc = s->bias;
        const int16_t *w = weights;
        for (int32_t plane = 0; plane < s->planes; plane++) {
            const int16_t *at = columns + plane * s->plane_step;
            for (int32_t k = 0; k < p->kernel_w; k++, w += 2, at += 2 * p->dilation_w)
                acc = nn_smlad(nn_load32(at), nn_load32(w), acc);
        }
        *out = (int8_t)(s->fast ? nn_output_fast(&s->scale, acc) : nn_output_any(&s->scale, acc));
    }
}

/* Output columns [x, x + count) with any kernel. */
static void depthwise_any(const nn_depthwise *p, const int8_t *const rows[], int32_t x, int32_t count,
                          int8_t *out, int16_t *scratch) {
    int32_t channels = p->in_c, block_step = block_size(p);
    int32_t width = (count - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    int16_t *columns = scratch + 4 * block_step;
    sweep s = {.planes = (p->kernel_h + 1) / 2, .plane_step = 2 * width};
    for (int32_t c = 0; c < channels; c += 4) {
        const int16_t *at = columns, *weights = scratch;
        gather(p, rows, columns, x * p->stride_w - p->pad_left, width, c);
        gather_weights(p, scratch, c);
        for (int32_t i = c; i < channels && i < c + 4; i++) {
            s.bias = p->bias[i];
            s.scale = nn_make_scale(p->multiplier[i], p->shift[i], p->out_zero);
            s.fast = nn_scale_is_fast(p->shift[i]);
            sweep_any(p, &s, at, weights, out + i, count);
            at += s.planes * s.plane_step, weights += block_step;
        }
    }
}

void nn_depthwise_s8(const nn_depthwise *p, const int8_t *const rows[], int8_t *out, int16_t *scratch) {
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        int32_t count = nn_clamp(p->out_w - x, 0, p->tile);
        if (p->packed) {
            nn_window3 window = nn_make_window(rows);
            nn_depthwise_3x3(p, &window, x, count, out + x * p->in_c, scratch);
        } else {
            depthwise_any(p, rows, x, count, out + x * p->in_c, scratch);
        }
    }
    nn_clamp_row(out, p->out_w * p->in_c, p->out_min, p->out_max);
}
