/* Arrays through the arithmetic of nn_math.h, for test_math.py. */
#include "nn_math.h"

#include "nn.h"

void probe_requantize(const nn_copy *p, const int32_t *acc, const int32_t *multiplier, const int32_t *shift,
                      int32_t *out);
void probe_output(const nn_requant *p, const int32_t *acc, int8_t *out);
void probe_output_scaled(const nn_requant *p, const int32_t *acc, int8_t *out);
void probe_clamp(const nn_requant *p, int8_t *row);

void probe_requantize(const nn_copy *p, const int32_t *acc, const int32_t *multiplier, const int32_t *shift,
                      int32_t *out) {
    for (int32_t i = 0; i < p->count; i++)
        out[i] = nn_requantize(acc[i], multiplier[i], shift[i]);
}

void probe_output(const nn_requant *p, const int32_t *acc, int8_t *out) {
    nn_scale scale = nn_make_scale(p->multiplier, p->shift, p->out_zero);
    for (int32_t i = 0; i < p->count; i++)
        out[i] = (int8_t)(nn_scale_is_fast(p->shift) ? nn_output_fast(&scale, acc[i])
                                                     : nn_output_any(&scale, acc[i]));
}

/* in_zero: bits. out_min: whether ties matter. */
void probe_output_scaled(const nn_requant *p, const int32_t *acc, int8_t *out) {
    int32_t bits = p->in_zero, ties = p->out_min ? 1 << (bits - 1) : 0;
    nn_output output = nn_make_output(p->multiplier, p->shift, p->out_zero, bits);
    for (int32_t i = 0; i < p->count; i++)
        out[i] = (int8_t)nn_output_scaled(&output, acc[i] * (1 << bits), ties);
}

void probe_clamp(const nn_requant *p, int8_t *row) { nn_clamp_row(row, p->count, p->out_min, p->out_max); }
