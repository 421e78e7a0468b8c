#include "nn.h"
#include "nn_tile.h"

static int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }

/* Every pixel starts on a word: a channel beyond an odd in_c is a zero. */
static void widen_pixels(int16_t *to, const int8_t *from, int32_t count, int32_t in_c) {
    if (in_c & 1) {
        for (; count > 0; count--, from += in_c, to += in_c + 1)
            nn_widen(to, from, in_c, 2);
    } else {
        nn_widen(to, from, count * in_c, 2);
    }
}

void nn_pointwise_s8(const nn_conv *p, const int8_t *row, int8_t *out, int16_t *scratch) {
    int32_t in_c = p->in_c, out_c = p->out_c, length = (in_c + 1) & ~1;
    int16_t *weights = scratch, *pixels = scratch + 2 * length;
    nn_channels channels = {.weights = weights, .zero = p->out_zero};
    nn_tile tile = {.pixels = pixels, .pixel_step = length, .rows = 1, .columns = 1, .length = length};
    for (int32_t x = 0; x < p->out_w; x += NN_TILE_PIXELS) {
        tile.count = min_i32(p->out_w - x, NN_TILE_PIXELS);
        widen_pixels(pixels, row + x * in_c, tile.count, in_c);
        for (int32_t o = 0; o < out_c; o += 2) {
            int both = o + 1 < out_c;
            for (int32_t i = 0; i < 2; i++) {
                int32_t channel = o + (both ? i : 0);
                nn_widen(weights + 2 * i, p->weights + channel * in_c, in_c, 4);
                channels.bias[i] = p->bias[channel];
                channels.scale[i] = nn_make_scale(p->multiplier[channel], p->shift[channel]);
            }
            nn_compute_tile(&tile, &channels, out + x * out_c + o, out_c, both);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
