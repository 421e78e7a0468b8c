#include "nn.h"
#include "nn_math.h"

static int32_t shift_saturating(int32_t value, int32_t bits) {
    int64_t wide = (int64_t)value * (1 << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* 1 / sqrt(value) = multiplier * 2^(shift - 31), by five Newton-Raphson steps in Q3.28. Source:
 * TensorFlow Lite, GetInvSqrtQuantizedMultiplierExp of its reference kernels. */
static int32_t inverse_sqrt(int32_t value, int32_t *multiplier) {
    if (value <= 1) {
        *multiplier = INT32_MAX;
        return 0;
    }
    int32_t reverse_shift = 11;
    for (; value >= 1 << 29; value /= 4)
        reverse_shift++;
    int32_t pairs = 0;
    for (; value < 1 << 27; value *= 4)
        pairs++;
    reverse_shift -= pairs;
    const int32_t three_halves = (1 << 28) + (1 << 27), half_sqrt2 = 1518500250;
    int32_t half_input = nn_divide_by_pot(value >> 1, 1), x = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        int32_t cube = shift_saturating(nn_doubling_high_mul(nn_doubling_high_mul(x, x), x), 6);
        int32_t step = nn_doubling_high_mul(three_halves, x) - nn_doubling_high_mul(half_input, cube);
        x = shift_saturating(step, 3);
    }
    x = nn_doubling_high_mul(x, half_sqrt2);
    *multiplier = reverse_shift < 0 ? nn_shift_left(x, -reverse_shift) : x;
    return reverse_shift < 0 ? 0 : -reverse_shift;
}

void nn_l2_normalize_s8(const nn_l2_normalize *p, const int8_t *row, int8_t *out) {
    for (int32_t x = 0; x < p->width; x++) {
        int32_t sum = 0, multiplier;
        for (int32_t i = 0; i < p->channels; i++)
            sum += (row[i] - p->in_zero) * (row[i] - p->in_zero);
        int32_t shift = inverse_sqrt(sum, &multiplier) + p->out_bits;
        for (int32_t i = 0; i < p->channels; i++)
            out[i] = (int8_t)nn_saturate8(nn_requantize(row[i] - p->in_zero, multiplier, shift));
        row += p->channels;
        out += p->channels;
    }
}
