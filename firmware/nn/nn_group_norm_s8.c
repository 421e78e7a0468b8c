#include "nn.h"
#include "nn_math.h"

/* The integer part of the square root of a value below 2^62, bit by bit. */
static uint32_t square_root(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 60; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* value / divisor, below 2^32; not the operator, which would be a call of the compiler's library. */
static uint32_t divide(uint64_t value, uint32_t divisor) {
    uint32_t quotient = 0;
    for (int32_t bit = 31; bit >= 0; bit--)
        if (value >= (uint64_t)divisor << bit) {
            value -= (uint64_t)divisor << bit;
            quotient |= 1u << bit;
        }
    return quotient;
}

/* 1 / sqrt(value) = *multiplier * 2^(result - 31), for 0 < value < 2^62. */
static int32_t inverse_sqrt(uint64_t value, int32_t *multiplier) {
    int32_t doublings = 0;
    for (; value >> 60 == 0; value <<= 2)
        doublings++;
    *multiplier = (int32_t)divide(((uint64_t)1 << 61) - 1, square_root(value));
    return doublings - 30;
}

/* Sum of the values of a group, and its variance as the operator's definition has it. */
static uint64_t measure(const nn_group_norm *p, const int8_t *in, int32_t *sum) {
    int32_t size = p->channels / p->groups, pixels = p->height * p->width;
    int64_t squares = 0, total = 0;
    for (int32_t i = 0; i < pixels; i++, in += p->channels) {
        int32_t sum_of_pixel = 0, squares_of_pixel = 0;
        for (int32_t c = 0; c < size; c++) {
            int32_t value = in[c] - p->in_zero;
            sum_of_pixel += value;
            squares_of_pixel += value * value;
        }
        total += sum_of_pixel;
        squares += squares_of_pixel;
    }
    *sum = (int32_t)total;
    int64_t epsilon = ((int64_t)p->epsilon_high << 31) + p->epsilon_low;
    return (uint64_t)((int64_t)pixels * size * squares - total * total + epsilon);
}

/* Sum, multiplier and shift of each channel. */
static void prepare(const nn_group_norm *p, const int8_t *in, int32_t *state) {
    int32_t size = p->channels / p->groups;
    for (int32_t first = 0; first < p->channels; first += size) {
        int32_t sum, inverse, shift = inverse_sqrt(measure(p, in + first, &sum), &inverse);
        for (int32_t c = first; c < first + size; c++) {
            int32_t total = p->shift[c] + shift;
            *state++ = sum;
            *state++ = total < -31 ? 0 : nn_doubling_high_mul(p->multiplier[c], inverse);
            *state++ = nn_clamp(total, -31, 30);
        }
    }
}

void nn_group_norm_s8(const nn_group_norm *p, const int8_t *in, int8_t *out, int32_t *state, int32_t step) {
    int32_t count = p->height * p->width * (p->channels / p->groups);
    if (step == 0)
        prepare(p, in, state);
    in += step * p->width * p->channels;
    for (int32_t x = 0; x < p->width; x++) {
        const int32_t *channel = state;
        for (int32_t c = 0; c < p->channels; c++, channel += 3) {
            int32_t centred = count * (*in++ - p->in_zero) - channel[0];
            int32_t scaled = nn_requantize(centred, channel[1], channel[2]) + p->offset[c];
            *out++ = (int8_t)nn_clamp(scaled, p->out_min, p->out_max);
        }
    }
}
