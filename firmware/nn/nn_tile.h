/* A tile of output pixels times a pair of output channels: what nn_conv_s8 and nn_pointwise_s8 share. */
#ifndef NN_TILE_H
#define NN_TILE_H

#include "nn.h"
#include "nn_dot.h"
#include "nn_math.h"

/* Two output channels: weights widened, a word (two taps) of each in turn. */
typedef struct {
    const int16_t *weights;
    int32_t bias[2];
    nn_scale scale[2];
    int fast;
    int32_t second; /* distance of the second channel's output; 0 if it is the
                       first once more */
} nn_channels;

/* Prepares channels o and o + 1 (o twice at the end of an odd number), but for their weights. */
static inline void nn_select_channels(nn_channels *c, const nn_conv *p, int32_t o) {
    c->second = o + 1 < p->out_c ? 1 : 0;
    c->fast = 1;
    for (int32_t i = 0; i < 2; i++) {
        int32_t channel = o + i * c->second;
        c->bias[i] = p->bias[channel];
        c->scale[i] = nn_make_scale(p->multiplier[channel], p->shift[channel], p->out_zero);
        c->fast &= nn_scale_is_fast(p->shift[channel]);
    }
}

static inline nn_sums nn_start_sums(const nn_channels *c) {
    nn_sums sums = {c->bias[0], c->bias[1], c->bias[0], c->bias[1]};
    return sums;
}

/* Writes two channels of two pixels, `next` bytes apart. */
static inline void nn_write_outputs(const nn_channels *c, const nn_sums *sums, int8_t *out, int32_t next) {
    int8_t *second = out + c->second;
    if (c->fast) {
        out[0] = (int8_t)nn_output_fast(&c->scale[0], sums->p0c0);
        out[next] = (int8_t)nn_output_fast(&c->scale[0], sums->p1c0);
        second[0] = (int8_t)nn_output_fast(&c->scale[1], sums->p0c1);
        second[next] = (int8_t)nn_output_fast(&c->scale[1], sums->p1c1);
    } else {
        out[0] = (int8_t)nn_output_any(&c->scale[0], sums->p0c0);
        out[next] = (int8_t)nn_output_any(&c->scale[0], sums->p1c0);
        second[0] = (int8_t)nn_output_any(&c->scale[1], sums->p0c1);
        second[next] = (int8_t)nn_output_any(&c->scale[1], sums->p1c1);
    }
}

#endif
