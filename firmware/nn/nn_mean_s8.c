#include "nn.h"
#include "nn_math.h"

#define MOST_PIXELS 255 /* whose sum fits 16 bits */

/* Adds four channels of `pixels` pixels, `step` bytes apart, in lanes of 16 bits first. */
static inline void add_four(int32_t *sums, const int8_t *from, int32_t pixels, int32_t step) {
    uint32_t even = 0, odd = 0;
    for (; pixels > 0; pixels--, from += step) {
        uint32_t bytes = nn_load32(from);
        even = nn_add_bytes16(even, bytes);
        odd = nn_add_bytes16_odd(odd, bytes);
    }
    sums[0] += (int16_t)(even & 0xFFFF), sums[1] += (int16_t)(odd & 0xFFFF);
    sums[2] += (int32_t)even >> 16, sums[3] += (int32_t)odd >> 16;
}

static void add_row(const nn_mean *p, const int8_t *row, int32_t *state) {
    int32_t channels = p->channels, c = 0;
    for (; c + 4 <= channels; c += 4)
        for (int32_t x = 0; x < p->in_w; x += MOST_PIXELS)
            add_four(state + c, row + x * channels + c, nn_clamp(p->in_w - x, 0, MOST_PIXELS), channels);
    for (; c < channels; c++)
        for (int32_t x = 0; x < p->in_w; x++)
            state[c] += row[x * channels + c];
}

void nn_mean_s8(const nn_mean *p, const int8_t *row, int8_t *out, int32_t *state, int32_t step) {
    int32_t channels = p->channels;
    if (step == 0)
        memset(state, 0, (size_t)channels * sizeof *state);
    add_row(p, row, state);
    if (step + 1 < p->rows)
        return;
    int32_t offset = p->in_zero * p->in_w * p->rows;
    for (int32_t c = 0; c < channels; c++)
        out[c] =
            (int8_t)nn_saturate8(nn_requantize(state[c] - offset, p->multiplier, p->shift) + p->out_zero);
}
