#include "nn.h"
#include "nn_dot.h"
#include "nn_math.h"

#include <stddef.h>
#include <string.h>

/* The hidden map, input of the depthwise convolution: columns [begin, end) of what a tile needs. The first
 * kept_rows rows of the window are whole rows in `state`; the others are in `buffer`, unless there is no
 * expand and the hidden map is the input. */
typedef struct {
    const nn_inverted_bottleneck *p;
    const int8_t *const *rows;
    int8_t *buffer, *state;
    int32_t step, begin, end;
    int32_t buffer_step; /* bytes of a row of the buffer */
} hidden_map;

/* Row i of the window, kept from step to step in one of kept_rows places. */
static int8_t *kept_row(const hidden_map *h, int32_t i) {
    const nn_depthwise *depthwise = &h->p->depthwise;
    int32_t place = (h->step * h->p->stride_h + i) % h->p->kept_rows;
    return h->state + place * depthwise->in_w * depthwise->in_c;
}

static int8_t *fresh_row(const hidden_map *h, int32_t i) {
    return h->buffer + (i - h->p->kept_rows) * h->buffer_step;
}

/* Expands columns [x, x + count) of row i of the window, unless it is padding. */
static void expand(const hidden_map *h, int32_t i, int32_t x, int32_t count, int8_t *to, int16_t *scratch) {
    nn_pointwise part = h->p->expand;
    part.out_w = (int16_t)count;
    if (h->rows[i] && count > 0)
        nn_pointwise_s8(&part, h->rows[i] + x * part.in_c, to, scratch);
}

/* Makes the columns ready that `count` output pixels from x on read. */
static void fill_columns(hidden_map *h, int32_t x, int32_t count, int16_t *scratch) {
    const nn_depthwise *depthwise = &h->p->depthwise;
    int32_t start = x * depthwise->stride_w - depthwise->pad_left, old_end = h->end;
    h->begin = nn_clamp(start, 0, depthwise->in_w);
    h->end = start + (count - 1) * depthwise->stride_w + depthwise->kernel_w;
    h->end = nn_clamp(h->end, h->begin, depthwise->in_w);
    int32_t ready = nn_clamp(old_end, h->begin, h->end);
    if (!h->p->expand.packed)
        return;
    for (int32_t i = h->p->kept_rows; i < depthwise->kernel_h; i++) {
        int8_t *to = fresh_row(h, i) + (ready - h->begin) * depthwise->in_c;
        expand(h, i, ready, h->end - ready, to, scratch);
    }
}

static void filter(const hidden_map *h, int32_t x, int32_t count, int8_t *out, int16_t *scratch) {
    const int8_t *rows[NN_BOTTLENECK_ROWS];
    nn_depthwise part = h->p->depthwise;
    for (int32_t i = 0; i < part.kernel_h; i++) {
        if (!h->rows[i])
            rows[i] = NULL;
        else if (!h->p->expand.packed)
            rows[i] = h->rows[i] + h->begin * part.in_c;
        else if (i < h->p->kept_rows)
            rows[i] = kept_row(h, i) + h->begin * part.in_c;
        else
            rows[i] = fresh_row(h, i);
    }
    part.pad_left = (int8_t)(h->begin - (x * part.stride_w - part.pad_left));
    part.in_w = (int16_t)(h->end - h->begin);
    part.out_w = (int16_t)count;
    nn_depthwise_s8(&part, rows, out, scratch);
}

/* Columns that output pixels from x on do not read go where the next step finds them, the others to the start
 * of the buffer. The place of a kept row is that of one which the next step does not need. */
static void keep_columns(const hidden_map *h, int32_t x) {
    const nn_inverted_bottleneck *p = h->p;
    int32_t channels = p->depthwise.in_c, needed = h->end;
    if (x < p->depthwise.out_w)
        needed = nn_clamp(x * p->depthwise.stride_w - p->depthwise.pad_left, h->begin, h->end);
    size_t done = (size_t)((needed - h->begin) * channels), rest = (size_t)((h->end - needed) * channels);
    for (int32_t i = p->kept_rows; i < p->depthwise.kernel_h; i++) {
        int8_t *row = fresh_row(h, i);
        if (!h->rows[i])
            continue;
        if (p->kept_rows > 0 && i >= p->stride_h)
            memcpy(kept_row(h, i) + h->begin * channels, row, done);
        memmove(row, row + done, rest);
    }
}

static void project(const nn_inverted_bottleneck *p, int32_t count, const int8_t *in, int8_t *out,
                    int16_t *scratch) {
    nn_pointwise part = p->project;
    part.out_w = (int16_t)count;
    nn_pointwise_s8(&part, in, out, scratch);
}

static void add_input(const nn_inverted_bottleneck *p, int32_t count, const int8_t *in, const int8_t *tile,
                      int8_t *out) {
    nn_add part = p->add;
    part.count = count;
    nn_add_s8(&part, in, tile, out);
}

void nn_inverted_bottleneck_s8(const nn_inverted_bottleneck *p, const int8_t *const rows[], int8_t *out,
                               int16_t *scratch, int8_t *state, int32_t step) {
    const nn_depthwise *depthwise = &p->depthwise;
    int32_t channels = depthwise->in_c, out_c = p->project.packed ? p->project.out_c : channels;
    int32_t span = (depthwise->tile - 1) * depthwise->stride_w + depthwise->kernel_w;
    hidden_map h = {.p = p, .rows = rows, .buffer = (int8_t *)scratch, .state = state, .step = step};
    h.buffer_step = p->expand.packed ? nn_clamp(span, 0, depthwise->in_w) * channels : 0;
    int16_t *work = scratch + nn_quad((depthwise->kernel_h - p->kept_rows) * h.buffer_step) / 2;
    int16_t *beside = work + (p->residual < 0 ? 0 : nn_quad(depthwise->tile * out_c) / 2);
    for (int32_t i = 0; step == 0 && i < p->kept_rows; i++)
        expand(&h, i, 0, depthwise->in_w, kept_row(&h, i), work);
    for (int32_t x = 0; x < depthwise->out_w; x += depthwise->tile) {
        int32_t count = nn_clamp(depthwise->out_w - x, 0, depthwise->tile);
        int8_t *target = out + x * out_c, *sum = p->residual < 0 ? target : (int8_t *)work, *filtered = sum;
        if (p->project.packed) /* where nn_pointwise_s8 may read it */
            filtered = (int8_t *)scratch + p->scratch_bytes - count * channels;
        fill_columns(&h, x, count, work);
        filter(&h, x, count, filtered, p->project.packed ? work : beside);
        if (p->project.packed)
            project(p, count, filtered, sum, beside);
        if (p->residual >= 0)
            add_input(p, count * out_c, rows[p->residual] + (x + p->residual_x) * out_c, sum, target);
        if (p->expand.packed)
            keep_columns(&h, x + count);
    }
}
