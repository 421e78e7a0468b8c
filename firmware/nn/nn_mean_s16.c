#include "nn.h"
#include "nn_int16.h"

void nn_mean_s16(const nn_mean *p, const int8_t *row, int16_t *out, int32_t *state, int32_t step) {
    const int16_t *values = nn_int16_row(row);
    int32_t channels = p->channels;
    if (step == 0)
        memset(state, 0, (size_t)channels * sizeof *state);
    for (int32_t x = 0; x < p->in_w; x++)
        for (int32_t c = 0; c < channels; c++)
            state[c] += *values++;
    for (int32_t c = 0; step + 1 == p->rows && c < channels; c++)
        out[c] = (int16_t)nn_saturate16(nn_requantize(state[c], p->multiplier, p->shift));
}
