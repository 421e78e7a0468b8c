/* The sum and the difference of two rows, as nn_add_s8 and nn_sub_s8 need it. */
#ifndef NN_SCALED_SUM_H
#define NN_SCALED_SUM_H

#include "nn_rescale.h"
#include "nn_short_sum.h"

/* Three roundings a value, for those scales that have no short sum. */
static inline void nn_exact_sum(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out,
                                const int32_t sign) {
    const nn_rescale scale_a = nn_make_rescale(p->a_multiplier, p->a_shift);
    const nn_rescale scale_b = nn_make_rescale(p->b_multiplier, p->b_shift);
    const nn_rescale scale_out = nn_make_rescale(p->out_multiplier, p->out_shift);
    const int32_t a_zero = p->a_zero, b_zero = p->b_zero, out_zero = p->out_zero, doubled = p->left_shift + 1;
    for (int32_t i = 0, count = p->count; i < count; i++) {
        int32_t sum = nn_apply_rescale(&scale_a, nn_shift_left(a[i] - a_zero, doubled));
        sum += sign * nn_apply_rescale(&scale_b, nn_shift_left(b[i] - b_zero, doubled));
        out[i] = (int8_t)nn_saturate8(nn_apply_rescale(&scale_out, nn_shift_left(sum, 1)) + out_zero);
    }
}

static inline void nn_scaled_sum(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out,
                                 const int32_t sign) {
    if (p->short_sum.a_factor)
        nn_short_sum_two(&p->short_sum, p->count, a, b, out);
    else
        nn_exact_sum(p, a, b, out, sign);
    nn_clamp_row(out, p->count, p->out_min, p->out_max);
}

#endif
