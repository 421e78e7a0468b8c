/* Scaling as the two element-wise sums need it. */
#ifndef NN_RESCALE_H
#define NN_RESCALE_H

#include "nn_math.h"

/* Scales by a multiplier and a right shift; ties is -1 if there is a shift, whose rounding is then that
 * of nn_output_fast. */
typedef struct {
    int32_t multiplier, half, ties, right;
} nn_rescale;

static inline nn_rescale nn_make_rescale(int32_t multiplier, int32_t shift) {
    nn_rescale s = {multiplier, shift < 0 ? 1 << (-shift - 1) : 0, shift < 0 ? -1 : 0, -shift};
    return s;
}

/* The value is doubled already. */
static inline int32_t nn_apply_rescale(const nn_rescale *s, int32_t doubled) {
    int32_t high = nn_smmulr(doubled, s->multiplier);
    return (high + s->half + ((high >> 31) & s->ties)) >> s->right;
}

#endif
