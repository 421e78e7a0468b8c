#include "nn.h"
#include "nn_int16.h"

/* The sigmoid of |value| / 2^bits / 24 in `bits` more bits than the table's 16, linear between entries. */
static int32_t sigmoid(const int32_t *table, int32_t value, int32_t bits, int32_t largest) {
    int32_t magnitude = value < 0 ? -value : value, index = magnitude >> bits;
    if (index >= 255)
        return largest;
    int32_t rest = magnitude - (index << bits);
    return (table[index] << bits) + rest * (table[index + 1] - table[index]);
}

void nn_gate_s16(const nn_gate *p, const int8_t *row, int16_t *out) {
    const int16_t *values = nn_int16_row(row);
    const int32_t half = p->shift > 0 ? 1 << (p->shift - 1) : 0;
    for (int32_t i = 0; i < p->count; i++) {
        int32_t value = (values[i] * p->multiplier + half) >> p->shift;
        if (p->hyperbolic) {
            int32_t result = sigmoid(p->table, value, 8, 0xFFFF << 8) - (1 << 23);
            out[i] = (int16_t)(value >= 0 ? (result + 128) >> 8 : (127 - result) >> 8);
        } else {
            int32_t result = sigmoid(p->table, value, 9, 0x7FFF << 10);
            out[i] = (int16_t)(value >= 0 ? (result + 512) >> 10 : ((1 << 25) - result + 511) >> 10);
        }
    }
}
