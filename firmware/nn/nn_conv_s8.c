#include "nn_tile.h"

#include <stddef.h>

/* Where the pixels of a tile lie. An output pixel reads rows x columns segments of `length` int16. */
typedef struct {
    int16_t *pixels;
    int32_t count;       /* output pixels */
    int32_t pixel_step;  /* int16 from one output pixel to the next */
    int32_t row_step;    /* int16 from one kernel row to the next */
    int32_t column_step; /* int16 from one segment of a kernel row to the next */
    int32_t rows, columns, taps, length;
} tile;

static int16_t *fill(int16_t *to, int32_t count, int32_t value) {
    for (; count > 0; count--)
        *to++ = (int16_t)value;
    return to;
}

/* Widens columns [x, x + width) of a row, and one value more where their number is odd; columns outside the
 * row, and a row of NULL, hold the zero point. */
static void widen_columns(const nn_conv *p, int16_t *to, const int8_t *row, int32_t x, int32_t width) {
    int32_t first = nn_clamp(row ? 0 : x + width, x, x + width), last = nn_clamp(p->in_w, first, x + width);
    to = fill(to, (first - x) * p->in_c, p->in_zero);
    int32_t count = (last - first) * p->in_c, quads = count >> 2;
    if (count > 0) {
        const int8_t *from = row + first * p->in_c;
        nn_widen_quads(to, from, quads, 2);
        for (int32_t i = 4 * quads; i < count; i++)
            to[i] = from[i];
    }
    fill(to + count, (x + width - last) * p->in_c + (width * p->in_c & 1), p->in_zero);
}

/* Widens the weights of one channel, a segment at a time; a word of each of two channels in turn. */
static void widen_weights(const tile *t, int16_t *to, const int8_t *weights) {
    for (int32_t segment = t->rows * t->columns; segment > 0; segment--) {
        nn_widen_padded(to, weights, t->taps, 4);
        weights += t->taps;
        to += 2 * t->length;
    }
}

static NN_NOINLINE void run_tile(const tile *t, const nn_channels *c, int8_t *out, int32_t out_c) {
    const int16_t *p0 = t->pixels;
    for (int32_t left = t->count; left > 0; left -= 2, p0 += 2 * t->pixel_step, out += 2 * out_c) {
        nn_sums sums = nn_start_sums(c);
        const int16_t *w = c->weights, *row = p0;
        int32_t second = left > 1 ? t->pixel_step : 0;
        for (int32_t i = t->rows; i > 0; i--, row += t->row_step) {
            const int16_t *at = row;
            for (int32_t k = t->columns; k > 0; k--, at += t->column_step)
                w = nn_dot_windows(&sums, at, at + second, w, t->length);
        }
        nn_write_outputs(c, &sums, out, left > 1 ? out_c : 0);
    }
}

void nn_conv_s8(const nn_conv *p, const int8_t *const rows[], int8_t *out, int16_t *scratch) {
    int32_t in_c = p->in_c, out_c = p->out_c, dense = p->dilation_w == 1;
    tile t = {.pixel_step = p->stride_w * in_c, .column_step = p->dilation_w * in_c, .rows = p->kernel_h};
    t.columns = dense ? 1 : p->kernel_w;
    t.taps = dense ? p->kernel_w * in_c : in_c;
    t.length = nn_quad(t.taps);
    t.pixels = scratch + 2 * t.rows * t.columns * t.length;
    nn_channels channels = {.weights = scratch};
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        t.count = nn_clamp(p->out_w - x, 0, p->tile);
        int32_t width = (t.count - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
        t.row_step = (width * in_c + 1) & ~1;
        for (int32_t i = 0; i < p->kernel_h; i++)
            widen_columns(p, t.pixels + i * t.row_step, rows[i], x * p->stride_w - p->pad_left, width);
        fill(t.pixels + p->kernel_h * t.row_step, 4, 0); /* read beside the last tap, times a zero weight */
        for (int32_t o = 0; o < out_c; o += 2) {
            nn_select_channels(&channels, p, o);
            for (int32_t i = 0; i < 2; i++) {
                int32_t channel = o + i * channels.second;
                widen_weights(&t, scratch + 2 * i, p->weights + channel * t.taps * t.rows * t.columns);
            }
            run_tile(&t, &channels, out + x * out_c + o, out_c);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
