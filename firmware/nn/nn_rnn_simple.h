/* A step of two FastGRNN sequences with piecewise-linear gates, zeta = 1, nu = 0: two units at a time, one
 * in each lane. With P = pre_bits, x the input product and r the state's product (rounded, in Q(P)), the
 * definition (mcu_vision/ops/rnn_pool.py) is
 *     z = clamp(x + r + bias_z + 2^P, 0, 2^(P+1)) << (13 - P)
 *     c = (clamp(x + r + bias_h + 2^P, 0, 2^(P+1)) << (14 - P)) - 2^14
 *     h = (z * h + (2^14 - z) * c + 2^13) >> 14, which needs no saturation as |h|, |c| <= 2^14.
 *
 * Both clamps are that of v = x + r + bias + 2^P, where |bias| < 2^15 - 2^P. So x + r may saturate at 16
 * bits: where it does, v is out of the range of the clamp on the same side either way. Then, in unsigned
 * lanes, v + (65535 - 2^(P+1)) = (x + r + 2^15) + (2^15 - 1 + bias - 2^P): the last term fits 16 bits, the
 * sum saturates where v is 2^(P+1), and 65535 - 2^(P+1) taken away with saturation gives the clamp.
 *
 * r is SMMULR of the accumulator and 2^(32 - u_shift), for u_shift > 1; it fits 16 bits if the magnitudes of
 * a row of U add up to less than 2^15 in Q(P). */
#ifndef NN_RNN_SIMPLE_H
#define NN_RNN_SIMPLE_H

#include "nn_dot.h"
#include "nn_rnn_assembly.h"

/* Largest sum of magnitudes of a row of U, that the accumulator fits 32 bits. */
#define NN_RNN_SIMPLE_ROW ((1 << 17) - 1)

#define NN_RNN_LANES_ONE 0x40004000u
#define NN_RNN_LANES_SIGN 0x80008000u

/* What follows the words of U of two units: 2^15 - 1 + bias - 2^P for both gates and 65535 - 2^(P+1), of
 * both units, and 2^(32 - u_shift). */
static inline void nn_rnn_simple_unpack(int16_t *to, int32_t lane, int32_t bias_z, int32_t bias_h,
                                        int32_t pre_bits, int32_t u_shift) {
    int32_t offset = 32767 - (1 << pre_bits), top = 65535 - (2 << pre_bits);
    nn_store32(to + 6, 1u << (32 - u_shift));
    to[lane] = (int16_t)(offset + bias_z);
    to[2 + lane] = (int16_t)(offset + bias_h);
    to[4 + lane] = (int16_t)top;
}

/* The new states of two units of one sequence from x + r and the states before. */
static inline uint32_t nn_rnn_simple_gates(uint32_t pre, uint32_t state, const int16_t *tail, int32_t lift) {
    uint32_t top = nn_load32(tail + 4), sum = pre ^ NN_RNN_LANES_SIGN;
    uint32_t z = nn_uqsub16(nn_uqadd16(sum, nn_load32(tail)), top) << lift;
    uint32_t c = nn_uqsub16(nn_uqadd16(sum, nn_load32(tail + 2)), top) << (lift + 1);
    uint32_t rest = NN_RNN_LANES_ONE - z;
    c = nn_sub16(c, NN_RNN_LANES_ONE);
    int32_t low = nn_smla_lanes0(rest, c, nn_smla_lanes0(z, state, 1 << 13));
    int32_t high = nn_smla_lanes1(rest, c, nn_smla_lanes1(z, state, 1 << 13));
    return nn_pack_low((uint32_t)(low >> 14), (uint32_t)(high >> 14));
}

/* One step of two sequences from states h to `next`, for any number of units. */
static NN_NOINLINE void nn_rnn_simple_step_any(const int16_t *u, int32_t hidden, int32_t lift,
                                               const int16_t *x0, const int16_t *x1, const int16_t *h,
                                               int16_t *next) {
    for (int32_t i = 0; i < 2 * hidden; i += 4, x0 += 2, x1 += 2, u += 8) {
        nn_sums s = {0, 0, 0, 0};
        u = nn_dot_pairs(&s, h, u, hidden);
        int32_t scale = (int32_t)nn_load32(u + 6);
        s.p0c0 = nn_smmulr(s.p0c0, scale), s.p0c1 = nn_smmulr(s.p0c1, scale);
        s.p1c0 = nn_smmulr(s.p1c0, scale), s.p1c1 = nn_smmulr(s.p1c1, scale);
        uint32_t pre0 = nn_qadd16(nn_pack_low((uint32_t)s.p0c0, (uint32_t)s.p0c1), nn_load32(x0));
        uint32_t pre1 = nn_qadd16(nn_pack_low((uint32_t)s.p1c0, (uint32_t)s.p1c1), nn_load32(x1));
        nn_store32(next + i, nn_rnn_simple_gates(pre0, nn_load32(h + i), u, lift));
        nn_store32(next + i + 2, nn_rnn_simple_gates(pre1, nn_load32(h + i + 2), u, lift));
    }
}

/* The same. The first step has a state of zero. */
static inline void nn_rnn_simple_step(const int16_t *u, int32_t hidden, int32_t lift, const int16_t *x0,
                                      const int16_t *x1, const int16_t *h, int16_t *next, int first) {
#if NN_ASSEMBLY
    if (hidden == 16) {
        (first ? nn_rnn_simple_first16 : nn_rnn_simple_step16)(h, u, x0, x1, h, next, lift, lift + 1);
        return;
    }
    if (hidden == 8) {
        (first ? nn_rnn_simple_first8 : nn_rnn_simple_step8)(h, u, x0, x1, h, next, lift, lift + 1);
        return;
    }
#endif
    (void)first;
    nn_rnn_simple_step_any(u, hidden, lift, x0, x1, h, next);
}

#endif
