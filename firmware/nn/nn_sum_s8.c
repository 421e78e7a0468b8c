#include "nn.h"
#include "nn_math.h"

void nn_sum_s8(const nn_mean *p, const int8_t *row, int8_t *out, int32_t *state, int32_t step) {
    int32_t channels = p->channels;
    if (step == 0)
        memset(state, 0, (size_t)channels * sizeof *state);
    for (int32_t x = 0; x < p->in_w; x++)
        for (int32_t c = 0; c < channels; c++)
            state[c] += *row++;
    if (step + 1 < p->rows)
        return;
    int32_t offset = p->in_zero * p->in_w * p->rows;
    for (int32_t c = 0; c < channels; c++) {
        int32_t scaled = nn_requantize_once(state[c] - offset, p->multiplier, p->shift);
        out[c] = (int8_t)nn_saturate8(scaled + p->out_zero);
    }
}
