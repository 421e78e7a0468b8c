#include "nn.h"
#include "nn_rescale.h"

void nn_add_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out) {
    const nn_rescale scale_a = nn_make_rescale(p->a_multiplier, p->a_shift);
    const nn_rescale scale_b = nn_make_rescale(p->b_multiplier, p->b_shift);
    const nn_rescale scale_out = nn_make_rescale(p->out_multiplier, p->out_shift);
    const int32_t a_zero = p->a_zero, b_zero = p->b_zero, out_zero = p->out_zero, doubled = p->left_shift + 1;
    for (int32_t i = 0, count = p->count; i < count; i++) {
        int32_t sum = nn_apply_rescale(&scale_a, nn_shift_left(a[i] - a_zero, doubled));
        sum += nn_apply_rescale(&scale_b, nn_shift_left(b[i] - b_zero, doubled));
        out[i] = (int8_t)nn_saturate8(nn_apply_rescale(&scale_out, nn_shift_left(sum, 1)) + out_zero);
    }
    nn_clamp_row(out, p->count, p->out_min, p->out_max);
}
