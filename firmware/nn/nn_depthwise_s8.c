#include "nn.h"
#include "nn_math.h"

/* Four channels at a time are turned into columns: for each channel and pair of kernel rows one word a
 * column, its lanes the values of the two rows, so that SMLAD multiplies two taps. An odd last kernel row is
 * paired with padding, whose weight is 0. */
typedef struct {
    const int8_t *at;
    int32_t step; /* 0 in padding: `at` is then four zero points */
} source;

typedef struct {
    int32_t bias, zero, stride, dilation, kernel_w, planes, plane_step; /* int16 from one plane to the next */
    nn_scale scale;
} sweep;

static inline uint32_t load_channels(const int8_t *from, int32_t n) {
    if (n == 4)
        return nn_load32(from);
    uint32_t bytes = 0;
    for (int32_t i = 0; i < n; i++)
        bytes |= (uint32_t)(uint8_t)from[i] << (8 * i);
    return bytes;
}

/* Appends `count` columns of up to 4 channels that lie `step` int16 apart. */
static inline int16_t *pair_rows(int16_t *to, int32_t step, int32_t count, source a, source b, int32_t n) {
    for (; count > 0; count--) {
        uint32_t bytes_a = load_channels(a.at, n), bytes_b = load_channels(b.at, n);
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

static inline int16_t *pair_channels(int16_t *to, int32_t step, int32_t count, source a, source b,
                                     int32_t n) {
    return n == 4 ? pair_rows(to, step, count, a, b, 4) : pair_rows(to, step, count, a, b, n);
}

static source row_source(const nn_conv *p, const int8_t *row, int32_t offset, const int8_t *padding) {
    source s = {row ? row + offset : padding, row ? p->in_c : 0};
    return s;
}

/* Columns [x, x + width) of channels [c, c + n) of all kernel rows. */
static void gather(const nn_conv *p, const int8_t *const rows[], int16_t *to, int32_t x, int32_t width,
                   int32_t c) {
    int8_t zeros[4] = {(int8_t)p->in_zero, (int8_t)p->in_zero, (int8_t)p->in_zero, (int8_t)p->in_zero};
    source padding = {zeros, 0};
    int32_t n = nn_clamp(p->in_c - c, 0, 4), planes = (p->kernel_h + 1) / 2, step = 2 * planes * width;
    int32_t first = nn_clamp(0, x, x + width), last = nn_clamp(p->in_w, first, x + width);
    int32_t offset = first * p->in_c + c;
    for (int32_t i = 0; i < p->kernel_h; i += 2) {
        source a = row_source(p, rows[i], offset, zeros);
        source b = i + 1 < p->kernel_h ? row_source(p, rows[i + 1], offset, zeros) : padding;
        to = pair_channels(to, step, first - x, padding, padding, n);
        to = pair_channels(to, step, last - first, a, b, n);
        to = pair_channels(to, step, x + width - last, padding, padding, n);
    }
}

/* The weights of one channel in pairs like the columns. */
static void pair_weights(const nn_conv *p, int16_t *to, const int8_t *weights) {
    int32_t row = p->kernel_w * p->in_c;
    for (int32_t i = 0; i < p->kernel_h; i += 2) {
        for (int32_t k = 0; k < p->kernel_w; k++) {
            const int8_t *tap = weights + i * row + k * p->in_c;
            *to++ = *tap;
            *to++ = i + 1 < p->kernel_h ? tap[row] : 0;
        }
    }
}

static inline int8_t output(const sweep *s, int32_t acc) {
    return (int8_t)nn_saturate8(nn_apply_scale(&s->scale, acc) + s->zero);
}

static void sweep_any(const sweep *s, const int16_t *columns, const int16_t *weights, int8_t *out,
                      int32_t out_step, int32_t count) {
    for (; count > 0; count--, columns += 2 * s->stride, out += out_step) {
        int32_t acc = s->bias;
        const int16_t *w = weights;
        for (int32_t plane = 0; plane < s->planes; plane++) {
            const int16_t *at = columns + plane * s->plane_step;
            for (int32_t k = 0; k < s->kernel_w; k++, w += 2, at += 2 * s->dilation)
                acc = nn_smlad(nn_load32(at), nn_load32(w), acc);
        }
        *out = output(s, acc);
    }
}

/* 3x3 without dilation: the weights stay in registers. */
static void sweep_3x3(const sweep *s, const int16_t *columns, const int16_t *weights, int8_t *out,
                      int32_t out_step, int32_t count) {
    uint32_t w0 = nn_load32(weights), w1 = nn_load32(weights + 2), w2 = nn_load32(weights + 4);
    uint32_t w3 = nn_load32(weights + 6), w4 = nn_load32(weights + 8), w5 = nn_load32(weights + 10);
    const int16_t *low = columns + s->plane_step;
    sweep local = *s;
    for (; count > 0; count--, columns += 2 * local.stride, low += 2 * local.stride, out += out_step) {
        int32_t acc = nn_smlad(nn_load32(columns), w0, local.bias);
        acc = nn_smlad(nn_load32(columns + 2), w1, acc);
        acc = nn_smlad(nn_load32(columns + 4), w2, acc);
        acc = nn_smlad(nn_load32(low), w3, acc);
        acc = nn_smlad(nn_load32(low + 2), w4, acc);
        acc = nn_smlad(nn_load32(low + 4), w5, acc);
        *out = output(&local, acc);
    }
}

void nn_depthwise_s8(const nn_conv *p, const int8_t *const rows[], int8_t *out, int16_t *scratch) {
    int32_t channels = p->in_c, planes = (p->kernel_h + 1) / 2;
    int16_t *columns = scratch + 2 * planes * p->kernel_w;
    int is_3x3 = p->kernel_w == 3 && planes == 2 && p->dilation_w == 1;
    sweep s = {
        .zero = p->out_zero, .stride = p->stride_w, .dilation = p->dilation_w, .kernel_w = p->kernel_w};
    s.planes = planes;
    for (int32_t x = 0; x < p->out_w; x += NN_DEPTHWISE_TILE_PIXELS) {
        int32_t count = nn_clamp(p->out_w - x, 0, NN_DEPTHWISE_TILE_PIXELS);
        int32_t width = (count - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
        s.plane_step = 2 * width;
        for (int32_t c = 0; c < channels; c++) {
            if ((c & 3) == 0)
                gather(p, rows, columns, x * p->stride_w - p->pad_left, width, c);
            pair_weights(p, scratch, p->weights + c);
            s.bias = p->bias[c];
            s.scale = nn_make_scale(p->multiplier[c], p->shift[c]);
            (is_3x3 ? sweep_3x3 : sweep_any)(&s, columns + (c & 3) * planes * s.plane_step, scratch,
                                             out + x * channels + c, channels, count);
        }
    }
    nn_clamp_row(out, p->out_w * channels, p->out_min, p->out_max);
}
