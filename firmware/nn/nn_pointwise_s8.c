#include "nn_tile.h"

/* Pixels in pairs, a word of each in turn; the last of an odd number is its own partner. */
static void widen_pixels(int16_t *to, const int8_t *from, int32_t count, int32_t in_c) {
    for (; count > 0; count -= 2, from += 2 * in_c, to += 2 * nn_quad(in_c)) {
        nn_widen_padded(to, from, in_c, 4);
        nn_widen_padded(to + 2, count > 1 ? from + in_c : from, in_c, 4);
    }
}

static NN_NOINLINE void run_tile(const int16_t *pixels, int32_t count, int32_t length, const nn_channels *c,
                                 int8_t *out, int32_t out_c) {
    for (; count > 0; count -= 2, pixels += 2 * length, out += 2 * out_c) {
        nn_sums sums = nn_start_sums(c);
        nn_dot_pairs(&sums, pixels, c->weights, length);
        nn_write_outputs(c, &sums, out, count > 1 ? out_c : 0);
    }
}

void nn_pointwise_s8(const nn_conv *p, const int8_t *row, int8_t *out, int16_t *scratch) {
    int32_t in_c = p->in_c, out_c = p->out_c, length = nn_quad(in_c);
    int16_t *pixels = scratch + 2 * length;
    nn_channels channels = {.weights = scratch};
    for (int32_t x = 0; x < p->out_w; x += NN_TILE_PIXELS) {
        int32_t count = nn_clamp(p->out_w - x, 0, NN_TILE_PIXELS);
        widen_pixels(pixels, row + x * in_c, count, in_c);
        for (int32_t o = 0; o < out_c; o += 2) {
            nn_select_channels(&channels, p, o);
            for (int32_t i = 0; i < 2; i++)
                nn_widen_padded(scratch + 2 * i, p->weights + (o + i * channels.second) * in_c, in_c, 4);
            run_tile(pixels, count, length, &channels, out + x * out_c + o, out_c);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
