#include "nn.h"
#include "nn_math.h"

/* nn_doubling_high_mul for |a| < 2^30. */
static inline int32_t high_mul(int32_t a, int32_t b) { return nn_smmulr(a * 2, b); }

/* 1 / sqrt(value) = multiplier * 2^(shift - 31), by five Newton-Raphson steps in Q3.28, which rise from 1 to
 * at most 2; only the cube can saturate. Source: TensorFlow Lite, GetInvSqrtQuantizedMultiplierExp of its
 * reference kernels. */
static int32_t inverse_sqrt(int32_t value, int32_t *multiplier) {
    if (value <= 1) {
        *multiplier = INT32_MAX;
        return 0;
    }
    int32_t reverse_shift = 11;
    for (; value >= 1 << 29; value /= 4)
        reverse_shift++;
    const int32_t fours = (__builtin_clz((uint32_t)value) - 3) / 2; /* to 2^27 or more */
    value <<= 2 * fours, reverse_shift -= fours;
    const int32_t three_halves = (1 << 28) + (1 << 27), half_sqrt2 = 1518500250;
    int32_t half_input = nn_divide_by_pot(value >> 1, 1), x = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        int32_t cube = high_mul(high_mul(x, x), x);
        cube = cube >= 1 << 25 ? INT32_MAX : cube * 64;
        x = (high_mul(three_halves, x) - high_mul(half_input, cube)) * 8;
    }
    x = high_mul(x, half_sqrt2);
    *multiplier = reverse_shift < 0 ? nn_shift_left(x, -reverse_shift) : x;
    return reverse_shift < 0 ? 0 : -reverse_shift;
}

/* The sum of squares of values less the zero point. */
static int32_t sum_of_squares(const int8_t *row, int32_t count, int32_t zero) {
    const uint32_t zeros = nn_pack_low((uint32_t)zero, (uint32_t)zero);
    int32_t sum = 0;
#pragma GCC unroll 4
    for (; count >= 4; count -= 4, row += 4) {
        uint32_t bytes = nn_load32(row);
        uint32_t even = nn_sub16(nn_sxtb16(bytes), zeros), odd = nn_sub16(nn_sxtb16_odd(bytes), zeros);
        sum = nn_smlad(odd, odd, nn_smlad(even, even, sum));
    }
    for (; count > 0; count--, row++)
        sum += (*row - zero) * (*row - zero);
    return sum;
}

/* nn_requantize and saturation for right shifts 1..21, with 22 bits of fraction: both halves are added at
 * once, and a unit of the first rounding less where ties go down. */
static NN_NOINLINE void scale_right(const int8_t *row, int8_t *out, int32_t count, int32_t zero,
                                    int32_t multiplier, int32_t right) {
    const int32_t unit = 1 << (22 - right), halves = (1 << 21) + (unit >> 1), left = 23 - right;
    for (const int8_t *end = row + count; row != end; row++) {
        int32_t value = nn_shift_left(*row - zero, left);
        *out++ = (int8_t)nn_saturate8_asr22(nn_smmla(value, multiplier, halves) - ((value >> 31) & unit));
    }
}

/* Four values at a time; sums start from half a unit of the result, which is 2^right. */
static inline uint32_t scale_four(uint32_t bytes, uint32_t zeros, int32_t multiplier, int32_t half,
                                  int32_t right) {
    uint32_t even = nn_sub16(nn_sxtb16(bytes), zeros), odd = nn_sub16(nn_sxtb16_odd(bytes), zeros);
    int32_t a = nn_saturate8(nn_smlaw_lane0(multiplier, even, half) >> right);
    int32_t b = nn_saturate8(nn_smlaw_lane0(multiplier, odd, half) >> right);
    int32_t c = nn_saturate8(nn_smlaw_lane1(multiplier, even, half) >> right);
    int32_t d = nn_saturate8(nn_smlaw_lane1(multiplier, odd, half) >> right);
    uint32_t low = nn_pack_low((uint32_t)a, (uint32_t)c), high = nn_pack_low((uint32_t)b, (uint32_t)d);
    return (low & 0x00FF00FFu) | (high << 8 & 0xFF00FF00u);
}

/* Four values at a time that are high halves of sums, and fit 16 bits before they saturate; doubled: how
 * often values are doubled first. */
static inline uint32_t scale_four_high(uint32_t bytes, uint32_t zeros, int32_t multiplier, int32_t doubled) {
    uint32_t even = nn_sub16(nn_sxtb16(bytes), zeros), odd = nn_sub16(nn_sxtb16_odd(bytes), zeros);
    for (; doubled > 0; doubled--)
        even = nn_add16(even, even), odd = nn_add16(odd, odd);
    const int32_t half = 1 << 15;
    even = nn_pack_high((uint32_t)nn_smlaw_lane0(multiplier, even, half),
                        (uint32_t)nn_smlaw_lane1(multiplier, even, half));
    odd = nn_pack_high((uint32_t)nn_smlaw_lane0(multiplier, odd, half),
                       (uint32_t)nn_smlaw_lane1(multiplier, odd, half));
    return nn_saturate_bytes(even, odd);
}

/* The same as scale_left, for up to 4 bits in all, of which the multiplier has room for 2. */
static NN_NOINLINE void scale_high(const int8_t *row, int8_t *out, int32_t count, int32_t zero,
                                   int32_t multiplier, int32_t bits) {
    const uint32_t zeros = nn_pack_low((uint32_t)zero, (uint32_t)zero);
    const int32_t first = bits < 2 ? bits : 2;
    multiplier <<= first, bits -= first;
    const int8_t *end = row + count;
#define NN_L2_ROWS(doubled)                                                                                  \
    for (; row != end; row += 4, out += 4)                                                                   \
    nn_store32(out, scale_four_high(nn_load32(row), zeros, multiplier, doubled))
    if (bits == 0)
        NN_L2_ROWS(0);
    else if (bits == 1)
        NN_L2_ROWS(1);
    else
        NN_L2_ROWS(2);
}

/* The same for left shifts 0..21, which round once. Up to 14 the lowest 16 bits of a product do not count. */
static NN_NOINLINE void scale_left(const int8_t *row, int8_t *out, int32_t count, int32_t zero,
                                   int32_t multiplier, int32_t left) {
    if (left <= 14) {
        const uint32_t zeros = nn_pack_low((uint32_t)zero, (uint32_t)zero);
        const int32_t half = 1 << (14 - left), right = 15 - left;
        for (; count >= 4; count -= 4, row += 4, out += 4)
            nn_store32(out, scale_four(nn_load32(row), zeros, multiplier, half, right));
    }
    for (const int8_t *end = row + count; row != end; row++)
        *out++ = (int8_t)nn_saturate8(nn_smmulr(nn_shift_left(*row - zero, left + 1), multiplier));
}

void nn_l2_normalize_s8(const nn_l2_normalize *p, const int8_t *row, int8_t *out) {
    const int32_t channels = p->channels, zero = p->in_zero;
    for (int32_t x = 0; x < p->width; x++, row += channels, out += channels) {
        int32_t multiplier,
            shift = inverse_sqrt(sum_of_squares(row, channels, zero), &multiplier) + p->out_bits;
        if (shift >= -21 && shift <= -1)
            scale_right(row, out, channels, zero, multiplier, -shift);
        else if (shift >= 0 && shift <= 3 && multiplier < 1 << 29 && channels % 4 == 0)
            scale_high(row, out, channels, zero, multiplier, shift + 1);
        else if (shift >= 0 && shift <= 21)
            scale_left(row, out, channels, zero, multiplier, shift);
        else
            for (int32_t i = 0; i < channels; i++)
                out[i] = (int8_t)nn_saturate8(nn_requantize(row[i] - zero, multiplier, shift));
    }
}
