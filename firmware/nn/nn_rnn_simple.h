/* Steps of two FastGRNN sequences with piecewise-linear gates, zeta = 1, nu = 0: two units at a time, one in
 * each lane. With P = pre_bits, x the input product and r the state's product (rounded, in Q(P)), the
 * definition (mcu_vision/ops/rnn_pool.py) is
 *     z = clamp(x + r + bias_z + 2^P, 0, 2^(P+1)) << (13 - P)
 *     c = (clamp(x + r + bias_h + 2^P, 0, 2^(P+1)) << (14 - P)) - 2^14
 *     h' = (z * h + (2^14 - z) * c + 2^13) >> 14, so |h'| <= 2^14.
 *
 * Gates. With K = 2^15 - 1 + bias - 2^P, top = 65535 - 2^(P+1) and x + 2^15 in unsigned lanes, the clamp is
 * (x + 2^15) + (r + K), which saturates at 65535, less top, which saturates at 0. r + K must fit a lane.
 *
 * States are kept as n = -(h + 2^14), from -2^15 to 0. With c = 2 * e - 2^14 and w = 2 * z - 2^15,
 *     n' = (z * n + w * e + 2^13 - 1) >> 14
 * where all factors fit signed lanes. It is the same if z and e, but not w, stay in Q(P) (`lift` bits less)
 * and all of the sum has as many bits less. U h = (-U) n + 2^14 * sum(-U).
 *
 * r: U is scaled so that it is the high half of the accumulator, which then also holds K, if u_shift <= 16
 * and U has room; else r is SMMULR of the accumulator and 2^(32 - u_shift). */
#ifndef NN_RNN_SIMPLE_H
#define NN_RNN_SIMPLE_H

#include "nn_dot.h"
#include "nn_rnn_assembly.h"

/* Largest sum of magnitudes of a row of U, that the accumulator fits 32 bits. */
#define NN_RNN_SIMPLE_ROW ((1 << 17) - 1)

#define NN_RNN_SIGNS 0x80008000u
/* The state of zero, in both lanes. */
#define NN_RNN_ZERO 0xC000C000u

/* What follows the words of U of two units: K of h less K of z, K of z. */
#define NN_RNN_TAIL 4

/* Input products of two sequences, how many int16 lie from one step of each to its next, and where their
 * states wait for more steps (NULL if they do not). The assembly reads this struct. */
typedef struct nn_rnn_inputs {
    const int16_t *x0, *x1;
    int32_t step0, step1, steps;
    int16_t *state;
} nn_rnn_inputs;

typedef struct nn_rnn_simple nn_rnn_simple;

/* Takes two sequences of input products from in->state to their last states, which are left at the start of
 * `states` (room for 6 * hidden) and in in->state; from states of zero if `first`. */
typedef void nn_rnn_simple_sweep(const nn_rnn_simple *c, const nn_rnn_inputs *in, int16_t *states, int first);

/* Constants of a cell. u: for each pair of units two values from which accumulators start (32 bits), a word
 * of -U of each in turn, from the word of the pair's own states on, and the tail. scale: 0 if r is the high
 * half. The assembly reads this struct. */
struct nn_rnn_simple {
    uint32_t top;
    int32_t lift, half;
    uint32_t signs;
    const int16_t *end;
    int32_t scale;
    const int16_t *u;
    int32_t hidden;
    nn_rnn_simple_sweep *sweep;
};

/* The new states of two units of one sequence: sum is r + K of z, more is K of h less that of z. */
static inline uint32_t nn_rnn_simple_gates(const nn_rnn_simple *c, uint32_t sum, uint32_t more, uint32_t x,
                                           uint32_t state) {
    uint32_t z = nn_uqsub16(nn_uqadd16(sum, x), c->top);
    uint32_t e = nn_uqsub16(nn_uqadd16(nn_add16(sum, more), x), c->top);
    uint32_t w = z << (1 + c->lift) ^ c->signs;
    int32_t low = nn_smla_lanes0(w, e, nn_smla_lanes0(z, state, c->half));
    int32_t high = nn_smla_lanes1(w, e, nn_smla_lanes1(z, state, c->half));
    return nn_pack_low((uint32_t)(low >> (14 - c->lift)), (uint32_t)(high >> (14 - c->lift)));
}

/* r + K of z of two units of one sequence, from their accumulators. */
static inline uint32_t nn_rnn_simple_sum(const nn_rnn_simple *c, int32_t low, int32_t high, uint32_t k) {
    if (!c->scale)
        return nn_pack_high((uint32_t)low, (uint32_t)high);
    uint32_t r = nn_pack_low((uint32_t)nn_smmulr(low, c->scale), (uint32_t)nn_smmulr(high, c->scale));
    return nn_add16(r, k);
}

/* One step. The states lie twice in a row in `states`, so that from each pair of units on a whole state
 * follows: in its own order, in which U has them. New states go over the first copy. */
static inline void nn_rnn_simple_step(const nn_rnn_simple *c, const int16_t *x0, const int16_t *x1,
                                      int16_t *states, int first) {
    int32_t hidden = c->hidden;
    const int16_t *u = c->u;
    for (int32_t i = 0; i < 2 * hidden; i += 4, x0 += 2, x1 += 2, u += NN_RNN_TAIL) {
        int32_t start0 = (int32_t)nn_load32(u), start1 = (int32_t)nn_load32(u + 2);
        nn_sums s = {start0, start1, start0, start1};
        u = first ? u + 4 + 2 * hidden : nn_dot_pairs(&s, states + i, u + 4, hidden);
        uint32_t more = nn_load32(u), k = nn_load32(u + 2);
        uint32_t sum0 = first ? k : nn_rnn_simple_sum(c, s.p0c0, s.p0c1, k);
        uint32_t sum1 = first ? k : nn_rnn_simple_sum(c, s.p1c0, s.p1c1, k);
        nn_store32(states + i, nn_rnn_simple_gates(c, sum0, more, nn_load32(x0), nn_load32(states + i)));
        nn_store32(states + i + 2,
                   nn_rnn_simple_gates(c, sum1, more, nn_load32(x1), nn_load32(states + i + 2)));
    }
}

static NN_NOINLINE void nn_rnn_simple_sweep_any(const nn_rnn_simple *c, const nn_rnn_inputs *in,
                                                int16_t *states, int first) {
    int32_t size = 2 * c->hidden;
    const int16_t *x0 = in->x0, *x1 = in->x1;
    if (!first)
        memcpy(states, in->state, (size_t)size * sizeof *states);
    for (int32_t i = 0; first && i < size; i += 2)
        nn_store32(states + i, NN_RNN_ZERO);
    for (int32_t t = 0; t < in->steps; t++, x0 += in->step0, x1 += in->step1) {
        memcpy(states + size, states, (size_t)size * sizeof *states);
        nn_rnn_simple_step(c, x0, x1, states, first && t == 0);
    }
    if (in->state)
        memcpy(in->state, states, (size_t)size * sizeof *states);
}

/* The fastest sweep for a cell. */
static inline nn_rnn_simple_sweep *nn_rnn_choose_sweep(const nn_rnn_simple *c) {
#if NN_ASSEMBLY
    int one = c->lift == 1, scaled = c->scale != 0;
    if (c->hidden == 16 && scaled)
        return one ? nn_rnn_sweep16_scaled_lift1 : nn_rnn_sweep16_scaled;
    if (c->hidden == 16)
        return one ? nn_rnn_sweep16_lift1 : nn_rnn_sweep16;
    if (c->hidden == 8 && scaled)
        return one ? nn_rnn_sweep8_scaled_lift1 : nn_rnn_sweep8_scaled;
    if (c->hidden == 8)
        return one ? nn_rnn_sweep8_lift1 : nn_rnn_sweep8;
#endif
    (void)c;
    return nn_rnn_simple_sweep_any;
}

#endif
