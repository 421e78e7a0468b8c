#include "nn.h"

static int32_t largest(const int8_t *row, int32_t count) {
    int32_t best = row[0];
    for (int32_t i = 1; i < count; i++)
        best = row[i] > best ? row[i] : best;
    return best;
}

/* No product is added to anything, so that no compiler can fuse the two and round but once. */
void nn_softmax_s8(const nn_softmax *p, const int8_t *row, int8_t *out) {
    for (int32_t x = 0; x < p->width; x++) {
        int32_t best = largest(row, p->channels);
        float sum = 0.0f;
        for (int32_t i = 0; i < p->channels; i++)
            sum += p->exp_table[best - row[i]];
        const float factor = 256.0f / sum;
        for (int32_t i = 0; i < p->channels; i++) {
            int32_t doubled = (int32_t)(2.0f * (p->exp_table[best - row[i]] * factor));
            int32_t value = (doubled + 1) >> 1;
            out[i] = (int8_t)(value > 255 ? 127 : value - 128);
        }
        row += p->channels;
        out += p->channels;
    }
}
