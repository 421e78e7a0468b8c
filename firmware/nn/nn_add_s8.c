#include "nn.h"
#include "nn_math.h"

void nn_add_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out) {
    nn_scale scale_a = nn_make_scale(p->a_multiplier, p->a_shift);
    nn_scale scale_b = nn_make_scale(p->b_multiplier, p->b_shift);
    nn_scale scale_out = nn_make_scale(p->out_multiplier, p->out_shift);
    nn_add local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t left = nn_shift_left(a[i] - local.a_zero, local.left_shift);
        int32_t right = nn_shift_left(b[i] - local.b_zero, local.left_shift);
        int32_t sum = nn_apply_scale(&scale_a, left) + nn_apply_scale(&scale_b, right);
        int32_t value = nn_apply_scale(&scale_out, sum) + local.out_zero;
        out[i] = (int8_t)nn_clamp(value, local.out_min, local.out_max);
    }
}
