#include "nn.h"
#include "nn_int16.h"

void nn_mul_s16(const nn_mul *p, const int8_t *a, const int8_t *b, int16_t *out) {
    const int16_t *left = nn_int16_row(a), *right = nn_int16_row(b);
    for (int32_t i = 0; i < p->count; i++) {
        int32_t value = nn_requantize(left[i] * right[i], p->multiplier, p->shift);
        out[i] = (int16_t)nn_clamp(value, p->out_min, p->out_max);
    }
}
