/* What kernels of int16 activations share. Their rows come as bytes and are aligned to 2 bytes. */
#ifndef NN_INT16_H
#define NN_INT16_H

#include "nn_math.h"

static inline const int16_t *nn_int16_row(const int8_t *row) { return (const int16_t *)(const void *)row; }

/* acc * multiplier * 2^(shift - 15), ties up; multiplier within 15 bits, shift -31..14. */
static inline int32_t nn_requantize_wide(int64_t acc, int32_t multiplier, int32_t shift) {
    int32_t right = 15 - shift;
    return (int32_t)((acc * multiplier + ((int64_t)1 << (right - 1))) >> right);
}

/* acc * multiplier * 2^(shift - 31) with one rounding, ties away from zero, of which the low 32 bits; |acc| <
 * 2^32. */
static inline int32_t nn_requantize_once_wide(int64_t acc, int32_t multiplier, int32_t shift) {
    int64_t product = acc * multiplier, half = (int64_t)1 << (30 - shift);
    return (int32_t)(product < 0 ? -((half - product) >> (31 - shift)) : (product + half) >> (31 - shift));
}

/* Value of a table of 513 entries for the whole range, linear between entries. */
static inline int32_t nn_interpolate(const int16_t *table, int32_t value) {
    int32_t index = 256 + (value >> 7);
    int32_t slope = table[index + 1] - table[index];
    return (int16_t)(table[index] + ((slope * (value & 127) + 64) >> 7));
}

#endif
