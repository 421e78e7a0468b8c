/* Fixed-point arithmetic of the TensorFlow Lite int8 specification; twin of mcu_vision/int8.py. Source:
 * gemmlowp fixedpoint.h (SaturatingRoundingDoublingHighMul, RoundingDivideByPOT). */
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

/* acc * multiplier * 2^(shift - 31) with one rounding, ties away from zero; the result must fit 32 bits. */
static inline int32_t nn_requantize_once(int32_t acc, int32_t multiplier, int32_t shift) {
    int64_t product = (int64_t)acc * multiplier, half = (int64_t)1 << (30 - shift);
    return (int32_t)(product < 0 ? -((half - product) >> (31 - shift)) : (product + half) >> (31 - shift));
}

/* nn_requantize for many accumulators of one channel, saturated to int8 after the zero point is added.
 * Fast where the shift is -22..-1, for |acc| < 2^30; see nn_output_fast. */
typedef struct {
    int32_t multiplier, half, right; /* half: half of 2^right, and the zero point */
    int32_t shift, zero;
} nn_scale;

static inline int nn_scale_is_fast(int32_t shift) { return shift < 0 && shift >= -22; }

static inline nn_scale nn_make_scale(int32_t multiplier, int32_t shift, int32_t zero) {
    nn_scale scale = {multiplier, 0, -shift, shift, zero};
    if (nn_scale_is_fast(shift))
        scale.half = (1 << (-shift - 1)) + zero * (1 << -shift);
    return scale;
}

/* SMMULR rounds a*b / 2^32 half up; twice the accumulator makes that gemmlowp's doubling multiplication.
 * Its division rounds ties away from zero: half up, after one is taken from negative numbers. */
static inline int32_t nn_output_fast(const nn_scale *scale, int32_t acc) {
    int32_t high = nn_smmulr(nn_shift_left(acc, 1), scale->multiplier);
    return nn_saturate8((high + scale->half + (high >> 31)) >> scale->right);
}

static NN_NOINLINE int32_t nn_output_any(const nn_scale *scale, int32_t acc) {
    return nn_saturate8(nn_requantize(acc, scale->multiplier, scale->shift) + scale->zero);
}

/* nn_requantize of one channel in three instructions, for accumulators that are kept times 2^bits, bits 2..8
 * (products of activations times 256 are: their widening is an AND). Let e = -shift, 1 <= e <= 23 - bits.
 * Half up, both roundings are one: floor((acc * multiplier + 2^30 + 2^(30 + e)) / 2^(31 + e)) + zero, and
 * SMMLA gives floor(acc * 2^bits * multiplier / 2^32) + offset, from which (bits - 1 + e) bits are to go.
 * The second rounding takes ties away from zero, which only an accumulator under zero sees: half up after
 * one unit of the first rounding, 2^(bits - 1), is taken away. Where the output is clamped at its zero point
 * or above (ReLU) that changes nothing: `ties` 0 leaves it out. Twin: output_constants of mcu_vision/int8.py.
 */
typedef struct {
    int32_t multiplier, offset, right;
} nn_output;

static inline int nn_output_fits(int32_t shift, int32_t bits) { return shift <= -1 && shift >= bits - 23; }

static inline nn_output nn_make_output(int32_t multiplier, int32_t shift, int32_t zero, int32_t bits) {
    nn_output output = {multiplier, 0, bits - 1 - shift};
    output.offset = (1 << (bits - 2)) + (1 << (output.right - 1)) + zero * (1 << output.right);
    return output;
}

/* acc: times 2^bits, within 31 bits and sign. ties: 2^(bits - 1), or 0. */
static inline int32_t nn_output_scaled(const nn_output *output, int32_t acc, int32_t ties) {
    int32_t sum = nn_smmla(acc, output->multiplier, output->offset);
    return nn_saturate8((sum - (acc >> 31 & ties)) >> output->right);
}

/* Clamps n bytes in place; for kernels that saturate to int8 first, which changes nothing. */
static NN_NOINLINE void nn_clamp_row(int8_t *row, int32_t n, int32_t low, int32_t high) {
    if (low <= -128 && high >= 127)
        return;
    uint32_t lows = (uint32_t)(low & 0xFF) * 0x01010101u, highs = (uint32_t)(high & 0xFF) * 0x01010101u;
    for (; n >= 4; n -= 4, row += 4)
        nn_store32(row, nn_clamp_bytes(nn_load32(row), lows, highs));
    for (; n > 0; n--, row++)
        *row = (int8_t)nn_clamp(*row, low, high);
}

#endif
