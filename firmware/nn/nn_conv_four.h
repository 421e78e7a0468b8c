/* Two output pixels times four output channels at a time, for the first layers of most networks: windows of 5
 * words (3x3 of one channel, stride 2), 14 or 15 (of three channels, stride 2 or 1). Where all four channels
 * are fast (a `right` of 16) and ties do not count; else the sweeps of nn_conv_sweep.h, which are the twin.
 */
#ifndef NN_CONV_FOUR_H
#define NN_CONV_FOUR_H

#include "nn_conv_columns.h"
#include "nn_conv_sweep.h"

#define NN_CONV_SHORT 5
#define NN_CONV_LONG(words) ((words) == 14 || (words) == 15)

/* Whether nn_run_conv_four takes the next four of `left` channels. */
static inline int nn_conv_takes_four(const nn_conv2d *p, const int32_t *weights, int32_t words,
                                     int32_t left) {
#if NN_ASSEMBLY && defined(__ARM_FP)
    const int32_t block = NN_CONV_BIASES + 2 * words + NN_CONV_ENDS;
    const int32_t *rights = weights + NN_CONV_BIASES + 2 * words + NN_CONV_RIGHTS;
    if (left < 4 || p->out_min < p->out_zero || !(words == NN_CONV_SHORT || NN_CONV_LONG(words)))
        return 0;
    return rights[0] == 16 && rights[1] == 16 && rights[block] == 16 && rights[block + 1] == 16;
#else
    (void)p, (void)weights, (void)words, (void)left;
    return 0;
#endif
}

#if NN_ASSEMBLY && defined(__ARM_FP)

/* Products of a word of both pixels, a and b, with a word of two channels, to the sums p0, p1 of the first
 * and q0, q1 of the second; or, of the first word, from the biases, which are in p0 and p1. */
#define NN_CONV_FOUR_PAIR(a, b, w0, w1, p0, p1, q0, q1)                                                      \
    "smlad " q0 ", " b ", " w0 ", " q0 "\nsmlad " q1 ", " b ", " w1 ", " q1 "\n"                             \
    "smlad " p0 ", " a ", " w0 ", " p0 "\nsmlad " p1 ", " a ", " w1 ", " p1 "\n"
#define NN_CONV_FOUR_FIRST(a, b, w0, w1, p0, p1, q0, q1)                                                     \
    "smlad " q0 ", " b ", " w0 ", " p0 "\nsmlad " q1 ", " b ", " w1 ", " p1 "\n"                             \
    "smlad " p0 ", " a ", " w0 ", " p0 "\nsmlad " p1 ", " a ", " w1 ", " p1 "\n"
#define NN_CONV_FOUR_SCALE(m0, m1, o0, o1, p0, p1, q0, q1)                                                   \
    "smmla " p0 ", " p0 ", " m0 ", " o0 "\nsmmla " p1 ", " p1 ", " m1 ", " o1 "\n"                           \
    "smmla " q0 ", " q0 ", " m0 ", " o0 "\nsmmla " q1 ", " q1 ", " m1 ", " o1 "\n"
/* Four channels of a pixel as bytes of c0; the sums are 128 * 2^16 too large, so that lanes saturate
 * without a sign. */
#define NN_CONV_FOUR_PACK(c0, c1, c2, c3)                                                                    \
    "pkhtb " c0 ", " c2 ", " c0 ", asr #16\npkhtb " c1 ", " c3 ", " c1 ", asr #16\n"                         \
    "usat16 " c0 ", #8, " c0 "\nusat16 " c1 ", #8, " c1 "\n"                                                 \
    "orr " c0 ", " c0 ", " c1 ", lsl #8\neor " c0 ", " c0 ", #0x80808080\n"

/* Weights stay in s0 to s9 (of the second two channels in s10 to s19), multipliers and offsets in s20 to s27,
 * biases in s28 to s31. r0, r1: x0, x1; r2-r5 and r6-r9: sums of both pixels; r10, r11: words of two
 * channels; r12, lr: of both pixels. On the stack: out0, distance of out1, next, the end of x0, bytes of a
 * step. */
#define NN_CONV_SHORT_WORD(k, low, high, pair)                                                               \
    "ldr r12, [r0, #" k "]\nldr lr, [r1, #" k "]\n"                                                          \
    "vmov r10, r11, " low "\n" pair("r12", "lr", "r10", "r11", "r2", "r3", "r6",                             \
                                    "r7") "vmov r10, r11, " high                                             \
                                          "\n" pair("r12", "lr", "r10", "r11", "r4", "r5", "r8", "r9")

#define NN_CONV_SHORT_OFFSETS(to)                                                                            \
    "ldrd r4, r5, [r2], #8\nadd r4, r4, #0x800000\nadd r5, r5, #0x800000\nvmov " to ", r4, r5\n"

static __attribute__((naked, noinline)) void nn_conv_four_short(const nn_conv_sweep *s NN_UNUSED) {
    __asm__ volatile(
        "push {r4-r11, lr}\nvpush {s16-s31}\n"
        "ldm r0, {r0-r8}\n" /* x0, x1, weights, words, step, count, out0, out1, next */
        "sub r7, r7, r6\nlsl r4, r4, #1\nmla r9, r5, r4, r0\n"
        "push {r4}\npush {r6-r9}\n"
        "ldrd r4, r5, [r2], #16\nvmov s28, s29, r4, r5\n"
        "vldmia r2!, {s0-s9}\nvldmia r2!, {s20-s21}\n" NN_CONV_SHORT_OFFSETS(
            "s22, s23") "add r2, r2, #16\n"
                        "ldrd r4, r5, [r2], #16\nvmov s30, s31, r4, r5\n"
                        "vldmia r2!, {s10-s19}\nvldmia r2!, {s24-s25}\n" NN_CONV_SHORT_OFFSETS(
                            "s26, s27") "1: vmov r2, r3, s28, s29\nvmov r4, r5, s30, "
                                        "s31\n" NN_CONV_SHORT_WORD(
                                            "0", "s0, s1", "s10, s11",
                                            NN_CONV_FOUR_FIRST) NN_CONV_SHORT_WORD("4", "s2, s3", "s12, s13",
                                                                                   NN_CONV_FOUR_PAIR)
                                            NN_CONV_SHORT_WORD(
                                                "8", "s4, s5", "s14, s15",
                                                NN_CONV_FOUR_PAIR) NN_CONV_SHORT_WORD("12", "s6, s7",
                                                                                      "s16, s17",
                                                                                      NN_CONV_FOUR_PAIR)
                                                NN_CONV_SHORT_WORD(
                                                    "16", "s8, s9", "s18, s19",
                                                    NN_CONV_FOUR_PAIR) "vmov r10, r11, s20, s21\nvmov "
                                                                       "r12, lr, s22, "
                                                                       "s23\n" NN_CONV_FOUR_SCALE(
                                                                           "r10", "r11", "r12", "lr", "r2",
                                                                           "r3", "r6",
                                                                           "r7") "vmov r10, r11, s24, "
                                                                                 "s25\nvmov "
                                                                                 "r12, lr, s26, "
                                                                                 "s27"
                                                                                 "\n" NN_CONV_FOUR_SCALE(
                                                                                     "r10", "r11", "r12",
                                                                                     "lr", "r4", "r5", "r8",
                                                                                     "r9")
                                                                                     NN_CONV_FOUR_PACK(
                                                                                         "r2", "r3", "r4",
                                                                                         "r5")
                                                                                         NN_CONV_FOUR_PACK(
                                                                                             "r6", "r7", "r8",
                                                                                             "r9") "ldm "
                                                                                                   "sp, "
                                                                                                   "{r3-"
                                                                                                   "r5, "
                                                                                                   "r7, "
                                                                                                   "r8}\n"
                                                                                                   "str "
                                                                                                   "r2, "
                                                                                                   "[r3]"
                                                                                                   "\nstr"
                                                                                                   " r6, "
                                                                                                   "[r3, "
                                                                                                   "r4]\n"
                                                                                                   "add "
                                                                                                   "r3, "
                                                                                                   "r3, "
                                                                                                   "r5\na"
                                                                                                   "dd "
                                                                                                   "r0, "
                                                                                                   "r0, "
                                                                                                   "r8\na"
                                                                                                   "dd "
                                                                                                   "r1, "
                                                                                                   "r1, "
                                                                                                   "r8\n"
                                                                                                   "str "
                                                                                                   "r3, "
                                                                                                   "[sp]"
                                                                                                   "\n"
                                                                                                   "cmp "
                                                                                                   "r0, "
                                                                                                   "r7\n"
                                                                                                   "bne "
                                                                                                   "1b\n"
                                                                                                   "add "
                                                                                                   "sp, "
                                                                                                   "sp, "
                                                                                                   "#20\n"
                                                                                                   "vpop "
                                                                                                   "{s16-"
                                                                                                   "s31}"
                                                                                                   "\npop"
                                                                                                   " "
                                                                                                   "{r4-"
                                                                                                   "r11, "
                                                                                                   "pc}"
                                                                                                   "\n");
}

/* The windows wait in s0 to s14 and s15 to s29. r2: weights, whose second two channels are `block` bytes
 * further. r0, r1, r3, r4 and r5-r8: sums of both pixels; r9, r10: words of two channels; r11 and r12: of the
 * first pixel, lr: of the second. On the stack: x0, x1, bytes of a step, out0, distance of out1, next, the
 * end of x0. */
#define NN_CONV_LONG_WORD(k, block, a, b, pair)                                                              \
    "vmov lr, " b "\n"                                                                                       \
    "ldrd r9, r10, [r2, #16 + 8 * " k                                                                        \
    "]\n" pair(a, "lr", "r9", "r10", "r0", "r1", "r5", "r6") "ldrd r9, r10, [r2, #" block " + 16 + 8 * " k   \
                                                             "]\n" pair(a, "lr", "r9", "r10", "r3", "r4",    \
                                                                        "r7", "r8")
#define NN_CONV_LONG_TWO(k0, k1, block, a, b0, b1, pair)                                                     \
    "vmov r11, r12, " a "\n" NN_CONV_LONG_WORD(k0, block, "r11", b0, pair)                                   \
        NN_CONV_LONG_WORD(k1, block, "r12", b1, NN_CONV_FOUR_PAIR)
#define NN_CONV_LONG_14(block)                                                                               \
    NN_CONV_LONG_TWO("0", "1", block, "s0, s1", "s15", "s16", NN_CONV_FOUR_FIRST)                            \
    NN_CONV_LONG_TWO("2", "3", block, "s2, s3", "s17", "s18", NN_CONV_FOUR_PAIR)                             \
    NN_CONV_LONG_TWO("4", "5", block, "s4, s5", "s19", "s20", NN_CONV_FOUR_PAIR)                             \
    NN_CONV_LONG_TWO("6", "7", block, "s6, s7", "s21", "s22", NN_CONV_FOUR_PAIR)                             \
    NN_CONV_LONG_TWO("8", "9", block, "s8, s9", "s23", "s24", NN_CONV_FOUR_PAIR)                             \
    NN_CONV_LONG_TWO("10", "11", block, "s10, s11", "s25", "s26", NN_CONV_FOUR_PAIR)                         \
    NN_CONV_LONG_TWO("12", "13", block, "s12, s13", "s27", "s28", NN_CONV_FOUR_PAIR)
#define NN_CONV_LONG_15(block)                                                                               \
    NN_CONV_LONG_14(block) "vmov r11, s14\n" NN_CONV_LONG_WORD("14", block, "r11", "s29", NN_CONV_FOUR_PAIR)

#define NN_CONV_FOUR_LONG(name, products, words, block, first, second)                                       \
    static __attribute__((naked, noinline)) void name(const nn_conv_sweep *s NN_UNUSED) {                    \
        __asm__ volatile(                                                                                    \
            "push {r4-r11, lr}\nvpush {s16-s31}\n"                                                           \
            "ldm r0, {r0-r8}\n"                                                                              \
            "sub r7, r7, r6\nlsl r4, r4, #1\nmla r9, r5, r4, r0\n"                                           \
            "push {r6-r9}\npush {r0, r1, r4}\n"                                                              \
            "1: ldm sp, {r0, r1, r3}\n"                                                                      \
            "vldmia r0, " first "\nvldmia r1, " second "\n"                                                  \
            "add r0, r0, r3\nadd r1, r1, r3\n"                                                               \
            "strd r0, r1, [sp]\n"                                                                            \
            "ldrd r0, r1, [r2]\nldrd r3, r4, [r2, #" block "]\n" products(                                   \
                block) "ldrd r9, r10, [r2, #16 + 8 * " words "]\n"                                           \
                       "ldrd r11, r12, [r2, #24 + 8 * " words "]\n" NN_CONV_FOUR_SCALE(                      \
                           "r9", "r10", "r11", "r12", "r0", "r1", "r5",                                      \
                           "r6") "ldrd r9, r10, [r2, #" block " + 16 + 8 * " words "]\n"                     \
                                 "ldrd r11, r12, [r2, #" block " + 24 + 8 * " words                          \
                                 "]\n" NN_CONV_FOUR_SCALE("r9", "r10", "r11", "r12", "r3", "r4", "r7", "r8") \
                                     NN_CONV_FOUR_PACK("r0", "r1", "r3", "r4") NN_CONV_FOUR_PACK(            \
                                         "r5", "r6", "r7",                                                   \
                                         "r8") "ldrd r9, r10, [sp, #12]\nldrd r11, r12, [sp, #20]\n"         \
                                               "str r0, [r9]\nstr r5, [r9, r10]\n"                           \
                                               "add r9, r9, r11\n"                                           \
                                               "str r9, [sp, #12]\n"                                         \
                                               "ldr lr, [sp]\ncmp lr, r12\n"                                 \
                                               "bne 1b\n"                                                    \
                                               "add sp, sp, #28\nvpop {s16-s31}\npop {r4-r11, pc}\n");       \
    }

NN_CONV_FOUR_LONG(nn_conv_four_14, NN_CONV_LONG_14, "14", "160", "{s0-s13}", "{s15-s28}")
NN_CONV_FOUR_LONG(nn_conv_four_15, NN_CONV_LONG_15, "15", "168", "{s0-s14}", "{s15-s29}")

#endif

/* Copies the weights of two pairs to where nn_run_conv_four reads long windows' ones, with raised offsets. */
static inline void nn_conv_copy_four(int32_t *to, const int32_t *weights, int32_t words) {
    const int32_t block = NN_CONV_BIASES + 2 * words + NN_CONV_ENDS;
    nn_copy_words(to, weights, 2 * block);
    to += NN_CONV_BIASES + 2 * words + NN_CONV_OFFSETS;
    to[0] += 128 << 16, to[1] += 128 << 16, to[block] += 128 << 16, to[block + 1] += 128 << 16;
}

/* Four channels, of which the weights are those of two pairs, one after the other. */
static inline void nn_run_conv_four(const nn_conv_sweep *s) {
#if NN_ASSEMBLY && defined(__ARM_FP)
    (s->words == NN_CONV_SHORT ? nn_conv_four_short : s->words == 14 ? nn_conv_four_14 : nn_conv_four_15)(s);
#else
    (void)s;
#endif
}

#endif
