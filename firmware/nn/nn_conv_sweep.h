/* Two output pixels times two output channels at a time, over the pixels of a tile: the loops of nn_conv_s8.
 */
#ifndef NN_CONV_SWEEP_H
#define NN_CONV_SWEEP_H

#include "nn.h"
#include "nn_math.h"

/* x0, x1: windows of the first two pixels, word-aligned; those of the next two are `step` int16 further.
 * weights: of a pair of channels, as nn_conv2d says. words: of a window. out: of the first pixel; `next`
 * bytes to the second, and from it to the third. */
typedef struct {
    const int16_t *x0, *x1;
    const int32_t *weights;
    int32_t words, step, pairs;
    int8_t *out;
    int32_t next;
} nn_conv_sweep;

/* After the weights of a pair of channels, two words each. */
#define NN_CONV_MULTIPLIERS 0
#define NN_CONV_OFFSETS 2
#define NN_CONV_SHIFTS 4

/* out = (acc * multiplier / 2^32, rounded, + offset) >> shift: acc is doubled, and the offset holds the zero
 * point and the half of the second rounding, whose ties are half up after one is taken from negative numbers.
 */
static inline int32_t nn_conv_output(const nn_conv2d *p, const int32_t *ends, int32_t acc, int32_t channel) {
    int32_t shift = ends[NN_CONV_SHIFTS + channel], multiplier = ends[NN_CONV_MULTIPLIERS + channel];
    if (!nn_scale_is_fast(-shift))
        return nn_saturate8(nn_requantize(acc >> 1, multiplier, -shift) + p->out_zero);
    int32_t high = nn_smmulr(acc, multiplier) + ends[NN_CONV_OFFSETS + channel];
    return nn_saturate8((high + (acc >> 31)) >> shift);
}

/* The twin of the sweeps in assembly; for all shifts, and for a single channel, whose pair is itself. */
static NN_NOINLINE void nn_conv_sweep_any(const nn_conv2d *p, const nn_conv_sweep *s) {
    const int16_t *x0 = s->x0, *x1 = s->x1;
    int32_t second = p->out_c > 1 ? 1 : 0;
    int8_t *out = s->out;
    for (int32_t pair = s->pairs; pair > 0; pair--, x0 += s->step, x1 += s->step, out += 2 * s->next) {
        const int32_t *w = s->weights + 2;
        int32_t p0c0 = w[-2], p0c1 = w[-1], p1c0 = p0c0, p1c1 = p0c1;
        for (int32_t i = 0; i < s->words; i++, w += 2) {
            uint32_t a = nn_load32(x0 + 2 * i), b = nn_load32(x1 + 2 * i);
            p0c0 = nn_smlad(a, (uint32_t)w[0], p0c0), p0c1 = nn_smlad(a, (uint32_t)w[1], p0c1);
            p1c0 = nn_smlad(b, (uint32_t)w[0], p1c0), p1c1 = nn_smlad(b, (uint32_t)w[1], p1c1);
        }
        out[0] = (int8_t)nn_conv_output(p, w, p0c0, 0);
        out[second] = (int8_t)nn_conv_output(p, w, p0c1, 1);
        out[s->next] = (int8_t)nn_conv_output(p, w, p1c0, 0);
        out[s->next + second] = (int8_t)nn_conv_output(p, w, p1c1, 1);
    }
}

#if NN_ASSEMBLY

/* r0, r1: x0, x1; r2: weights; r3-r6: sums p0c0, p0c1, p1c0, p1c1; r7, r8: words of a pixel; r9-r12: of both
 * channels. */
#define NN_CONV_TWO_WORDS                                                                                    \
    "ldrd r7, r8, [r0], #8\nldm r2!, {r9-r12}\n"                                                             \
    "smlad r3, r7, r9, r3\nsmlad r4, r7, r10, r4\nsmlad r3, r8, r11, r3\nsmlad r4, r8, r12, r4\n"            \
    "ldrd r7, r8, [r1], #8\n"                                                                                \
    "smlad r5, r7, r9, r5\nsmlad r6, r7, r10, r6\nsmlad r5, r8, r11, r5\nsmlad r6, r8, r12, r6\n"
#define NN_CONV_TWO_WORDS_BYTES "44"
#define NN_CONV_ONE_WORD                                                                                     \
    "ldr r7, [r0], #4\nldr r8, [r1], #4\nldrd r9, r10, [r2], #8\n"                                           \
    "smlad r3, r7, r9, r3\nsmlad r4, r7, r10, r4\nsmlad r5, r8, r9, r5\nsmlad r6, r8, r10, r6\n"
/* r7, r8: multipliers; r9, r10: offsets. With ties: lr is free. */
#define NN_CONV_SCALE                                                                                        \
    "smmlar r3, r3, r7, r9\nsmmlar r4, r4, r8, r10\nsmmlar r5, r5, r7, r9\nsmmlar r6, r6, r8, r10\n"
#define NN_CONV_SCALE_ONE(sum, multiplier, offset)                                                           \
    "smmlar lr, " sum ", " multiplier ", " offset "\nadd " sum ", lr, " sum ", asr #31\n"
#define NN_CONV_SCALE_TIES                                                                                   \
    NN_CONV_SCALE_ONE("r3", "r7", "r9")                                                                      \
    NN_CONV_SCALE_ONE("r4", "r8", "r10")                                                                     \
    NN_CONV_SCALE_ONE("r5", "r7", "r9") NN_CONV_SCALE_ONE("r6", "r8", "r10")

/* On the stack: weights, rounds of four times two words, int16 from the end of a window to the next, the end
 * of x0, out, next, where the first round begins. */
#define NN_CONV_SWEEP(name, odd, scale)                                                                      \
    static __attribute__((naked, noinline, unused)) void name(const nn_conv_sweep *s NN_UNUSED) {            \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r0, {r0-r2, r4-r8}\n" /* words, step, pairs, out, next */                      \
                         "lsr r3, r4, #1\n"                                                                  \
                         "sub r5, r5, r4, lsl #1\nlsl r5, r5, #1\n"                                          \
                         "lsl r9, r4, #2\nadd r9, r9, r5\nmla r6, r6, r9, r0\n"                              \
                         "add r4, r3, #3\nlsr r4, r4, #2\n"                                                  \
                         "rsb r3, r3, r4, lsl #2\nmov r9, #" NN_CONV_TWO_WORDS_BYTES "\n"                    \
                         "adr r10, 2f\nmla r9, r3, r9, r10\norr r9, r9, #1\n"                                \
                         "mov r3, r4\nmov r4, r5\nmov r5, r6\nmov r6, r7\nmov r7, r8\nmov r8, r9\n"          \
                         "push {r2-r8}\n"                                                                    \
                         "1: ldrd r2, lr, [sp]\n"                                                            \
                         "ldrd r3, r4, [r2], #8\nmov r5, r3\nmov r6, r4\n"                                   \
                         "ldr pc, [sp, #24]\n"                                                               \
                         ".balign 4\n"                                                                       \
                         "2:\n" NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS      \
                         "subs lr, lr, #1\nbne 2b\n" odd "ldm r2, {r7-r12}\n" scale                          \
                         "asr r3, r3, r11\nasr r4, r4, r12\nasr r5, r5, r11\nasr r6, r6, r12\n"              \
                         "ssat r3, #8, r3\nssat r4, #8, r4\nssat r5, #8, r5\nssat r6, #8, r6\n"              \
                         "ldrd r7, r8, [sp, #16]\nldrd r9, r10, [sp, #8]\n"                                  \
                         "strb r3, [r7]\nstrb r4, [r7, #1]\n"                                                \
                         "add r0, r0, r9\nadd r1, r1, r9\n"                                                  \
                         "strb r5, [r7, r8]\nadd r7, r7, r8\nstrb r6, [r7, #1]\nadd r7, r7, r8\n"            \
                         "str r7, [sp, #16]\n"                                                               \
                         "cmp r0, r10\nbne 1b\n"                                                             \
                         "add sp, sp, #28\npop {r4-r11, pc}\n");                                             \
    }

NN_CONV_SWEEP(nn_conv_sweep_even, "", NN_CONV_SCALE)
NN_CONV_SWEEP(nn_conv_sweep_odd, NN_CONV_ONE_WORD, NN_CONV_SCALE)
NN_CONV_SWEEP(nn_conv_sweep_even_ties, "", NN_CONV_SCALE_TIES)
NN_CONV_SWEEP(nn_conv_sweep_odd_ties, NN_CONV_ONE_WORD, NN_CONV_SCALE_TIES)

#endif

/* Chooses the sweep. Without ties where the output is clamped at its zero point, below which alone they
 * count. */
static inline void nn_run_conv_sweep(const nn_conv2d *p, const nn_conv_sweep *s) {
#if NN_ASSEMBLY
    const int32_t *shifts = s->weights + 2 + 2 * s->words + NN_CONV_SHIFTS;
    if (s->words > 1 && p->out_c > 1 && nn_scale_is_fast(-shifts[0]) && nn_scale_is_fast(-shifts[1])) {
        if (p->out_min >= p->out_zero)
            (s->words & 1 ? nn_conv_sweep_odd : nn_conv_sweep_even)(s);
        else
            (s->words & 1 ? nn_conv_sweep_odd_ties : nn_conv_sweep_even_ties)(s);
        return;
    }
#endif
    nn_conv_sweep_any(p, s);
}

#endif
