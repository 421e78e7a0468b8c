/* FastGRNN cells (Kusupati et al., NeurIPS 2018) in fixed point, two sequences at a time so that each
 * weight loaded serves both. Integer definition: mcu_vision/ops/rnn_pool.py. Vectors of the two sequences
 * lie in turn: a word (two elements) of the first, a word of the second. */
#ifndef NN_RNN_H
#define NN_RNN_H

#include "nn.h"
#include "nn_dot.h"
#include "nn_math.h"

#define NN_RNN_ONE (1 << 14)
#define NN_RNN_TABLE_BITS 5
#define NN_RNN_TABLE_LAST 511

/* A cell unpacked into RAM. hidden and inputs are padded to multiples of 4 with zero weights.
 * w: for each pair of units two offsets (32 bits), then a word of each in turn.
 * u: for each pair of units a word of each in turn, then bias_z, bias_h, bias_z, bias_h (32 bits). */
typedef struct {
    int32_t hidden, inputs, w_shift, u_shift, pre_bits, zeta, nu;
    const int16_t *w, *u, *sigmoid, *tanh;
    int simple; /* piecewise-linear gates, zeta = 1, nu = 0: biases are those of
                   the gates in Q14 */
} nn_rnn;

static inline void nn_rnn_unpack_row(int16_t *to, const int16_t *from, int32_t n, int32_t padded) {
    for (int32_t k = 0; k < padded; k += 2, to += 4) {
        to[0] = from && k < n ? from[k] : 0;
        to[1] = from && k + 1 < n ? from[k + 1] : 0;
    }
}

static inline void nn_rnn_unpack_biases(int16_t *to, const nn_rnn *c, const nn_rnn_cell *p, int32_t unit) {
    int32_t z = p->bias_z[unit], h = p->bias_h[unit];
    if (c->simple) {
        z = (z + (1 << c->pre_bits)) * (1 << (13 - c->pre_bits));
        h = h * (1 << (14 - c->pre_bits));
    }
    nn_store32(to, (uint32_t)z);
    nn_store32(to + 2, (uint32_t)h);
}

/* Unpacks a cell at `to` and moves `to` behind it: hidden * (inputs + hidden + 6) int16. */
static inline nn_rnn nn_rnn_unpack(const nn_rnn_cell *p, const int16_t *sigmoid, const int16_t *tanh,
                                   int16_t **to) {
    nn_rnn c = {.hidden = nn_quad(p->hidden), .inputs = nn_quad(p->inputs), .w_shift = p->w_shift};
    c.u_shift = p->u_shift, c.pre_bits = p->pre_bits, c.zeta = p->zeta, c.nu = p->nu;
    c.sigmoid = sigmoid, c.tanh = tanh;
    c.simple = !sigmoid && p->zeta == NN_RNN_ONE && p->nu == 0;
    int16_t *w = *to, *u = w + c.hidden * (c.inputs + 2);
    c.w = w, c.u = u;
    for (int32_t unit = 0; unit < c.hidden; unit += 2) {
        int16_t *next_w = w + 2 * c.inputs + 4, *next_u = u + 2 * c.hidden + 8;
        for (int32_t i = 0; i < 2; i++) {
            int exists = unit + i < p->hidden;
            nn_store32(w + 2 * i, exists ? (uint32_t)p->w_offset[unit + i] : 0);
            nn_rnn_unpack_row(w + 4 + 2 * i, exists ? p->w + (unit + i) * p->inputs : 0, p->inputs, c.inputs);
            nn_rnn_unpack_row(u + 2 * i, exists ? p->u + (unit + i) * p->hidden : 0, p->hidden, c.hidden);
            nn_rnn_unpack_biases(next_u - 8 + 4 * i, &c, p, exists ? unit + i : p->hidden - 1);
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
    int32_t half = 1 << (c->w_shift - 1), shift = c->w_shift;
    const int16_t *w = c->w;
    for (int32_t left = c->hidden; left > 0; left -= 2, out0 += 2, out1 += 2) {
        int32_t offset0 = (int32_t)nn_load32(w) + half, offset1 = (int32_t)nn_load32(w + 2) + half;
        nn_sums s = {offset0, offset1, offset0, offset1};
        w = nn_dot_pairs(&s, x, w + 4, c->inputs);
        nn_store32(out0, nn_rnn_saturate(s.p0c0, s.p0c1, shift));
        nn_store32(out1, nn_rnn_saturate(s.p1c0, s.p1c1, shift));
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

/* The new state of one unit with piecewise-linear gates, zeta = 1, nu = 0, times 2^14 and half a unit
 * more, from the pre-activation times 2^(13 - pre_bits). The state before is a lane of `state`. */
static inline int32_t nn_rnn_simple_gate(int32_t pre, const int16_t *biases, uint32_t state, const int lane) {
    int32_t z = nn_saturate_unit(pre + (int32_t)nn_load32(biases));
    int32_t candidate = nn_saturate_signed_unit(nn_shift_left(pre, 1) + (int32_t)nn_load32(biases + 2));
    int32_t kept = lane ? nn_smla_lane1(z, state, NN_RNN_ONE / 2) : nn_smla_lane0(z, state, NN_RNN_ONE / 2);
    return kept + (NN_RNN_ONE - z) * candidate;
}

/* The new states of two units of one sequence. */
static inline uint32_t nn_rnn_simple_gates(int32_t pre0, int32_t pre1, const int16_t *biases,
                                           uint32_t state) {
    int32_t low = nn_rnn_simple_gate(pre0, biases, state, 0);
    int32_t high = nn_rnn_simple_gate(pre1, biases + 4, state, 1);
    return nn_pack_high((uint32_t)low << 2, (uint32_t)high << 2);
}

static NN_NOINLINE void nn_rnn_step_simple(const nn_rnn *c, const int16_t *x0, const int16_t *x1,
                                           const int16_t *h, int16_t *next, int first) {
    int32_t hidden = c->hidden, half = 1 << (c->u_shift - 1), shift = c->u_shift, lift = 13 - c->pre_bits;
    const int16_t *u = c->u;
    for (int32_t i = 0; i < 2 * hidden; i += 4, x0 += 2, x1 += 2, u += 8) {
        nn_sums s = {half, half, half, half};
        u = first ? u + 2 * hidden : nn_dot_pairs(&s, h, u, hidden);
        uint32_t x = nn_load32(x0);
        int32_t pre0 = nn_shift_left(nn_add_lane0(s.p0c0 >> shift, x), lift);
        int32_t pre1 = nn_shift_left(nn_add_lane1(s.p0c1 >> shift, x), lift);
        nn_store32(next + i, nn_rnn_simple_gates(pre0, pre1, u, nn_load32(h + i)));
        x = nn_load32(x1);
        pre0 = nn_shift_left(nn_add_lane0(s.p1c0 >> shift, x), lift);
        pre1 = nn_shift_left(nn_add_lane1(s.p1c1 >> shift, x), lift);
        nn_store32(next + i + 2, nn_rnn_simple_gates(pre0, pre1, u, nn_load32(h + i + 2)));
    }
}

/* Sweeps two sequences of input products, `step0` and `step1` int16 apart; `states` has room for 4 *
 * hidden. Returns where the last states are. */
static inline const int16_t *nn_rnn_sweep(const nn_rnn *c, const int16_t *x0, int32_t step0,
                                          const int16_t *x1, int32_t step1, int32_t steps, int16_t *states) {
    int16_t *h = states, *next = states + 2 * c->hidden;
    memset(h, 0, (size_t)(2 * c->hidden) * sizeof *h);
    for (int32_t t = 0; t < steps; t++, x0 += step0, x1 += step1) {
        (c->simple ? nn_rnn_step_simple : nn_rnn_step_any)(c, x0, x1, h, next, t == 0);
        int16_t *swap = h;
        h = next, next = swap;
    }
    return h;
}

#endif
