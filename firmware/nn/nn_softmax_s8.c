#include "nn.h"
#include "nn_math.h"

static int32_t largest(const int8_t *row, int32_t count) {
    int32_t best = row[0];
    for (int32_t i = 1; i < count; i++)
        best = row[i] > best ? row[i] : best;
    return best;
}

/* (512 * e + sum) / (2 * sum), at most 256, bit by bit: the core has no 64-bit division. */
static int32_t probability(uint64_t e, uint64_t sum) {
    uint64_t rest = e * 512 + sum, unit = sum << 9;
    int32_t quotient = 0;
    for (int32_t i = 0; i < 9; i++) {
        quotient <<= 1;
        if (rest >= unit) {
            rest -= unit;
            quotient |= 1;
        }
        unit >>= 1;
    }
    return quotient;
}

void nn_softmax_s8(const nn_softmax *p, const int8_t *row, int8_t *out) {
    for (int32_t x = 0; x < p->width; x++) {
        int32_t best = largest(row, p->channels);
        uint64_t sum = 0;
        for (int32_t i = 0; i < p->channels; i++)
            sum += (uint32_t)p->exp_table[best - row[i]];
        for (int32_t i = 0; i < p->channels; i++) {
            int32_t value = probability((uint32_t)p->exp_table[best - row[i]], sum);
            out[i] = (int8_t)(value > 255 ? 127 : value - 128);
        }
        row += p->channels;
        out += p->channels;
    }
}
