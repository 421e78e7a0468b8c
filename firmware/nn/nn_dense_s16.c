#include "nn.h"
#include "nn_int16.h"

void nn_dense_s16(const nn_conv *p, const int8_t *in, int16_t *out) {
    const int16_t *vector = nn_int16_row(in);
    for (int32_t x = 0; x < p->out_w; x++, vector += p->in_c) {
        const int8_t *weights = p->weights;
        for (int32_t o = 0; o < p->out_c; o++) {
            int64_t acc = p->bias[o];
            for (int32_t i = 0; i < p->in_c; i++)
                acc += vector[i] * *weights++;
            int32_t value = nn_requantize_once_wide(acc, p->multiplier[o], p->shift[o]);
            *out++ = (int16_t)nn_clamp(value, p->out_min, p->out_max);
        }
    }
}
