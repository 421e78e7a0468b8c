#include "nn.h"
#include "nn_short_sum.h"

static void requantize_exactly(const nn_requant *p, const int8_t *row, int8_t *out) {
    nn_requant local = *p;
    for (int32_t i = 0; i < local.count; i++) {
        int32_t value = nn_requantize(row[i] - local.in_zero, local.multiplier, local.shift) + local.out_zero;
        out[i] = (int8_t)nn_saturate8(value);
    }
}

void nn_requantize_s8(const nn_requant *p, const int8_t *row, int8_t *out) {
    if (p->short_sum.a_factor)
        nn_short_sum_one(&p->short_sum, p->count, row, out);
    else
        requantize_exactly(p, row, out);
    nn_clamp_row(out, p->count, p->out_min, p->out_max);
}
