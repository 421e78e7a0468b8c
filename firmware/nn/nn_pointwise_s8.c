#include "nn_tile.h"

/* Widens a pixel or the weights of a channel to every other word, with zeros up to a multiple of 4 values.
 * Values 0 2 1 3: sums do not depend on the order, and this one comes without packing. */
static inline void widen_quad(int16_t *to, uint32_t bytes) {
    nn_store32(to, nn_sxtb16(bytes));
    nn_store32(to + 4, nn_sxtb16_odd(bytes));
}

static void widen(int16_t *to, const int8_t *from, int32_t count) {
    for (; count >= 8; count -= 8, from += 8, to += 16) {
        widen_quad(to, nn_load32(from));
        widen_quad(to + 8, nn_load32(from + 4));
    }
    if (count >= 4) {
        widen_quad(to, nn_load32(from));
        count -= 4, from += 4, to += 8;
    }
    if (count > 0)
        widen_quad(to, nn_load_bytes(from, count));
}

/* Pixels in pairs, a word of each in turn; the last of an odd number is its own partner. */
static void widen_pixels(int16_t *to, const int8_t *from, int32_t count, int32_t in_c) {
    for (; count > 0; count -= 2, from += 2 * in_c, to += 2 * nn_quad(in_c)) {
        widen(to, from, in_c);
        widen(to + 2, count > 1 ? from + in_c : from, in_c);
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
    /* Weights come last: pixels at the end of scratch are widened before these overwrite them. */
    int16_t *weights = scratch + ((nn_clamp(p->tile, 0, p->out_w) + 1) & ~1) * length;
    nn_channels channels = {.weights = weights};
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        int32_t count = nn_clamp(p->out_w - x, 0, p->tile);
        widen_pixels(scratch, row + x * in_c, count, in_c);
        for (int32_t o = 0; o < out_c; o += 2) {
            nn_select_channels(&channels, p, o);
            for (int32_t i = 0; i < 2; i++)
                widen(weights + 2 * i, p->weights + (o + i * channels.second) * in_c, in_c);
            run_tile(scratch, count, length, &channels, out + x * out_c + o, out_c);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
