/* FastGRNN cells (Kusupati et al., NeurIPS 2018) in fixed point, two sequences at a time so that each
 * weight loaded serves both. Integer definition: mcu_vision/ops/rnn_pool.py. Vectors and matrices lie as
 * nn_rnn_dot.h says. */
#ifndef NN_RNN_H
#define NN_RNN_H

#include "nn.h"
#include "nn_dot.h"
#include "nn_math.h"
#include "nn_rnn_simple.h"

#define NN_RNN_ONE (1 << 14)
#define NN_RNN_TABLE_BITS 5
#define NN_RNN_TABLE_LAST 511

/* A cell unpacked into RAM. hidden and inputs are padded to multiples of 4 with zero weights.
 * w: sums start from the offset and half a unit of the result; if `high` they are scaled so that their high
 * half is the result, unsigned. u: behind each four units bias_z and bias_h of each; that of a simple cell is
 * in nn_rnn_simple.h. */
typedef struct {
    int32_t hidden, inputs, w_shift, u_shift, pre_bits, zeta, nu;
    const int16_t *w, *u, *sigmoid, *tanh;
    int is_simple, high;
    nn_rnn_project_code *project;
    nn_rnn_simple simple;
} nn_rnn;

/* The value of an element of a state, in Q14. */
static inline int32_t nn_rnn_value(const nn_rnn *c, int32_t state) {
    return c->is_simple ? -NN_RNN_ONE - state : state;
}

/* Two input products plus 2^15, from their sums. */
static inline uint32_t nn_rnn_round(const nn_rnn *c, int32_t low, int32_t high) {
    if (c->high)
        return nn_pack_high((uint32_t)low, (uint32_t)high);
    low = nn_saturate16(low >> c->w_shift), high = nn_saturate16(high >> c->w_shift);
    return nn_pack_low((uint32_t)low, (uint32_t)high) ^ NN_RNN_SIGNS;
}

/* Input products of two vectors plus 2^15, to out0 and out1 (`hidden` unsigned values each). */
static NN_NOINLINE void nn_rnn_project(const nn_rnn *c, const int16_t *x, int16_t *out0, int16_t *out1) {
    const int16_t *w = c->w, *end = w + c->hidden * (c->inputs + 2);
    if (c->project) {
        c->project(x, w, out0, out1);
        return;
    }
#if NN_RNN_ASSEMBLY
    if (c->inputs == 4 || c->inputs == 8 || c->inputs == 16) {
        if (c->high)
            (c->inputs == 4   ? nn_rnn_project4_high
             : c->inputs == 8 ? nn_rnn_project8_high
                              : nn_rnn_project16_high)(x, w, out0, out1, 0, end);
        else
            (c->inputs == 4   ? nn_rnn_project4
             : c->inputs == 8 ? nn_rnn_project8
                              : nn_rnn_project16)(x, w, out0, out1, c->w_shift, end);
        return;
    }
#endif
    for (; w != end; out0 += 4, out1 += 4) {
        nn_rnn_sums s;
        w = nn_rnn_dot(&s, x, w, c->inputs);
        for (int32_t k = 0; k < 4; k += 2) {
            nn_store32(out0 + k, nn_rnn_round(c, s.first[k], s.first[k + 1]));
            nn_store32(out1 + k, nn_rnn_round(c, s.second[k], s.second[k + 1]));
        }
    }
}

/* Linear interpolation in a table of 2^5 intervals for each unit of [-8, 8]; value has `bits` >= 5
 * fraction bits. */
static inline int32_t nn_rnn_interpolate(const int16_t *table, int32_t value, int32_t bits) {
    int32_t limit = 8 << bits, shift = bits - NN_RNN_TABLE_BITS;
    int32_t position = nn_clamp(value, -limit, limit) + limit;
    int32_t index = position >> shift;
    index = index > NN_RNN_TABLE_LAST ? NN_RNN_TABLE_LAST : index;
    int32_t rest = position - (index << shift), half = (1 << shift) >> 1;
    return table[index] + (((table[index + 1] - table[index]) * rest + half) >> shift);
}

/* The new state of one unit, from its pre-activation and its state before. */
static NN_NOINLINE int32_t nn_rnn_gate(const nn_rnn *c, int32_t pre, const int16_t *biases, int32_t h) {
    int32_t z = pre + biases[0], candidate = pre + biases[1];
    int32_t bits = c->pre_bits;
    if (c->sigmoid) {
        z = nn_rnn_interpolate(c->sigmoid, z, bits);
        candidate = nn_rnn_interpolate(c->tanh, candidate, bits);
    } else {
        z = nn_saturate_unit((z + (1 << bits)) * (1 << (13 - bits)));
        candidate = nn_saturate_signed_unit(candidate * (1 << (14 - bits)));
    }
    int32_t fresh = c->nu + ((c->zeta * (NN_RNN_ONE - z) + NN_RNN_ONE / 2) >> 14);
    fresh = fresh > 32767 ? 32767 : fresh;
    return nn_saturate16((z * h + fresh * candidate + NN_RNN_ONE / 2) >> 14);
}

/* One step of two sequences from states h to `next`. The first step has a state of zero. */
static NN_NOINLINE void nn_rnn_step_any(const nn_rnn *c, const int16_t *x0, const int16_t *x1,
                                        const int16_t *h, int16_t *next, int first) {
    const uint16_t *y0 = (const uint16_t *)x0, *y1 = (const uint16_t *)x1;
    int32_t half = 1 << (c->u_shift - 1), shift = c->u_shift;
    const int16_t *u = c->u;
    for (int32_t i = 0; i < c->hidden; i += 4, u += NN_RNN_TAIL) {
        nn_rnn_sums s = {{half, half, half, half}, {half, half, half, half}};
        u = first ? u + 8 + 4 * c->hidden : nn_rnn_dot(&s, h, u, c->hidden);
        for (int32_t k = 0; k < 4; k++) {
            const int32_t unit = i + k, at = 2 * unit - unit % 2;
            next[at] = (int16_t)nn_rnn_gate(c, y0[unit] - 32768 + (s.first[k] >> shift), u + 2 * k, h[at]);
            next[at + 2] =
                (int16_t)nn_rnn_gate(c, y1[unit] - 32768 + (s.second[k] >> shift), u + 2 * k, h[at + 2]);
        }
    }
}

/* The same as nn_rnn_simple_sweep, for cells that are not simple. */
static NN_NOINLINE void nn_rnn_sweep_any(const nn_rnn *c, const nn_rnn_inputs *in, int16_t *spare,
                                         int first) {
    size_t bytes = (size_t)(2 * c->hidden) * sizeof *spare;
    int16_t *state = in->state;
    for (int32_t k = 0; k < in->count; k += 2, state += 2 * c->hidden) {
        const int16_t *x0 = in->x + k * in->apart, *x1 = x0 + in->apart;
        if (first)
            memset(state, 0, bytes);
        for (int32_t t = 0; t < in->steps; t++, x0 += in->step0, x1 += in->step1) {
            memcpy(spare, state, bytes);
            nn_rnn_step_any(c, x0, x1, spare, state, first && t == 0);
        }
    }
}

static inline void nn_rnn_sweep_pairs(const nn_rnn *c, const nn_rnn_inputs *in, int16_t *spare, int first) {
    if (c->is_simple)
        c->simple.sweep(&c->simple, in, spare, first);
    else
        nn_rnn_sweep_any(c, in, spare, first);
}

/* Takes the sequences with an even number before the last one, and that twice: its state needs two places. */
static NN_NOINLINE void nn_rnn_sweep_odd(const nn_rnn *c, const nn_rnn_inputs *in, int16_t *spare,
                                         int first) {
    nn_rnn_inputs part = *in;
    part.count--;
    if (part.count > 0)
        nn_rnn_sweep_pairs(c, &part, spare, first);
    part.x += part.count * in->apart, part.state += part.count * c->hidden;
    part.apart = 0, part.count = 2;
    nn_rnn_sweep_pairs(c, &part, spare, first);
}

/* Takes any number of sequences through the states. */
static inline void nn_rnn_sweep(const nn_rnn *c, const nn_rnn_inputs *in, int16_t *spare, int first) {
    if (in->count & 1)
        nn_rnn_sweep_odd(c, in, spare, first);
    else
        nn_rnn_sweep_pairs(c, in, spare, first);
}

#endif
