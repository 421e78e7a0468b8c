#include "nn.h"

static int32_t find(const int8_t *values, int32_t count, int32_t sign) {
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (sign * values[i] > sign * values[best])
            best = i;
    return best;
}

void nn_arg_extremum_s8(const nn_arg_extremum *p, const int8_t *in, int32_t *out, int32_t step) {
    in += step * p->width * p->channels;
    for (int32_t i = 0; i < p->width; i++)
        out[i] = find(in + i * p->channels, p->channels, p->smallest ? -1 : 1);
}
