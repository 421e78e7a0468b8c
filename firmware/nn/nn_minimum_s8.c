#include "nn.h"

void nn_minimum_s8(const nn_extremum *p, const int8_t *a, const int8_t *b, int8_t *out) {
    for (int32_t i = 0, count = p->count; i < count; i++)
        out[i] = a[i] < b[i] ? a[i] : b[i];
}
