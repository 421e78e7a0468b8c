#include "nn.h"
#include "nn_math.h"

void nn_squared_difference_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out) {
    const nn_add local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t left = nn_requantize(nn_shift_left(a[i] - local.a_zero, local.left_shift), local.a_multiplier,
                                     local.a_shift);
        int32_t right = nn_requantize(nn_shift_left(b[i] - local.b_zero, local.left_shift),
                                      local.b_multiplier, local.b_shift);
        int32_t difference = left - right;
        int32_t square = nn_requantize(difference * difference, local.out_multiplier, local.out_shift);
        out[i] = (int8_t)nn_clamp(square + local.out_zero, local.out_min, local.out_max);
    }
}
