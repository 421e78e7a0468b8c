/* Dot products of a tile of widened pixels with a pair of output channels: the inner loops that
 * nn_conv_s8 and nn_pointwise_s8 share. Two pixels by two channels, so that each word loaded is used twice.
 */
#ifndef NN_TILE_H
#define NN_TILE_H

#include "nn_math.h"

/* Where the pixels of a tile lie. An output pixel reads rows x columns segments of `length` int16 (even). */
typedef struct {
    const int16_t *pixels;
    int32_t count;       /* output pixels */
    int32_t pixel_step;  /* int16 from one output pixel to the next */
    int32_t row_step;    /* int16 from one kernel row to the next */
    int32_t column_step; /* int16 from one segment of a kernel row to the next */
    int32_t rows, columns, length;
} nn_tile;

/* Two output channels: weights widened, a word (two taps) of each in turn. */
typedef struct {
    const int16_t *weights;
    int32_t bias[2];
    nn_scale scale[2];
    int32_t zero;
} nn_channels;

typedef struct {
    int32_t p0c0, p0c1, p1c0, p1c1;
} nn_sums;

static inline const int16_t *nn_dot_segment(nn_sums *sums, const int16_t *p0, const int16_t *p1,
                                            const int16_t *w, int32_t length) {
    nn_sums s = *sums;
    const int16_t *end = p0 + (length & ~3);
    while (p0 != end) {
        uint32_t w0 = nn_load32(w), w1 = nn_load32(w + 2), a = nn_load32(p0), b = nn_load32(p1);
        s.p0c0 = nn_smlad(w0, a, s.p0c0);
        s.p0c1 = nn_smlad(w1, a, s.p0c1);
        s.p1c0 = nn_smlad(w0, b, s.p1c0);
        s.p1c1 = nn_smlad(w1, b, s.p1c1);
        w0 = nn_load32(w + 4), w1 = nn_load32(w + 6), a = nn_load32(p0 + 2), b = nn_load32(p1 + 2);
        s.p0c0 = nn_smlad(w0, a, s.p0c0);
        s.p0c1 = nn_smlad(w1, a, s.p0c1);
        s.p1c0 = nn_smlad(w0, b, s.p1c0);
        s.p1c1 = nn_smlad(w1, b, s.p1c1);
        p0 += 4, p1 += 4, w += 8;
    }
    if (length & 2) {
        uint32_t w0 = nn_load32(w), w1 = nn_load32(w + 2), a = nn_load32(p0), b = nn_load32(p1);
        s.p0c0 = nn_smlad(w0, a, s.p0c0);
        s.p0c1 = nn_smlad(w1, a, s.p0c1);
        s.p1c0 = nn_smlad(w0, b, s.p1c0);
        s.p1c1 = nn_smlad(w1, b, s.p1c1);
        w += 4;
    }
    *sums = s;
    return w;
}

static inline int8_t nn_output(const nn_channels *c, int32_t i, int32_t acc) {
    return (int8_t)nn_saturate8(nn_apply_scale(&c->scale[i], acc) + c->zero);
}

/* Writes the channels of each pixel at out, out + out_step, ...; only the first channel if !both. */
static inline void nn_compute_tile(const nn_tile *t, const nn_channels *c, int8_t *out, int32_t out_step,
                                   int both) {
    const int16_t *p0 = t->pixels;
    for (int32_t left = t->count; left > 0; left -= 2) {
        nn_sums sums = {c->bias[0], c->bias[1], c->bias[0], c->bias[1]};
        const int16_t *p1 = left > 1 ? p0 + t->pixel_step : p0;
        const int16_t *w = c->weights;
        for (int32_t row = 0; row < t->rows; row++) {
            int32_t at = row * t->row_step;
            for (int32_t column = 0; column < t->columns; column++) {
                w = nn_dot_segment(&sums, p0 + at, p1 + at, w, t->length);
                at += t->column_step;
            }
        }
        out[0] = nn_output(c, 0, sums.p0c0);
        if (both)
            out[1] = nn_output(c, 1, sums.p0c1);
        if (left > 1) {
            out[out_step] = nn_output(c, 0, sums.p1c0);
            if (both)
                out[out_step + 1] = nn_output(c, 1, sums.p1c1);
        }
        p0 += 2 * t->pixel_step;
        out += 2 * out_step;
    }
}

#endif
