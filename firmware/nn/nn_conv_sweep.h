/* Two output pixels times two output channels at a time, over the pixels of a tile: the loops of nn_conv_s8.
 */
#ifndef NN_CONV_SWEEP_H
#define NN_CONV_SWEEP_H

#include "nn.h"
#include "nn_math.h"

/* x0, x1: windows of two pixels, word-aligned; those of the next two are `step` int16 further. weights: of a
 * pair of channels, as nn_conv2d says. words: of a window. out0, out1: of both pixels; `next` bytes to the
 * next two. */
typedef struct {
    const int16_t *x0, *x1;
    const int32_t *weights;
    int32_t words, step, count;
    int8_t *out0, *out1;
    int32_t next;
} nn_conv_sweep;

/* Before the weights of a pair of channels: biases of both, twice. After them, a word of each in turn: */
#define NN_CONV_BIASES 4
#define NN_CONV_MULTIPLIERS 0
#define NN_CONV_OFFSETS 2
#define NN_CONV_TIES 4
#define NN_CONV_RIGHTS 6
#define NN_CONV_ENDS 8

static inline int8_t nn_conv_output(const nn_conv2d *p, const int32_t *ends, int32_t acc, int32_t channel) {
    nn_output output = {ends[NN_CONV_MULTIPLIERS + channel], ends[NN_CONV_OFFSETS + channel],
                        ends[NN_CONV_RIGHTS + channel]};
    if (output.right > 0)
        return (int8_t)nn_output_scaled(&output, acc,
                                        p->out_min < p->out_zero ? ends[NN_CONV_TIES + channel] : 0);
    return (int8_t)nn_saturate8(nn_requantize(acc >> p->input_bits, output.multiplier, output.offset) +
                                p->out_zero);
}

/* The twin of the sweeps in assembly; for all scales, and for a single channel, whose pair is itself. */
static NN_NOINLINE void nn_conv_sweep_any(const nn_conv2d *p, const nn_conv_sweep *s) {
    const int16_t *x0 = s->x0, *x1 = s->x1;
    int32_t second = p->out_c > 1 ? 1 : 0;
    int8_t *out0 = s->out0, *out1 = s->out1;
    for (int32_t pair = s->count; pair > 0;
         pair--, x0 += s->step, x1 += s->step, out0 += s->next, out1 += s->next) {
        const int32_t *w = s->weights + NN_CONV_BIASES;
        int32_t p0c0 = w[-4], p0c1 = w[-3], p1c0 = p0c0, p1c1 = p0c1;
        for (int32_t i = 0; i < s->words; i++, w += 2) {
            uint32_t a = nn_load32(x0 + 2 * i), b = nn_load32(x1 + 2 * i);
            p0c0 = nn_smlad(a, (uint32_t)w[0], p0c0), p0c1 = nn_smlad(a, (uint32_t)w[1], p0c1);
            p1c0 = nn_smlad(b, (uint32_t)w[0], p1c0), p1c1 = nn_smlad(b, (uint32_t)w[1], p1c1);
        }
        out0[0] = nn_conv_output(p, w, p0c0, 0);
        out0[second] = nn_conv_output(p, w, p0c1, 1);
        out1[0] = nn_conv_output(p, w, p1c0, 0);
        out1[second] = nn_conv_output(p, w, p1c1, 1);
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

/* nn_output_scaled: where `right` is 16, where it is not, and with ties, from the words at r2. lr is kept but
 * with ties. */
#define NN_CONV_EACH(text)                                                                                   \
    text("r3", "r7", "r9", "r11") text("r4", "r8", "r10", "r12") text("r5", "r7", "r9", "r11")               \
        text("r6", "r8", "r10", "r12")
#define NN_CONV_HIGH_HALF(sum, multiplier, offset, other)                                                    \
    "smmla " sum ", " sum ", " multiplier ", " offset "\n"
#define NN_CONV_SATURATE_HIGH(sum, multiplier, offset, right) "ssat " sum ", #8, " sum ", asr #16\n"
#define NN_CONV_SHIFT(sum, multiplier, offset, right) "asr " sum ", " sum ", " right "\n"
#define NN_CONV_SATURATE(sum, multiplier, offset, right) "ssat " sum ", #8, " sum "\n"
#define NN_CONV_TAKE_TIES(sum, multiplier, offset, ties)                                                     \
    "and lr, " ties ", " sum ", asr #31\nsmmla " sum ", " sum ", " multiplier ", " offset "\n"               \
    "sub " sum ", " sum ", lr\n"
#define NN_CONV_HIGH "ldm r2, {r7-r10}\n" NN_CONV_EACH(NN_CONV_HIGH_HALF) NN_CONV_EACH(NN_CONV_SATURATE_HIGH)
#define NN_CONV_ANY                                                                                          \
    "ldm r2, {r7-r10}\nldrd r11, r12, [r2, #24]\n" NN_CONV_EACH(NN_CONV_HIGH_HALF)                           \
        NN_CONV_EACH(NN_CONV_SHIFT) NN_CONV_EACH(NN_CONV_SATURATE)
#define NN_CONV_WITH_TIES                                                                                    \
    "ldm r2, {r7-r12}\n" NN_CONV_EACH(NN_CONV_TAKE_TIES) "ldrd r11, r12, [r2, #24]\n" NN_CONV_EACH(          \
        NN_CONV_SHIFT) NN_CONV_EACH(NN_CONV_SATURATE) "ldr lr, [sp, #28]\n"

/* Rounds of eight times two words, the first of as many as are left over: it begins in the middle. On the
 * stack: weights, out0, distance of out1, next, bytes from the end of a window to the next, the end of x0,
 * where the first round begins, where the last ends (lr). */
#define NN_CONV_SWEEP(name, odd, scale)                                                                      \
    static __attribute__((naked, noinline, unused)) void name(const nn_conv_sweep *s NN_UNUSED) {            \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r0, {r0-r8}\n" /* words, step, count, out0, out1, next */                      \
                         "sub r7, r7, r6\n"                                                                  \
                         "lsl r9, r4, #1\nsub r9, r9, r3, lsl #2\n"                                          \
                         "lsl r4, r4, #1\nmla r10, r5, r4, r0\n"                                             \
                         "lsr r3, r3, #1\n"                                                                  \
                         "add lr, r2, #16\nadd lr, lr, r3, lsl #4\n"                                         \
                         "sub r3, r3, #1\nand r3, r3, #7\nadd r3, r3, #1\n"                                  \
                         "mov r12, #" NN_CONV_TWO_WORDS_BYTES "\n"                                           \
                         "adr.w r11, 3f\nmls r11, r3, r12, r11\norr r11, r11, #1\n"                          \
                         "mov r12, lr\nsub sp, sp, #32\n"                                                    \
                         "stm sp, {r2, r6-r12}\n"                                                            \
                         "1: ldm r2!, {r3-r6}\n"                                                             \
                         "ldr pc, [sp, #24]\n"                                                               \
                         ".balign 4\n"                                                                       \
                         "2:\n.rept 8\n" NN_CONV_TWO_WORDS ".endr\n"                                         \
                         "3: cmp r2, lr\nbne.w 2b\n" odd scale "bfi r3, r4, #8, #8\nbfi r5, r6, #8, #8\n"    \
                         "ldm sp, {r2, r7-r11}\n"                                                            \
                         "add r0, r0, r10\nadd r1, r1, r10\n"                                                \
                         "strh r3, [r7]\nstrh r5, [r7, r8]\n"                                                \
                         "add r7, r7, r9\n"                                                                  \
                         "str r7, [sp, #4]\n"                                                                \
                         "cmp r0, r11\n"                                                                     \
                         "bne.w 1b\n"                                                                        \
                         "add sp, sp, #32\npop {r4-r11, pc}\n");                                             \
    }

NN_CONV_SWEEP(nn_conv_sweep_even, "", NN_CONV_HIGH)
NN_CONV_SWEEP(nn_conv_sweep_odd, NN_CONV_ONE_WORD, NN_CONV_HIGH)
NN_CONV_SWEEP(nn_conv_sweep_even_any, "", NN_CONV_ANY)
NN_CONV_SWEEP(nn_conv_sweep_odd_any, NN_CONV_ONE_WORD, NN_CONV_ANY)
NN_CONV_SWEEP(nn_conv_sweep_even_ties, "", NN_CONV_WITH_TIES)
NN_CONV_SWEEP(nn_conv_sweep_odd_ties, NN_CONV_ONE_WORD, NN_CONV_WITH_TIES)

#endif

/* Chooses the sweep. Without ties where the output is clamped at its zero point, below which alone they
 * count. */
static inline void nn_run_conv_sweep(const nn_conv2d *p, const nn_conv_sweep *s) {
#if NN_ASSEMBLY
    const int32_t *rights = s->weights + NN_CONV_BIASES + 2 * s->words + NN_CONV_RIGHTS;
    if (s->words > 1 && p->out_c > 1 && rights[0] > 0 && rights[1] > 0) {
        int32_t odd = s->words & 1;
        if (p->out_min < p->out_zero)
            (odd ? nn_conv_sweep_odd_ties : nn_conv_sweep_even_ties)(s);
        else if (rights[0] == 16 && rights[1] == 16)
            (odd ? nn_conv_sweep_odd : nn_conv_sweep_even)(s);
        else
            (odd ? nn_conv_sweep_odd_any : nn_conv_sweep_even_any)(s);
        return;
    }
#endif
    nn_conv_sweep_any(p, s);
}

#endif
