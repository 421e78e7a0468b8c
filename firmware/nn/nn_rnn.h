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
 * turn. u: for each pair of units a word of each in turn, then bias_z, bias_h, bias_z, bias_h (32 bits);
 * those of a simple cell as in nn_rnn_simple.h. */
typedef struct {
    int32_t hidden, inputs, w_shift, u_shift, pre_bits, zeta, nu;
    const int16_t *w, *u, *sigmoid, *tanh;
    int simple; /* nn_rnn_is_simple and no tables */
} nn_rnn;

static inline void nn_rnn_unpack_row(int16_t *to, const int16_t *from, int32_t n, int32_t padded) {
    for (int32_t k = 0; k < padded; k += 2, to += 4) {
        to[0] = from && k < n ? from[k] : 0;
        to[1] = from && k + 1 < n ? from[k + 1] : 0;
    }
}

static inline void nn_rnn_unpack_biases(int16_t *to, const nn_rnn *c, const nn_rnn_cell *p, int32_t unit,
                                        int32_t lane) {
    if (c->simple) {
        nn_rnn_simple_unpack(to, lane, p->bias_z[unit], p->bias_h[unit], p->pre_bits, p->u_shift);
    } else {
        nn_store32(to + 4 * lane, (uint32_t)p->bias_z[unit]);
        nn_store32(to + 4 * lane + 2, (uint32_t)p->bias_h[unit]);
    }
}

static inline uint32_t nn_magnitude(int32_t value) { return (uint32_t)(value < 0 ? -value : value); }

/* Whether a cell with piecewise-linear gates keeps to the bounds of nn_rnn_simple.h. */
static inline int nn_rnn_is_simple(const nn_rnn_cell *p) {
    int32_t most = 32767 - (1 << p->pre_bits);
    int simple = p->zeta == NN_RNN_ONE && p->nu == 0 && p->u_shift > 1;
    for (int32_t i = 0; i < p->hidden; i++) {
        uint32_t sum = 0;
        for (int32_t k = 0; k < p->hidden; k++)
            sum += nn_magnitude(p->u[i * p->hidden + k]);
        simple = simple && sum <= NN_RNN_SIMPLE_ROW && (sum << 14) >> p->u_shift < 32767;
        simple = simple && nn_clamp(p->bias_z[i], -most, most) == p->bias_z[i];
        simple = simple && nn_clamp(p->bias_h[i], -most, most) == p->bias_h[i];
    }
    return simple;
}

/* Unpacks a cell at `to` and moves `to` behind it: hidden * (inputs + hidden + 6) int16. */
static inline nn_rnn nn_rnn_unpack(const nn_rnn_cell *p, const int16_t *sigmoid, const int16_t *tanh,
                                   int16_t **to) {
    nn_rnn c = {.hidden = nn_quad(p->hidden), .inputs = nn_quad(p->inputs), .w_shift = p->w_shift};
    c.u_shift = p->u_shift, c.pre_bits = p->pre_bits, c.zeta = p->zeta, c.nu = p->nu;
    c.sigmoid = sigmoid, c.tanh = tanh;
    c.simple = !sigmoid && nn_rnn_is_simple(p);
    int32_t half = 1 << (p->w_shift - 1);
    int16_t *w = *to, *u = w + c.hidden * (c.inputs + 2);
    c.w = w, c.u = u;
    for (int32_t unit = 0; unit < c.hidden; unit += 2) {
        int16_t *next_w = w + 2 * c.inputs + 4, *next_u = u + 2 * c.hidden + 8;
        for (int32_t i = 0; i < 2; i++) {
            int exists = unit + i < p->hidden;
            nn_store32(w + 2 * i, exists ? (uint32_t)(p->w_offset[unit + i] + half) : 0);
            nn_rnn_unpack_row(w + 4 + 2 * i, exists ? p->w + (unit + i) * p->inputs : 0, p->inputs, c.inputs);
            nn_rnn_unpack_row(u + 2 * i, exists ? p->u + (unit + i) * p->hidden : 0, p->hidden, c.hidden);
            nn_rnn_unpack_biases(next_u - 8, &c, p, exists ? unit + i : p->hidden - 1, i);
        }
        w = next_w, u = next_u;
    }
    *to = u;
    return c;
}

static inline uint32_t nn_rnn_saturate(int32_t low, int32_t high, int32_t shift) {
    return nn_pack_low((uint32_t)nn_saturate16(low >> shift), (uint32_t)nn_saturate16(high >> shift));
}

/* Input products of two vectors, to out0 and out1 (`hidden` values each). */
static NN_NOINLINE void nn_rnn_project(const nn_rnn *c, const int16_t *x, int16_t *out0, int16_t *out1) {
    const int16_t *w = c->w, *end = w + c->hidden * (c->inputs + 2);
#if NN_ASSEMBLY
    if (c->inputs == 4 || c->inputs == 8 || c->inputs == 16) {
        (c->inputs == 4   ? nn_rnn_project4
         : c->inputs == 8 ? nn_rnn_project8
                          : nn_rnn_project16)(x, w, out0, out1, c->w_shift, end);
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
    int32_t z = pre + (int32_t)nn_load32(biases), candidate = pre + (int32_t)nn_load32(biases + 2);
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
    const int16_t *u = c->u;
    for (int32_t i = 0; i < 2 * hidden; i += 4, x0 += 2, x1 += 2, u += 8) {
        nn_sums s = {half, half, half, half};
        u = first ? u + 2 * hidden : nn_dot_pairs(&s, h, u, hidden);
        next[i] = (int16_t)nn_rnn_gate(c, x0[0] + (s.p0c0 >> shift), u, h[i]);
        next[i + 1] = (int16_t)nn_rnn_gate(c, x0[1] + (s.p0c1 >> shift), u + 4, h[i + 1]);
        next[i + 2] = (int16_t)nn_rnn_gate(c, x1[0] + (s.p1c0 >> shift), u, h[i + 2]);
        next[i + 3] = (int16_t)nn_rnn_gate(c, x1[1] + (s.p1c1 >> shift), u + 4, h[i + 3]);
    }
}

/* Sweeps two sequences of input products, `step0` and `step1` int16 apart; `states` has room for 4 *
 * hidden. Returns where the last states are. */
static inline const int16_t *nn_rnn_sweep(const nn_rnn *c, const int16_t *x0, int32_t step0,
                                          const int16_t *x1, int32_t step1, int32_t steps, int16_t *states) {
    int16_t *h = states, *next = states + 2 * c->hidden;
    memset(h, 0, (size_t)(2 * c->hidden) * sizeof *h);
    for (int32_t t = 0; t < steps; t++, x0 += step0, x1 += step1) {
        if (c->simple)
            nn_rnn_simple_step(c->u, c->hidden, 13 - c->pre_bits, x0, x1, h, next, t == 0);
        else
            nn_rnn_step_any(c, x0, x1, h, next, t == 0);
        int16_t *swap = h;
        h = next, next = swap;
    }
    return h;
}

#endif
