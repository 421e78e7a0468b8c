#include "nn.h"
#include "nn_math.h"

/* Scales by a multiplier and a right shift; ties is -1 if there is a shift, whose rounding is then that
 * of nn_output_fast. */
typedef struct {
    int32_t multiplier, half, ties, right;
} rescale;

static rescale make_rescale(int32_t multiplier, int32_t shift) {
    rescale s = {multiplier, shift < 0 ? 1 << (-shift - 1) : 0, shift < 0 ? -1 : 0, -shift};
    return s;
}

/* The value is doubled already. */
static inline int32_t apply(const rescale *s, int32_t doubled) {
    int32_t high = nn_smmulr(doubled, s->multiplier);
    return (high + s->half + ((high >> 31) & s->ties)) >> s->right;
}

void nn_add_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out) {
    const rescale scale_a = make_rescale(p->a_multiplier, p->a_shift);
    const rescale scale_b = make_rescale(p->b_multiplier, p->b_shift);
    const rescale scale_out = make_rescale(p->out_multiplier, p->out_shift);
    const int32_t a_zero = p->a_zero, b_zero = p->b_zero, out_zero = p->out_zero, doubled = p->left_shift + 1;
    for (int32_t i = 0, count = p->count; i < count; i++) {
        int32_t sum = apply(&scale_a, nn_shift_left(a[i] - a_zero, doubled));
        sum += apply(&scale_b, nn_shift_left(b[i] - b_zero, doubled));
        out[i] = (int8_t)nn_saturate8(apply(&scale_out, nn_shift_left(sum, 1)) + out_zero);
    }
    nn_clamp_row(out, p->count, p->out_min, p->out_max);
}
