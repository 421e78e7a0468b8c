#include "nn.h"
#include "nn_math.h"

#include <stddef.h>
#include <string.h>

/* A tile of output pixels: the columns [start, start + columns) of the hidden map that it reads, `group`
 * channels at a time, what the depthwise convolution makes of them, and the sums of the projection. */
typedef struct {
    const nn_bottleneck_groups *p;
    const int8_t *const *rows;
    int32_t *sums;
    int8_t *hidden, *filtered;
    int32_t start, columns, count;
    int32_t channel, channels; /* of the hidden map: the group's first, how many */
} group_tile;

static int8_t scale_output(const nn_filters *f, const nn_scale *scale, int32_t acc) {
    int32_t value = nn_scale_is_fast(scale->shift) ? nn_output_fast(scale, acc) : nn_output_any(scale, acc);
    return (int8_t)nn_clamp(value, f->out_min, f->out_max);
}

static nn_scale scale_of(const nn_filters *f, int32_t channel) {
    return nn_make_scale(f->multiplier[channel], f->shift[channel], f->out_zero);
}

/* Adds the products of a with v and with w to sums[0] and sums[1]. */
static void dot_bytes(const int8_t *a, const int8_t *v, const int8_t *w, int32_t n, int32_t sums[2]) {
    int32_t first = sums[0], second = sums[1];
    for (; n >= 4; n -= 4, a += 4, v += 4, w += 4) {
        uint32_t bytes = nn_load32(a), even = nn_sxtb16(bytes), odd = nn_sxtb16_odd(bytes);
        bytes = nn_load32(v);
        first = nn_smlad(odd, nn_sxtb16_odd(bytes), nn_smlad(even, nn_sxtb16(bytes), first));
        bytes = nn_load32(w);
        second = nn_smlad(odd, nn_sxtb16_odd(bytes), nn_smlad(even, nn_sxtb16(bytes), second));
    }
    for (; n > 0; n--, a++)
        first += *a * *v++, second += *a * *w++;
    sums[0] = first, sums[1] = second;
}

/* Channels c and c + `second` of the group for all columns of a row of the window. */
static void expand_pair(const group_tile *t, const int8_t *row, int8_t *to, int32_t c, int32_t second) {
    const nn_filters *f = &t->p->expand;
    const int32_t channel = t->channel + c, group = t->p->group;
    const int8_t *v = f->weights + channel * f->in_c, *w = v + second * f->in_c;
    const nn_scale scale_v = scale_of(f, channel), scale_w = scale_of(f, channel + second);
    for (int32_t x = t->start; x < t->start + t->columns; x++, to += group) {
        int32_t sums[2] = {f->bias[channel], f->bias[channel + second]};
        if (!row || x < 0 || x >= t->p->in_w) {
            to[c] = to[c + second] = (int8_t)f->out_zero;
            continue;
        }
        dot_bytes(row + x * f->in_c, v, w, f->in_c, sums);
        to[c + second] = scale_output(f, &scale_w, sums[1]);
        to[c] = scale_output(f, &scale_v, sums[0]);
    }
}

static NN_NOINLINE void expand_group(const group_tile *t) {
    int8_t *to = t->hidden;
    for (int32_t i = 0; i < t->p->kernel_h; i++, to += t->columns * t->p->group)
        for (int32_t c = 0; c < t->channels; c += 2)
            expand_pair(t, t->rows[i], to, c, c + 1 < t->channels);
}

static NN_NOINLINE void filter_group(const group_tile *t) {
    const nn_bottleneck_groups *p = t->p;
    const nn_filters *f = &p->depthwise;
    for (int32_t c = 0; c < t->channels; c++) {
        const nn_scale scale = scale_of(f, t->channel + c);
        for (int32_t x = 0; x < t->count; x++) {
            const int8_t *w = f->weights + t->channel + c;
            int32_t acc = f->bias[t->channel + c];
            for (int32_t i = 0; i < p->kernel_h; i++) {
                const int8_t *h = t->hidden + (i * t->columns + x * p->stride_w) * p->group + c;
                for (int32_t k = p->kernel_w; k > 0; k--, h += p->group, w += f->in_c)
                    acc += *h * *w;
            }
            t->filtered[x * p->group + c] = scale_output(f, &scale, acc);
        }
    }
}

static NN_NOINLINE void project_group(const group_tile *t) {
    const nn_filters *f = &t->p->project;
    for (int32_t o = 0; o < f->out_c; o += 2) {
        const int32_t second = o + 1 < f->out_c;
        const int8_t *v = f->weights + o * f->in_c + t->channel, *w = v + second * f->in_c;
        for (int32_t x = 0; x < t->count; x++) {
            int32_t *to = t->sums + x * f->out_c + o;
            int32_t sums[2] = {to[0], to[second]};
            dot_bytes(t->filtered + x * t->p->group, v, w, t->channels, sums);
            to[second] = sums[1];
            to[0] = sums[0];
        }
    }
}

/* The tile's output: sums scaled, and x added where there is a residual. */
static void write_tile(const group_tile *t, const int8_t *residual, int8_t *out) {
    const nn_filters *f = &t->p->project;
    int8_t *to = residual ? (int8_t *)t->sums : out; /* each byte over sums that have been read */
    for (int32_t o = 0; o < f->out_c; o++) {
        const nn_scale scale = scale_of(f, o);
        for (int32_t x = 0; x < t->count; x++)
            t->sums[x * f->out_c + o] = scale_output(f, &scale, t->sums[x * f->out_c + o]);
    }
    for (int32_t i = 0; i < t->count * f->out_c; i++)
        to[i] = (int8_t)t->sums[i];
    if (residual) {
        nn_add part = t->p->add;
        part.count = t->count * f->out_c;
        nn_add_s8(&part, residual, to, out);
    }
}

void nn_bottleneck_groups_s8(const nn_bottleneck_groups *p, const int8_t *const rows[], int8_t *out,
                             int32_t *scratch) {
    const int32_t out_c = p->project.out_c, hidden = p->expand.out_c;
    group_tile t = {.p = p, .rows = rows, .sums = scratch};
    t.hidden = (int8_t *)(scratch + p->tile * out_c);
    t.filtered = t.hidden + p->kernel_h * ((p->tile - 1) * p->stride_w + p->kernel_w) * p->group;
    for (int32_t x = 0; x < p->out_w; x += p->tile, out += p->tile * out_c) {
        t.count = nn_clamp(p->out_w - x, 0, p->tile);
        t.start = x * p->stride_w - p->pad_left;
        t.columns = (t.count - 1) * p->stride_w + p->kernel_w;
        for (int32_t i = 0; i < t.count; i++)
            memcpy(t.sums + i * out_c, p->project.bias, (size_t)out_c * sizeof *t.sums);
        for (t.channel = 0; t.channel < hidden; t.channel += p->group) {
            t.channels = nn_clamp(hidden - t.channel, 0, p->group);
            expand_group(&t);
            filter_group(&t);
            project_group(&t);
        }
        const int8_t *residual = p->residual < 0 ? NULL : rows[p->residual] + (x + p->residual_x) * out_c;
        write_tile(&t, residual, out);
    }
}
