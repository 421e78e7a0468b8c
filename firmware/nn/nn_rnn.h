/* FastGRNN cells (Kusupati et al., NeurIPS 2018) in fixed point, two sequences at a time so that each
 * weight loaded serves both. Integer definition: mcu_vision/ops/rnn_pool.py. Vectors of the two sequences
 * lie in turn: a word (two elements) of the first, a word of the second. */
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
 * w: for each pair of units two offsets with half a unit of the result (32 bits), then a word of each in
 * turn. u: for each pair of units two words not read, a word of each in turn, then bias_z, bias_h, bias_z,
 * bias_h; those of a simple cell as in nn_rnn_simple.h. */
typedef struct {
    int32_t hidden, inputs, w_shift, u_shift, pre_bits, zeta, nu;
    const int16_t *w, *u, *sigmoid, *tanh;
    int is_simple;
    nn_rnn_simple simple;
} nn_rnn;

/* The value of an element of a state, in Q14. */
static inline int32_t nn_rnn_value(const nn_rnn *c, int32_t state) {
    return c->is_simple ? -NN_RNN_ONE - state : state;
}

static inline uint32_t nn_rnn_saturate(int32_t low, int32_t high, int32_t shift) {
    uint32_t lanes =
        nn_pack_low((uint32_t)nn_saturate16(low >> shift), (uint32_t)nn_saturate16(high >> shift));
    return lanes ^ NN_RNN_SIGNS;
}

/* Input products of two vectors plus 2^15, to out0 and out1 (`hidden` unsigned values each). */
static NN_NOINLINE void nn_rnn_project(const nn_rnn *c, const int16_t *x, int16_t *out0, int16_t *out1) {
    const int16_t *w = c->w, *end = w + c->hidden * (c->inputs + 2);
#if NN_ASSEMBLY
    if (c->w_shift >= 16 && (c->inputs == 8 || c->inputs == 16)) {
        (c->inputs == 8 ? nn_rnn_project8_far : nn_rnn_project16_far)(x, w, out0, out1,
                                                                      1u << (32 - c->w_shift), end);
        return;
    }
    if (c->inputs == 4 || c->inputs == 8 || c->inputs == 16) {
        (c->inputs == 4   ? nn_rnn_project4
         : c->inputs == 8 ? nn_rnn_project8
                          : nn_rnn_project16)(x, w, out0, out1, (uint32_t)c->w_shift, end);
        return;
    }
#endif
    for (; w != end; out0 += 2, out1 += 2) {
        int32_t offset0 = (int32_t)nn_load32(w), offset1 = (int32_t)nn_load32(w + 2);
        nn_sums s = {offset0, offset1, offset0, offset1};
        w = nn_dot_pairs(&s, x, w + 4, c->inputs);
        nn_store32(out0, nn_rnn_saturate(s.p0c0, s.p0c1, c->w_shift));
        nn_store32(out1, nn_rnn_saturate(s.p1c0, s.p1c1, c->w_shift));
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
    int32_t hidden = c->hidden, half = 1 << (c->u_shift - 1), shift = c->u_shift;
    const uint16_t *y0 = (const uint16_t *)x0, *y1 = (const uint16_t *)x1;
    const int16_t *u = c->u;
    for (int32_t i = 0; i < 2 * hidden; i += 4, y0 += 2, y1 += 2, u += NN_RNN_TAIL) {
        nn_sums s = {half, half, half, half};
        u = first ? u + 4 + 2 * hidden : nn_dot_pairs(&s, h, u + 4, hidden);
        next[i] = (int16_t)nn_rnn_gate(c, y0[0] - 32768 + (s.p0c0 >> shift), u, h[i]);
        next[i + 1] = (int16_t)nn_rnn_gate(c, y0[1] - 32768 + (s.p0c1 >> shift), u + 2, h[i + 1]);
        next[i + 2] = (int16_t)nn_rnn_gate(c, y1[0] - 32768 + (s.p1c0 >> shift), u, h[i + 2]);
        next[i + 3] = (int16_t)nn_rnn_gate(c, y1[1] - 32768 + (s.p1c1 >> shift), u + 2, h[i + 3]);
    }
}

/* The same as nn_rnn_simple_sweep, for any cell. */
static inline void nn_rnn_sweep(const nn_rnn *c, const nn_rnn_inputs *in, int16_t *states, int first) {
    if (c->is_simple) {
        c->simple.sweep(&c->simple, in, states, first);
        return;
    }
    size_t bytes = (size_t)(2 * c->hidden) * sizeof *states;
    int16_t *next = states + 2 * c->hidden;
    const int16_t *x0 = in->x0, *x1 = in->x1;
    if (first)
        memset(states, 0, bytes);
    else
        memcpy(states, in->state, bytes);
    for (int32_t t = 0; t < in->steps; t++, x0 += in->step0, x1 += in->step1) {
        nn_rnn_step_any(c, x0, x1, states, next, first && t == 0);
        memcpy(states, next, bytes);
    }
    if (in->state)
        memcpy(in->state, states, bytes);
}

#endif
