#include "nn.h"
#include "nn_tile.h"

#include <stddef.h>

static int16_t *fill(int16_t *to, int32_t count, int32_t value) {
    for (; count > 0; count--)
        *to++ = (int16_t)value;
    return to;
}

/* Widens columns [x, x + width) of a row; columns outside it, and a row of NULL, hold the zero point. */
static void widen_columns(const nn_conv *p, int16_t *to, const int8_t *row, int32_t x, int32_t width) {
    int32_t first = nn_clamp(row ? 0 : x + width, x, x + width), last = nn_clamp(p->in_w, first, x + width);
    to = fill(to, (first - x) * p->in_c, p->in_zero);
    int32_t count = (last - first) * p->in_c;
    if (count > 0)
        nn_widen(to, row + first * p->in_c, count, 2);
    fill(to + count, (x + width - last) * p->in_c, p->in_zero);
}

/* Widens the weights of one channel, a segment at a time; a word of each of two channels in turn. */
static void widen_weights(const nn_tile *t, int16_t *to, const int8_t *weights, int32_t taps) {
    for (int32_t segment = t->rows * t->columns; segment > 0; segment--) {
        nn_widen(to, weights, taps, 4);
        weights += taps;
        to += 2 * t->length;
    }
}

void nn_conv_s8(const nn_conv *p, const int8_t *const rows[], int8_t *out, int16_t *scratch) {
    int32_t in_c = p->in_c, out_c = p->out_c, taps = in_c * (p->dilation_w == 1 ? p->kernel_w : 1);
    nn_tile tile = {
        .pixel_step = p->stride_w * in_c,
        .column_step = p->dilation_w * in_c,
        .rows = p->kernel_h,
        .columns = p->dilation_w == 1 ? 1 : p->kernel_w,
        .length = (taps + 1) & ~1,
    };
    nn_channels channels = {.weights = scratch, .zero = p->out_zero};
    int16_t *pixels = scratch + 2 * tile.rows * tile.columns * tile.length;
    tile.pixels = pixels;
    for (int32_t x = 0; x < p->out_w; x += NN_TILE_PIXELS) {
        tile.count = nn_clamp(p->out_w - x, 0, NN_TILE_PIXELS);
        int32_t width = (tile.count - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
        tile.row_step = (width * in_c + 1) & ~1;
        for (int32_t i = 0; i < p->kernel_h; i++)
            widen_columns(p, pixels + i * tile.row_step, rows[i], x * p->stride_w - p->pad_left, width);
        fill(pixels + p->kernel_h * tile.row_step, 2, 0); /* read beside the last tap, times a zero weight */
        for (int32_t o = 0; o < out_c; o += 2) {
            int both = o + 1 < out_c;
            for (int32_t i = 0; i < 2; i++) {
                int32_t channel = o + (both ? i : 0);
                widen_weights(&tile, scratch + 2 * i, p->weights + channel * taps * tile.rows * tile.columns,
                              taps);
                channels.bias[i] = p->bias[channel];
                channels.scale[i] = nn_make_scale(p->multiplier[channel], p->shift[channel]);
            }
            nn_compute_tile(&tile, &channels, out + x * out_c + o, out_c, both);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
