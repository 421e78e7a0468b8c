/* Logarithm in fixed point; twin of mcu_vision/ops/fixed_log.py, which names the sources. */
#ifndef NN_LOG_H
#define NN_LOG_H

#include "nn_math.h"

static inline int32_t nn_shift_saturating(int32_t value, int32_t bits) {
    int64_t wide = (int64_t)((uint64_t)(int64_t)value << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* Unused bits above a positive value. */
static inline int32_t nn_headroom(int32_t value) {
    int32_t bits = 0;
    while (bits < 31 && value < (1 << 30)) {
        value = nn_shift_left(value, 1);
        bits++;
    }
    return bits;
}

static inline int32_t nn_add_wrapping(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* 1 / (1 + x) in Q0.31 of x in [0, 1): three Newton-Raphson steps in Q2.29. */
static inline int32_t nn_inverse_of_one_plus(int32_t x) {
    int64_t total = (int64_t)x + INT32_MAX;
    int32_t half = (int32_t)(total >= 0 ? (total + 1) / 2 : (total - 1) / 2);
    int32_t y = nn_add_wrapping(1515870810, nn_doubling_high_mul(half, -1010580540));
    for (int i = 0; i < 3; i++) {
        int32_t rest = nn_add_wrapping(1 << 29, -nn_doubling_high_mul(half, y));
        y = nn_add_wrapping(y, nn_shift_saturating(nn_doubling_high_mul(y, rest), 2));
    }
    return nn_shift_saturating(y, 1);
}

/* log(z) in Q5.26 of z >= 1 in Q12.19: z is r times a power of two, r about 2^-0.25, whose logarithm is a
 * rational function. */
static inline int32_t nn_log_of_sum(int32_t z) {
    const int32_t sqrt_half = 1518500250, middle = 1805811301, quarter = 1 << 23;
    int32_t zeros = nn_headroom(z);
    int32_t r_a = nn_shift_saturating(nn_doubling_high_mul(nn_shift_saturating(z, zeros), sqrt_half), 1);
    int32_t power_a = (11 - zeros) * (1 << 25) + quarter;
    int32_t zeros_b = nn_headroom(nn_doubling_high_mul(z, sqrt_half));
    int32_t r_b = nn_shift_saturating(z, zeros_b);
    int32_t power_b = (12 - zeros_b) * (1 << 25) - quarter;
    int32_t r = r_a < r_b ? r_a : r_b, power = power_a > power_b ? power_a : power_b;
    int32_t p = (int32_t)(((int64_t)r + middle + 1) >> 1);
    int32_t q = nn_shift_left(r - middle, 1);
    int32_t square = nn_doubling_high_mul(q, q);
    int32_t numerator = nn_add_wrapping(nn_doubling_high_mul(q, r),
                                        nn_doubling_high_mul(nn_doubling_high_mul(q, square), 117049297));
    int32_t factor = nn_add_wrapping(nn_add_wrapping(1057819769, q), nn_doubling_high_mul(square, 127690142));
    int32_t denominator =
        nn_add_wrapping(nn_doubling_high_mul(p, factor), nn_doubling_high_mul(q, 638450708));
    int32_t scaled =
        nn_doubling_high_mul(nn_divide_by_pot(numerator, 6), nn_inverse_of_one_plus(denominator));
    return nn_shift_saturating(nn_add_wrapping(nn_doubling_high_mul(power, 1488522236), scaled), 1);
}

#endif
