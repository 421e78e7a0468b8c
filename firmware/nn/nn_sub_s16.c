#include "nn.h"
#include "nn_int16.h"

void nn_sub_s16(const nn_add *p, const int8_t *a, const int8_t *b, int16_t *out) {
    const int16_t *left = nn_int16_row(a), *right = nn_int16_row(b);
    for (int32_t i = 0; i < p->count; i++) {
        int32_t sum = nn_requantize(nn_shift_left(left[i], p->left_shift), p->a_multiplier, p->a_shift) -
                      nn_requantize(nn_shift_left(right[i], p->left_shift), p->b_multiplier, p->b_shift);
        out[i] =
            (int16_t)nn_clamp(nn_requantize(sum, p->out_multiplier, p->out_shift), p->out_min, p->out_max);
    }
}
