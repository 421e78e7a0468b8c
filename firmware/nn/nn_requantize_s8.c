#include "nn.h"
#include "nn_math.h"

void nn_requantize_s8(const nn_requant *p, const int8_t *row, int8_t *out) {
    nn_requant local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t value = nn_requantize(row[i] - local.in_zero, local.multiplier, local.shift) + local.out_zero;
        out[i] = (int8_t)nn_clamp(value, local.out_min, local.out_max);
    }
}
