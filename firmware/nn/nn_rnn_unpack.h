/* Cells of RNNPool brought into the order in which kernels read them; formats in nn_rnn.h, nn_rnn_simple.h.
 */
#ifndef NN_RNN_UNPACK_H
#define NN_RNN_UNPACK_H

#include "nn_rnn.h"

/* Unpacks row `unit` of a matrix (zeros if there is none), times factor; returns the sum of what it writes.
 */
static inline int32_t nn_rnn_unpack_row(int16_t *to, const int16_t *matrix, int32_t unit, int32_t units,
                                        int32_t n, int32_t padded, int32_t factor) {
    const int16_t *from = matrix + unit * n;
    int32_t sum = 0, k = 0;
    to += 8 + 2 * (unit & 3);
    for (; unit < units && k + 1 < n; k += 2, to += 8) {
        int32_t low = from[k] * factor, high = from[k + 1] * factor;
        nn_store32(to, nn_pack_low((uint32_t)low, (uint32_t)high));
        sum += low + high;
    }
    for (; k < padded; k += 2, to += 8) {
        int32_t low = unit < units && k < n ? from[k] * factor : 0;
        nn_store32(to, (uint32_t)low & 0xFFFF);
        sum += low;
    }
    return sum;
}

/* Unpacks W. of_states: whether its inputs are states of a simple cell. */
static inline void nn_rnn_unpack_w(nn_rnn *c, const nn_rnn_cell *p, int of_states, int16_t *w) {
    c->high = p->w_spare >= 0;
    if (c->high && of_states && p->project) {
        c->project = p->project;
        memcpy(w, p->project_stream, (size_t)p->project_words * sizeof *p->project_stream);
        return;
    }
    int32_t scale = c->high ? 1 << p->w_spare : 1;
    for (int32_t unit = 0; unit < c->hidden; unit++) {
        int32_t factor = of_states ? -scale : scale;
        int32_t sum = nn_rnn_unpack_row(w, p->w, unit, p->hidden, p->inputs, c->inputs, factor);
        uint32_t offset = unit < p->hidden ? (uint32_t)(p->w_offset[unit] + (1 << (p->w_shift - 1))) : 0;
        offset = offset * (uint32_t)scale + (of_states ? (uint32_t)sum << 14 : 0) + (c->high ? 1u << 31 : 0);
        nn_store32(w + 2 * (unit & 3), offset);
        w += (unit & 3) == 3 ? 4 * c->inputs + 8 : 0;
    }
}

/* Unpacks U with the biases. */
static inline void nn_rnn_unpack_u(const nn_rnn *c, const nn_rnn_cell *p, int16_t *u) {
    int32_t scaled = c->simple.scale != 0, start = 8 + 4 * c->hidden;
    int32_t factor = !c->is_simple ? 1 : scaled ? -1 : -(1 << p->u_spare);
    for (int32_t unit = 0; unit < c->hidden; unit++) {
        int32_t lane = unit & 3, exists = unit < p->hidden;
        int32_t sum = nn_rnn_unpack_row(u, p->u, unit, p->hidden, p->hidden, c->hidden, factor);
        int32_t bias_z = exists ? p->bias_z[unit] : 0, bias_h = exists ? p->bias_h[unit] : 0;
        int16_t *tail = u + start;
        if (c->is_simple) {
            uint32_t k = (uint32_t)(32767 + bias_z - (1 << p->pre_bits));
            nn_store32(u + 2 * lane, ((uint32_t)sum << 14) + (scaled ? 0 : k << 16 | 1u << 15));
            tail[lane] = (int16_t)k, tail[4 + lane] = (int16_t)(bias_h - bias_z);
        } else {
            nn_store32(u + 2 * lane, 1u << (p->u_shift - 1));
            tail[2 * lane] = (int16_t)bias_z, tail[2 * lane + 1] = (int16_t)bias_h;
        }
        u += lane == 3 ? start + NN_RNN_TAIL : 0;
    }
}

/* Unpacks cell p to c, its weights at `to`, and moves `to` behind it: hidden * (inputs + hidden + 6) int16.
 * of_states: whether its inputs are states of a simple cell. */
static inline void nn_rnn_unpack(nn_rnn *c, const nn_rnn_cell *p, const int16_t *sigmoid, const int16_t *tanh,
                                 int of_states, int16_t **to) {
    c->hidden = nn_quad(p->hidden), c->inputs = nn_quad(p->inputs), c->w_shift = p->w_shift;
    c->u_shift = p->u_shift, c->pre_bits = p->pre_bits, c->zeta = p->zeta, c->nu = p->nu;
    c->sigmoid = sigmoid, c->tanh = tanh, c->is_simple = p->simple, c->project = NULL;
    c->w = *to, c->u = *to + c->hidden * (c->inputs + 2);
    c->simple.top = (65535u - (2u << p->pre_bits)) * 0x00010001u, c->simple.lift = 13 - p->pre_bits;
    c->simple.half = (1 << p->pre_bits) - 1, c->simple.signs = NN_RNN_SIGNS;
    c->simple.scale = p->simple && p->u_spare < 0 ? (int32_t)(1u << (32 - p->u_shift)) : 0;
    nn_rnn_unpack_w(c, p, of_states, *to);
    int16_t *u = *to + c->hidden * (c->inputs + 2);
    *to = u + c->hidden * (c->hidden + 4);
    c->simple.u = c->u, c->simple.end = *to, c->simple.hidden = c->hidden;
    if (p->simple && !c->simple.scale && p->sweep) {
        c->simple.sweep = p->sweep;
        memcpy(u, p->sweep_stream, (size_t)p->sweep_words * sizeof *p->sweep_stream);
    } else {
        c->simple.sweep = nn_rnn_choose_sweep(&c->simple);
        nn_rnn_unpack_u(c, p, u);
    }
}

#endif
