#include "nn.h"
#include "nn_math.h"

void nn_prelu_s8(const nn_prelu *p, const int8_t *row, const int8_t *slope, int8_t *out) {
    nn_prelu local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t x = row[i] - local.in_zero;
        int32_t value = x >= 0 ? nn_requantize(x, local.multiplier, local.shift)
                               : nn_requantize(x * (slope[i] - local.slope_zero), local.slope_multiplier,
                                               local.slope_shift);
        out[i] = (int8_t)nn_saturate8(value + local.out_zero);
    }
}
