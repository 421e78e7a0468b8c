/* Cells of RNNPool brought into the order in which kernels read them; formats in nn_rnn.h, nn_rnn_simple.h.
 */
#ifndef NN_RNN_UNPACK_H
#define NN_RNN_UNPACK_H

#include "nn_rnn.h"

/* Elements start (even), start + 1, ... of a row, times factor, round to the one before start. Returns their
 * sum. */
static inline int32_t nn_rnn_unpack_row(int16_t *to, const int16_t *from, int32_t n, int32_t padded,
                                        int32_t start, int32_t factor) {
    int32_t sum = 0, k = start;
    for (int32_t i = 0; i < padded; i += 2, k = k + 2 < padded ? k + 2 : 0, to += 4) {
        int32_t low = k < n ? from[k] * factor : 0, high = k + 1 < n ? from[k + 1] * factor : 0;
        to[0] = (int16_t)low, to[1] = (int16_t)high;
        sum += low + high;
    }
    return sum;
}

static inline uint32_t nn_magnitude(int32_t value) { return (uint32_t)(value < 0 ? -value : value); }

/* Whether -value fits int16 for all of `count` values. */
static inline int nn_rnn_negates(const int16_t *values, int32_t count) {
    int fits = 1;
    for (int32_t i = 0; i < count; i++)
        fits &= values[i] != INT16_MIN;
    return fits;
}

/* Whether a cell with piecewise-linear gates keeps to the bounds of nn_rnn_simple.h. */
static inline int nn_rnn_is_simple(const nn_rnn_cell *p) {
    int simple = p->zeta == NN_RNN_ONE && p->nu == 0 && p->u_shift > 1;
    for (int32_t i = 0; i < p->hidden && simple; i++) {
        uint32_t sum = 0, bias_z = nn_magnitude(p->bias_z[i]), bias_h = nn_magnitude(p->bias_h[i]);
        for (int32_t k = 0; k < p->hidden; k++)
            sum += nn_magnitude(p->u[i * p->hidden + k]);
        uint32_t product = (sum << 14 >> p->u_shift) + 1, bias = bias_z > bias_h ? bias_z : bias_h;
        simple = sum <= NN_RNN_SIMPLE_ROW && product + bias + (1u << p->pre_bits) < 32768;
    }
    return simple && nn_rnn_negates(p->u, p->hidden * p->hidden);
}

/* How many bits U is scaled up so that r is the high half of the accumulator; -1 if it cannot be. */
static inline int32_t nn_rnn_spare_bits(const nn_rnn_cell *p) {
    uint32_t all = 0;
    for (int32_t i = 0; i < p->hidden * p->hidden; i++)
        all |= nn_magnitude(p->u[i]);
    return p->u_shift <= 16 && all << (16 - p->u_shift) < 32768 ? 16 - p->u_shift : -1;
}

/* Unpacks a unit pair's lane of U. exists: whether there is such a unit. Returns what follows the pair. */
static inline int16_t *nn_rnn_unpack_unit(int16_t *to, const nn_rnn *c, const nn_rnn_cell *p, int32_t unit,
                                          int exists) {
    const int16_t *row = p->u + (exists ? unit * p->hidden : 0);
    int32_t lane = unit & 1, start = c->is_simple ? unit - lane : 0, scaled = c->simple.scale != 0;
    int32_t factor = !c->is_simple ? 1 : scaled ? -1 : -(1 << (16 - p->u_shift));
    int16_t *tail = to + 4 + 2 * c->hidden;
    int32_t sum = nn_rnn_unpack_row(to + 4 + 2 * lane, row, exists ? p->hidden : 0, c->hidden, start, factor);
    int32_t bias_z = exists ? p->bias_z[unit] : 0, bias_h = exists ? p->bias_h[unit] : 0;
    if (c->is_simple) {
        uint32_t k = (uint32_t)(32767 + bias_z - (1 << p->pre_bits)), high = scaled ? 0 : k << 16 | 1u << 15;
        nn_store32(to + 2 * lane, ((uint32_t)sum << 14) + high);
        tail[lane] = (int16_t)(bias_h - bias_z);
        tail[2 + lane] = (int16_t)k;
    } else {
        tail[2 * lane] = (int16_t)bias_z;
        tail[2 * lane + 1] = (int16_t)bias_h;
    }
    return tail + NN_RNN_TAIL;
}

/* Unpacks a cell at `to` and moves `to` behind it: hidden * (inputs + hidden + 6) int16. of_states: whether
 * its inputs are states of a simple cell. */
static inline nn_rnn nn_rnn_unpack(const nn_rnn_cell *p, const int16_t *sigmoid, const int16_t *tanh,
                                   int is_simple, int of_states, int16_t **to) {
    nn_rnn c = {.hidden = nn_quad(p->hidden), .inputs = nn_quad(p->inputs), .w_shift = p->w_shift};
    c.u_shift = p->u_shift, c.pre_bits = p->pre_bits, c.zeta = p->zeta, c.nu = p->nu;
    c.sigmoid = sigmoid, c.tanh = tanh, c.is_simple = is_simple;
    int32_t half = 1 << (p->w_shift - 1);
    int16_t *w = *to, *u = w + c.hidden * (c.inputs + 2);
    c.w = w, c.u = u;
    c.simple.top = (65535u - (2u << p->pre_bits)) * 0x00010001u, c.simple.lift = 13 - p->pre_bits;
    c.simple.half = (1 << p->pre_bits) - 1, c.simple.signs = NN_RNN_SIGNS;
    c.simple.scale = is_simple && nn_rnn_spare_bits(p) < 0 ? (int32_t)(1u << (32 - p->u_shift)) : 0;
    for (int32_t unit = 0; unit < c.hidden; unit++) {
        int exists = unit < p->hidden;
        int16_t *lane = w + 2 * (unit & 1), *next = nn_rnn_unpack_unit(u, &c, p, unit, exists);
        const int16_t *row = p->w + (exists ? unit * p->inputs : 0);
        int32_t sum =
            nn_rnn_unpack_row(lane + 4, row, exists ? p->inputs : 0, c.inputs, 0, of_states ? -1 : 1);
        uint32_t offset = exists ? (uint32_t)(p->w_offset[unit] + half) : 0;
        nn_store32(lane, offset + (of_states ? (uint32_t)sum << 14 : 0));
        if (unit & 1)
            w += 2 * c.inputs + 4, u = next;
    }
    c.simple.u = c.u, c.simple.end = u, c.simple.hidden = c.hidden;
    c.simple.sweep = nn_rnn_choose_sweep(&c.simple);
    *to = u;
    return c;
}

#endif
