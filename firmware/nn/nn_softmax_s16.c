#include "nn.h"
#include "nn_int16.h"

/* exp(value - largest) in Q0.15. */
static int32_t exponential(const nn_softmax_wide *p, int32_t below) {
    int32_t scaled = nn_requantize(below, p->multiplier, p->shift) + 32767;
    return nn_interpolate(p->exponentials, nn_saturate16(scaled));
}

static int32_t leading_zeros(int32_t value) {
    int32_t zeros = 0;
    for (; zeros < 32 && value >= 0 && value < (1 << 30); zeros++)
        value = nn_shift_left(value, 1);
    return zeros + (value >= 0);
}

void nn_softmax_s16(const nn_softmax_wide *p, const int8_t *row, int16_t *out) {
    const int16_t *values = nn_int16_row(row);
    const int32_t channels = p->channels;
    for (int32_t x = 0; x < p->width; x++, values += channels, out += channels) {
        int32_t largest = values[0], sum = 0;
        for (int32_t i = 1; i < channels; i++)
            largest = values[i] > largest ? values[i] : largest;
        for (int32_t i = 0; i < channels; i++)
            sum += exponential(p, values[i] - largest);
        int32_t zeros = leading_zeros(sum), right = 31 - zeros;
        int32_t shifted = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
        int32_t inverse = nn_interpolate(p->inverses, nn_saturate16(shifted - (1 << 15) - (1 << 16)));
        for (int32_t i = 0; i < channels; i++) {
            int64_t product = (int64_t)exponential(p, values[i] - largest) * inverse;
            int32_t result = (int32_t)((product + ((int64_t)1 << (right - 1))) >> right);
            out[i] = (int16_t)nn_clamp(result, 0, 32767);
        }
    }
}
