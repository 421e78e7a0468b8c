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

#include "nn.h"
#include "nn_rnn_assembly.h"
#include "nn_rnn_dot.h"

#define NN_RNN_SIGNS 0x80008000u
/* The state of zero, in both lanes. */
#define NN_RNN_ZERO 0xC000C000u

/* How many int16 follow the weights of four units: K of z of each, then K of h less K of z. */
#define NN_RNN_TAIL 8

/* Input products of `count` sequences, an even number. x: of the first; `apart` int16 further those of the
 * next. step0, step1: int16 from one step to the next, of every first and every second sequence. state: of
 * each two sequences their states, in turn. The assembly reads this struct. */
typedef struct nn_rnn_inputs {
    const int16_t *x;
    int32_t apart, step0, step1, steps;
    int16_t *state;
    int32_t count;
} nn_rnn_inputs;

typedef struct nn_rnn_simple nn_rnn_simple;

/* Takes sequences of input products through in->state, in place; from states of zero if `first`. spare: room
 * for two states. */
typedef nn_rnn_sweep_code nn_rnn_simple_sweep;

/* Constants of a cell. u: -U (nn_rnn_dot.h), with a tail behind each four units. scale: 0 if r is the high
 * half. The assembly reads this struct. */
struct nn_rnn_simple {
    uint32_t top;
    int32_t half;
    uint32_t signs;
    const int16_t *end;
    int32_t scale, lift;
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

#if !NN_ASSEMBLY
/* Lanes of -(n + 2^14) + 2^6, kept below 2^14. */
static inline uint32_t nn_rnn_simple_clamped(uint32_t n) {
    return nn_lanes(nn_clamp_lane(64 - 16384 - nn_lane0(n), -16384, 16383),
                    nn_clamp_lane(64 - 16384 - nn_lane1(n), -16384, 16383));
}
#endif

/* States (of units 0 and 1, 2 and 3) as int8 with 7 fraction bits, in a word: h + 2^6 fits a lane, and is
 * kept below 2^14, before 7 bits are dropped. */
#define NN_RNN_BYTE_BITS 7

static inline uint32_t nn_rnn_simple_bytes(uint32_t low, uint32_t high) {
    uint32_t even = nn_pack_low(low, high), odd = nn_pack_high(low, high);
#if NN_ASSEMBLY
    uint32_t zero = 0xC040C040u;
    __asm__("ssub16 %0, %2, %0\nssub16 %1, %2, %1\n"
            "ssat16 %0, #15, %0\nssat16 %1, #15, %1\n"
            : "+r"(even), "+r"(odd)
            : "r"(zero));
#else
    even = nn_rnn_simple_clamped(even), odd = nn_rnn_simple_clamped(odd);
#endif
    return (even >> 7 & 0x00FF00FFu) | (odd << 1 & 0xFF00FF00u);
}

/* One step, from `old` to `states`. The first has a state of zero. */
static inline void nn_rnn_simple_step(const nn_rnn_simple *c, const int16_t *x0, const int16_t *x1,
                                      const int16_t *old, int16_t *states, int first) {
    const int16_t *u = c->u;
    for (int32_t i = 0; i < 2 * c->hidden; i += 8, u += NN_RNN_TAIL) {
        nn_rnn_sums s;
        u = first ? u + 8 + 4 * c->hidden : nn_rnn_dot(&s, old, u, c->hidden);
        for (int32_t k = 0; k < 4; k += 2, x0 += 2, x1 += 2) {
            uint32_t z = nn_load32(u + k), more = nn_load32(u + 4 + k);
            uint32_t sum0 = first ? z : nn_rnn_simple_sum(c, s.first[k], s.first[k + 1], z);
            uint32_t sum1 = first ? z : nn_rnn_simple_sum(c, s.second[k], s.second[k + 1], z);
            const int16_t *from = old + i + 2 * k;
            int16_t *to = states + i + 2 * k;
            nn_store32(to, nn_rnn_simple_gates(c, sum0, more, nn_load32(x0), nn_load32(from)));
            nn_store32(to + 2, nn_rnn_simple_gates(c, sum1, more, nn_load32(x1), nn_load32(from + 2)));
        }
    }
}

static NN_NOINLINE void nn_rnn_simple_sweep_any(const nn_rnn_simple *c, const nn_rnn_inputs *in,
                                                int16_t *spare, int first) {
    int32_t size = 2 * c->hidden;
    int16_t *state = in->state;
    for (int32_t k = 0; k < in->count; k += 2, state += size) {
        const int16_t *x0 = in->x + k * in->apart, *x1 = x0 + in->apart;
        for (int32_t i = 0; first && i < size; i += 2)
            nn_store32(state + i, NN_RNN_ZERO);
        for (int32_t t = 0; t < in->steps; t++, x0 += in->step0, x1 += in->step1) {
            memcpy(spare, state, (size_t)size * sizeof *spare);
            nn_rnn_simple_step(c, x0, x1, spare, state, first && t == 0);
        }
    }
}

/* The fastest sweep for a cell. */
static inline nn_rnn_simple_sweep *nn_rnn_choose_sweep(const nn_rnn_simple *c) {
#if NN_RNN_ASSEMBLY
    static nn_rnn_simple_sweep *const sweeps[][4] = {
        {nn_rnn_sweep4, nn_rnn_sweep4_lift1, nn_rnn_sweep4_scaled, nn_rnn_sweep4_scaled_lift1},
        {nn_rnn_sweep8, nn_rnn_sweep8_lift1, nn_rnn_sweep8_scaled, nn_rnn_sweep8_scaled_lift1},
        {nn_rnn_sweep16, nn_rnn_sweep16_lift1, nn_rnn_sweep16_scaled, nn_rnn_sweep16_scaled_lift1},
    };
    if (c->hidden == 4 || c->hidden == 8 || c->hidden == 16)
        return sweeps[c->hidden / 8][2 * (c->scale != 0) + (c->lift == 1)];
#endif
    (void)c;
    return nn_rnn_simple_sweep_any;
}

#endif
