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
    for (; count >= 4; count -= 4, row += 4) {
        uint32_t bytes = nn_load32(row);
        uint32_t even = nn_sub16(nn_sxtb16(bytes), zeros), odd = nn_sub16(nn_sxtb16_odd(bytes), zeros);
        sum = nn_smlad(odd, odd, nn_smlad(even, even, sum));
    }
    for (; count > 0; count--, row++)
        sum += (*row - zero) * (*row - zero);
    return sum;
}

/* nn_requantize and saturation where values less the zero point, times 2^left, fit int16: products of these
 * lanes, high words, have 22 bits of fraction. Both halves are added at once, and a unit of the first
 * rounding less where ties go down; with shifts to the left there is one rounding, and unit is 0. */
typedef struct {
    int32_t multiplier, halves, unit, left;
    uint32_t zeros, mask; /* mask: without what a lane shifts into the next */
} scaling;

static scaling make_scaling(int32_t multiplier, int32_t shift, int32_t zero) {
    const int32_t spare = __builtin_clz((uint32_t)multiplier) - 1;
    scaling s = {.multiplier = multiplier << spare, .halves = 1 << 21, .left = 7 + shift - spare};
    if (shift < 0 && shift >= -22)
        s.unit = 1 << (22 + shift), s.halves += s.unit >> 1;
    s.zeros = nn_pack_low((uint32_t)zero, (uint32_t)zero);
    s.mask = ~((uint32_t)((1 << (s.left & 15)) - 1) << 16);
    return s;
}

/* Whether it holds for all values whose squares add up to `squares`. */
static int fits(const scaling *s, int32_t squares) {
    return s->left >= 0 && (s->left <= 7 || (s->left <= 14 && squares < 1 << (30 - 2 * s->left)));
}

static inline uint32_t raised(const scaling *s, uint32_t lanes) {
    return nn_sub16(lanes, s->zeros) << s->left & s->mask;
}

static inline int8_t scaled_lane0(const scaling *s, uint32_t lanes) {
    int32_t sign = (int32_t)(lanes << 16) >> 31;
    return (int8_t)nn_saturate8_asr22(nn_smlaw_lane0(s->multiplier, lanes, s->halves) - (sign & s->unit));
}

static inline int8_t scaled_lane1(const scaling *s, uint32_t lanes) {
    int32_t sign = (int32_t)lanes >> 31;
    return (int8_t)nn_saturate8_asr22(nn_smlaw_lane1(s->multiplier, lanes, s->halves) - (sign & s->unit));
}

static NN_NOINLINE void scale(const scaling *p, const int8_t *row, int8_t *out, int32_t count) {
    const scaling s = *p;
    for (; count >= 4; count -= 4, row += 4, out += 4) {
        uint32_t bytes = nn_load32(row);
        uint32_t even = raised(&s, nn_sxtb16(bytes)), odd = raised(&s, nn_sxtb16_odd(bytes));
        out[0] = scaled_lane0(&s, even);
        out[1] = scaled_lane0(&s, odd);
        out[2] = scaled_lane1(&s, even);
        out[3] = scaled_lane1(&s, odd);
    }
    for (; count > 0; count--)
        *out++ = scaled_lane0(&s, raised(&s, (uint32_t)*row++ & 0xFFFF));
}

void nn_l2_normalize_s8(const nn_l2_normalize *p, const int8_t *row, int8_t *out) {
    const int32_t channels = p->channels, zero = p->in_zero;
    for (int32_t x = 0; x < p->width; x++, row += channels, out += channels) {
        const int32_t squares = sum_of_squares(row, channels, zero);
        int32_t multiplier, shift = inverse_sqrt(squares, &multiplier) + p->out_bits;
        const scaling s = make_scaling(multiplier, shift, zero);
        if (fits(&s, squares)) {
            scale(&s, row, out, channels);
            continue;
        }
        for (int32_t i = 0; i < channels; i++)
            out[i] = (int8_t)nn_saturate8(nn_requantize(row[i] - zero, multiplier, shift));
    }
}
