#include "nn.h"
#include "nn_int16.h"

void nn_requantize_s16(const nn_requant *p, const int8_t *row, int16_t *out) {
    const int16_t *values = nn_int16_row(row);
    for (int32_t i = 0; i < p->count; i++) {
        int32_t value = nn_requantize(values[i], p->multiplier, p->shift);
        out[i] = (int16_t)nn_clamp(value, p->out_min, p->out_max);
    }
}
