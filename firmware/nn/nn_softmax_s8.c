#include "nn.h"
#include "nn_math.h"

static int32_t largest(const int8_t *row, int32_t count) {
    int32_t best = row[0];
    for (int32_t i = 1; i < count; i++)
        best = row[i] > best ? row[i] : best;
    return best;
}

void nn_softmax_s8(const nn_softmax *p, const int8_t *row, int8_t *out) {
    for (int32_t x = 0; x < p->width; x++) {
        int32_t best = largest(row, p->channels);
        uint64_t sum = 0;
        for (int32_t i = 0; i < p->channels; i++)
            sum += (uint32_t)p->exp_table[best - row[i]];
        for (int32_t i = 0; i < p->channels; i++) {
            uint64_t e = (uint32_t)p->exp_table[best - row[i]];
            uint64_t value = (e * 512 + sum) / (2 * sum);
            out[i] = (int8_t)((value > 255 ? 255 : (int32_t)value) - 128);
        }
        row += p->channels;
        out += p->channels;
    }
}
