#include "nn.h"
#include "nn_math.h"

void nn_mul_s8(const nn_mul *p, const int8_t *a, const int8_t *b, int8_t *out) {
    nn_mul local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t product = (a[i] - local.a_zero) * (b[i] - local.b_zero);
        int32_t value = nn_requantize(product, local.multiplier, local.shift) + local.out_zero;
        out[i] = (int8_t)nn_clamp(value, local.out_min, local.out_max);
    }
}
