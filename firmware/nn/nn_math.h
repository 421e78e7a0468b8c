/* Fixed-point arithmetic of the TensorFlow Lite int8 specification; twin of mcu_vision/int8.py.
 * Source: gemmlowp fixedpoint.h (SaturatingRoundingDoublingHighMul, RoundingDivideByPOT). */
#ifndef NN_MATH_H
#define NN_MATH_H

#include "nn_dsp.h"

static inline int32_t nn_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/* value * 2^bits, modulo 2^32. */
static inline int32_t nn_shift_left(int32_t value, int32_t bits) {
    return (int32_t)((uint32_t)value << bits);
}

/* round(a * b / 2^31), ties up. Saturates only where both are INT32_MIN. For a product p < 0 gemmlowp
 * truncates (p + 1 - 2^30) / 2^31 towards zero, which is the floor of (p + 2^30) / 2^31. */
static inline int32_t nn_doubling_high_mul(int32_t a, int32_t b) {
    if (a == b && a == INT32_MIN)
        return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value / 2^exponent for exponent 0..31, ties away from zero. */
static inline int32_t nn_divide_by_pot(int32_t value, int32_t exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (value < 0);
    return (value >> exponent) + ((value & mask) > threshold);
}

/* acc * multiplier * 2^(shift - 31) in gemmlowp's two roundings; multiplier >= 0, shift -31..30. */
static inline int32_t nn_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    return nn_divide_by_pot(nn_doubling_high_mul(nn_shift_left(acc, left), multiplier), left - shift);
}

/* nn_requantize prepared for many accumulators, with |acc| * 2^left < 2^30 and shift -30..29. */
typedef struct {
    int32_t multiplier, left, right, half, ties;
} nn_scale;

static inline nn_scale nn_make_scale(int32_t multiplier, int32_t shift) {
    nn_scale scale = {multiplier, 1, 0, 0, 0};
    if (shift >= 0) {
        scale.left += shift;
    } else {
        scale.right = -shift;
        scale.half = (int32_t)(1u << (scale.right - 1));
        scale.ties = -1;
    }
    return scale;
}

/* The doubling of the high multiplication is in `left`. Away from zero is half up after one is taken from
 * the negative numbers. */
static inline int32_t nn_apply_scale(const nn_scale *scale, int32_t acc) {
    int32_t high = nn_smmulr(nn_shift_left(acc, scale->left), scale->multiplier);
    return (high + scale->half + ((high >> 31) & scale->ties)) >> scale->right;
}

/* Clamps n bytes in place; for kernels that saturate to int8 first, which changes nothing. */
static inline void nn_clamp_row(int8_t *row, int32_t n, int32_t low, int32_t high) {
    if (low <= -128 && high >= 127)
        return;
    for (int32_t i = 0; i < n; i++)
        row[i] = (int8_t)nn_clamp(row[i], low, high);
}

#endif
