#include "nn.h"
#include "nn_int16.h"

void nn_minimum_s16(const nn_extremum *p, const int8_t *a, const int8_t *b, int16_t *out) {
    const int16_t *left = nn_int16_row(a), *right = nn_int16_row(b);
    for (int32_t i = 0, count = p->count; i < count; i++)
        out[i] = left[i] < right[i] ? left[i] : right[i];
}
