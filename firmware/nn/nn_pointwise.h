/* The inner loops of nn_pointwise_s8: two pixels times two channels, all registers of Armv7E-M in use, so
 * they are whole functions. Twin in C: nn_pair_any, which all other cases take too. */
#ifndef NN_POINTWISE_H
#define NN_POINTWISE_H

#include "nn.h"
#include "nn_dot.h"
#include "nn_math.h"

#define NN_POINTWISE_BITS 8

/* Two channels as nn_pointwise.packed has them, before their weights. */
typedef struct {
    int32_t bias[2];
    nn_output output[2];
} nn_pair;

#define NN_PAIR_WORDS 8

/* Two channels in scratch, word by word: bias of both, twice; the weights of both as lanes, a word of each in
 * turn; then, for assembly, where that starts, and both outputs. */
#define NN_STREAM_BIAS 8 /* int16 */

/* Four channels in scratch, word by word: biases of all, twice; their weights as lanes, a word of each in
 * turn; multiplier and offset of each; right of each. */
#define NN_FOUR_BIAS 16 /* int16 */

/* Added to the offsets of outputs that are high halves: these are then bytes without sign. */
#define NN_FOUR_UNSIGNED 0x800000

/* Quads of four channels that a loop takes in a round. */
#define NN_FOUR_ROUND 8

/* Pixels in pairs up to `end`; next: int8 from the output of one to that of the other. */
typedef struct {
    int32_t next;
    const int16_t *end;
    int32_t quads; /* of the first round */
    const int16_t *weights_end;
} nn_pixel_pairs;

#if NN_ASSEMBLY

#define NN_POINTWISE_FUNCTION static __attribute__((naked, noinline, unused)) void

/* Four channels of both pixels (r0), and their weights for both channels (r1): adds to the sums r2 (p0c0),
 * r3 (p0c1), r4 (p1c0), r5 (p1c1). 40 bytes of code. */
#define NN_POINTWISE_QUAD                                                                                    \
    "ldmia r0!, {r6-r9}\nldmia r1!, {r10-r12, lr}\n"                                                         \
    "smlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\nsmlad r4, r7, r10, r4\nsmlad r5, r7, r11, r5\n"           \
    "smlad r2, r8, r12, r2\nsmlad r3, r8, lr, r3\nsmlad r4, r9, r12, r4\nsmlad r5, r9, lr, r5\n"

/* nn_output_scaled of both pixels, without ties and with them. */
#define NN_POINTWISE_OUTPUT(p0, p1, multiplier, offset, right)                                               \
    "smmla " p0 ", " p0 ", " multiplier ", " offset "\nsmmla " p1 ", " p1 ", " multiplier ", " offset "\n"   \
    "asr " p0 ", " p0 ", " right "\nasr " p1 ", " p1 ", " right "\n"                                         \
    "ssat " p0 ", #8, " p0 "\nssat " p1 ", #8, " p1 "\n"
#define NN_POINTWISE_TIES_OUTPUT(p0, p1, multiplier, offset, right)                                          \
    "smmla r12, " p0 ", " multiplier ", " offset "\nsmmla lr, " p1 ", " multiplier ", " offset "\n"          \
    "lsr " p0 ", " p0 ", #31\nlsr " p1 ", " p1 ", #31\n"                                                     \
    "sub " p0 ", r12, " p0 ", lsl #7\nsub " p1 ", lr, " p1 ", lsl #7\n"                                      \
    "asr " p0 ", " p0 ", " right "\nasr " p1 ", " p1 ", " right "\n"                                         \
    "ssat " p0 ", #8, " p0 "\nssat " p1 ", #8, " p1 "\n"

#define NN_POINTWISE_HIGH_OUTPUT(p0, p1, multiplier, offset, right)                                          \
    "smmla " p0 ", " p0 ", " multiplier ", " offset "\nsmmla " p1 ", " p1 ", " multiplier ", " offset "\n"   \
    "ssat " p0 ", #8, " p0 ", asr #16\nssat " p1 ", #8, " p1 ", asr #16\n"

/* nn_run_pair for two channels with nn_outputs. The first round of at most 16 quads enters its unrolled code
 * in the middle, unless `enter` is empty; `again` goes round until all weights are through. On the stack:
 * out, next, end, entry, and the end of the weights. */
#define NN_POINTWISE_LOOP(name, quads, enter, again, output)                                                 \
    NN_POINTWISE_FUNCTION name(const int16_t *pixels NN_UNUSED, const int16_t *stream NN_UNUSED,             \
                               int8_t *out NN_UNUSED, const nn_pixel_pairs *pairs NN_UNUSED) {               \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r3, {r3-r6}\n"                                                                 \
                         "adr.w r7, 3f\n"                                                                    \
                         "mov lr, #40\n"                                                                     \
                         "mls r5, r5, lr, r7\n"                                                              \
                         "orr r5, r5, #1\n"                                                                  \
                         "push {r2-r6}\n"                                                                    \
                         "1: ldmia r1!, {r2-r5}\n" enter ".balign 4\n"                                       \
                         "2:\n.rept " quads "\n" NN_POINTWISE_QUAD ".endr\n"                                 \
                         "3:\n" again "ldm r1, {r1, r6-r11}\n" output("r2", "r4", "r6", "r7", "r8") output(  \
                             "r3", "r5", "r9", "r10", "r11") "ldm sp, {r6-r8}\n"                             \
                                                             "bfi r2, r3, #8, #8\nbfi r4, r5, #8, #8\n"      \
                                                             "strh r2, [r6]\nstrh r4, [r6, r7]\n"            \
                                                             "add r6, r6, r7, lsl #1\n"                      \
                                                             "str r6, [sp]\n"                                \
                                                             "cmp r0, r8\n"                                  \
                                                             "bne.w 1b\n"                                    \
                                                             "add sp, sp, #20\n"                             \
                                                             "pop {r4-r11, pc}\n");                          \
    }
#define NN_POINTWISE_ENTER "ldr pc, [sp, #12]\n"
#define NN_POINTWISE_AGAIN "ldr r6, [sp, #16]\ncmp r1, r6\nbne.w 2b\n"

/* Up to 16 quads, and more. */
NN_POINTWISE_LOOP(nn_pair_short, "16", NN_POINTWISE_ENTER, "", NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_short_ties, "16", NN_POINTWISE_ENTER, "", NN_POINTWISE_TIES_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_long, "16", NN_POINTWISE_ENTER, NN_POINTWISE_AGAIN, NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_long_ties, "16", NN_POINTWISE_ENTER, NN_POINTWISE_AGAIN, NN_POINTWISE_TIES_OUTPUT)

/* The usual numbers of quads exactly, and multiples of 16. */
NN_POINTWISE_LOOP(nn_pair_2, "2", "", "", NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_2_high, "2", "", "", NN_POINTWISE_HIGH_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_4, "4", "", "", NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_4_high, "4", "", "", NN_POINTWISE_HIGH_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_8, "8", "", "", NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_8_high, "8", "", "", NN_POINTWISE_HIGH_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_16, "16", "", "", NN_POINTWISE_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_16_high, "16", "", "", NN_POINTWISE_HIGH_OUTPUT)
NN_POINTWISE_LOOP(nn_pair_16s, "16", "", NN_POINTWISE_AGAIN, NN_POINTWISE_OUTPUT)

typedef void nn_pair_function(const int16_t *, const int16_t *, int8_t *, const nn_pixel_pairs *);

/* The loop for so many quads; high: where `right` of both channels is 16. */
static inline nn_pair_function *nn_pair_loop(int32_t quads, int ties, int high) {
    static nn_pair_function *const exact[4][2] = {{nn_pair_2, nn_pair_2_high},
                                                  {nn_pair_4, nn_pair_4_high},
                                                  {nn_pair_8, nn_pair_8_high},
                                                  {nn_pair_16, nn_pair_16_high}};
    if (ties)
        return quads > 16 ? nn_pair_long_ties : nn_pair_short_ties;
    for (int32_t i = 0; i < 4; i++)
        if (quads == 2 << i)
            return exact[i][high];
    if (quads > 16)
        return quads % 16 ? nn_pair_long : nn_pair_16s;
    return nn_pair_short;
}

/* Two channels of both pixels (r0) times four of weights (r1), twice: adds to the sums of pixel 0 in r6 to
 * r9, and of pixel 1 in r10 to r12 and lr. 76 bytes of code. */
#define NN_FOUR_PRODUCTS(c0p0, c0p1, c1p0, c1p1)                                                             \
    "ldmia.n r1!, {r4, r5}\n"                                                                                \
    "smlad " c0p0 ", r2, r4, " c0p0 "\nsmlad " c0p1 ", r3, r4, " c0p1 "\n"                                   \
    "smlad " c1p0 ", r2, r5, " c1p0 "\nsmlad " c1p1 ", r3, r5, " c1p1 "\n"
#define NN_FOUR_WORD                                                                                         \
    "ldmia.n r0!, {r2, r3}\n" NN_FOUR_PRODUCTS("r6", "r10", "r7", "r11")                                     \
        NN_FOUR_PRODUCTS("r8", "r12", "r9", "lr")
#define NN_FOUR_QUAD NN_FOUR_WORD NN_FOUR_WORD
#define NN_FOUR_QUAD_BYTES "76"

/* The outputs of both pixels to r6 and r10, with NN_FOUR_UNSIGNED where `right` is 16. */
#define NN_FOUR_SCALE(c0p0, c0p1, c1p0, c1p1)                                                                \
    "ldmia r1!, {r2-r5}\n"                                                                                   \
    "smmla " c0p0 ", " c0p0 ", r2, r3\nsmmla " c0p1 ", " c0p1 ", r2, r3\n"                                   \
    "smmla " c1p0 ", " c1p0 ", r4, r5\nsmmla " c1p1 ", " c1p1 ", r4, r5\n"
#define NN_FOUR_HIGH_HALVES(c0, c1, c2, c3)                                                                  \
    "pkhtb " c0 ", " c2 ", " c0 ", asr #16\npkhtb " c1 ", " c3 ", " c1 ", asr #16\n"                         \
    "usat16 " c0 ", #8, " c0 "\nusat16 " c1 ", #8, " c1 "\n"                                                 \
    "orr " c0 ", " c0 ", " c1 ", lsl #8\neor " c0 ", " c0 ", #0x80808080\n"
#define NN_FOUR_HIGH                                                                                         \
    NN_FOUR_SCALE("r6", "r10", "r7", "r11")                                                                  \
    NN_FOUR_SCALE("r8", "r12", "r9", "lr")                                                                   \
    NN_FOUR_HIGH_HALVES("r6", "r7", "r8", "r9") NN_FOUR_HIGH_HALVES("r10", "r11", "r12", "lr")
#define NN_FOUR_BYTES(c0, c1, c2, c3)                                                                        \
    "asr " c0 ", " c0 ", r2\nasr " c1 ", " c1 ", r3\nasr " c2 ", " c2 ", r4\nasr " c3 ", " c3 ", r5\n"       \
    "ssat " c0 ", #8, " c0 "\nssat " c1 ", #8, " c1 "\nssat " c2 ", #8, " c2 "\nssat " c3 ", #8, " c3 "\n"   \
    "bfi " c0 ", " c1 ", #8, #8\nbfi " c2 ", " c3 ", #8, #8\npkhbt " c0 ", " c0 ", " c2 ", lsl #16\n"
#define NN_FOUR_SHIFT                                                                                        \
    "ldm r1, {r2-r5}\n" NN_FOUR_BYTES("r6", "r7", "r8", "r9") NN_FOUR_BYTES("r10", "r11", "r12", "lr")
#define NN_FOUR_ANY                                                                                          \
    NN_FOUR_SCALE("r6", "r10", "r7", "r11") NN_FOUR_SCALE("r8", "r12", "r9", "lr") NN_FOUR_SHIFT
#define NN_FOUR_TAKE_TIES(p0, p1)                                                                            \
    "ldmia r1!, {r2, r3}\n"                                                                                  \
    "smmla r4, " p0 ", r2, r3\nsmmla r5, " p1 ", r2, r3\n"                                                   \
    "lsr " p0 ", " p0 ", #31\nlsr " p1 ", " p1 ", #31\n"                                                     \
    "sub " p0 ", r4, " p0 ", lsl #7\nsub " p1 ", r5, " p1 ", lsl #7\n"
#define NN_FOUR_TIES                                                                                         \
    NN_FOUR_TAKE_TIES("r6", "r10")                                                                           \
    NN_FOUR_TAKE_TIES("r7", "r11") NN_FOUR_TAKE_TIES("r8", "r12") NN_FOUR_TAKE_TIES("r9", "lr") NN_FOUR_SHIFT

/* The same for four channels, in rounds of 8 quads. On the stack: stream, out, next, end, entry, and the end
 * of the weights. */
#define NN_FOUR_LOOP(name, quads, enter, again, output)                                                      \
    NN_POINTWISE_FUNCTION name(const int16_t *pixels NN_UNUSED, const int16_t *stream NN_UNUSED,             \
                               int8_t *out NN_UNUSED, const nn_pixel_pairs *pairs NN_UNUSED) {               \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r3, {r3-r6}\n"                                                                 \
                         "adr.w r7, 3f\n"                                                                    \
                         "mov lr, #" NN_FOUR_QUAD_BYTES "\n"                                                 \
                         "mls r5, r5, lr, r7\n"                                                              \
                         "orr r5, r5, #1\n"                                                                  \
                         "push {r1-r6}\n"                                                                    \
                         "1: ldmia r1!, {r6-r12, lr}\n" enter ".balign 4\n"                                  \
                         "2:\n.rept " quads "\n" NN_FOUR_QUAD ".endr\n"                                      \
                         "3:\n" again output "ldm sp, {r1-r4}\n"                                             \
                         "str r6, [r2]\nstr r10, [r2, r3]\n"                                                 \
                         "add r2, r2, r3, lsl #1\n"                                                          \
                         "str r2, [sp, #4]\n"                                                                \
                         "cmp r0, r4\n"                                                                      \
                         "bne.w 1b\n"                                                                        \
                         "add sp, sp, #24\n"                                                                 \
                         "pop {r4-r11, pc}\n");                                                              \
    }
#define NN_FOUR_ENTER "ldr pc, [sp, #16]\n"
#define NN_FOUR_AGAIN "ldr r2, [sp, #20]\ncmp r1, r2\nbne.w 2b\n"

NN_FOUR_LOOP(nn_four_2, "2", "", "", NN_FOUR_ANY)
NN_FOUR_LOOP(nn_four_2_high, "2", "", "", NN_FOUR_HIGH)
NN_FOUR_LOOP(nn_four_4, "4", "", "", NN_FOUR_ANY)
NN_FOUR_LOOP(nn_four_4_high, "4", "", "", NN_FOUR_HIGH)
NN_FOUR_LOOP(nn_four_8, "8", "", "", NN_FOUR_ANY)
NN_FOUR_LOOP(nn_four_8_high, "8", "", "", NN_FOUR_HIGH)
NN_FOUR_LOOP(nn_four_8s, "8", "", NN_FOUR_AGAIN, NN_FOUR_ANY)
NN_FOUR_LOOP(nn_four_8s_high, "8", "", NN_FOUR_AGAIN, NN_FOUR_HIGH)
NN_FOUR_LOOP(nn_four_8s_ties, "8", "", NN_FOUR_AGAIN, NN_FOUR_TIES)
NN_FOUR_LOOP(nn_four_any, "8", NN_FOUR_ENTER, NN_FOUR_AGAIN, NN_FOUR_ANY)
NN_FOUR_LOOP(nn_four_any_ties, "8", NN_FOUR_ENTER, NN_FOUR_AGAIN, NN_FOUR_TIES)

/* The same as nn_pair_loop. Of `any`, offsets are as they are. */
static inline nn_pair_function *nn_four_loop(int32_t quads, int ties, int high) {
    if (ties)
        return quads % NN_FOUR_ROUND ? nn_four_any_ties : nn_four_8s_ties;
    if (quads == 2)
        return high ? nn_four_2_high : nn_four_2;
    if (quads == 4)
        return high ? nn_four_4_high : nn_four_4;
    if (quads == 8)
        return high ? nn_four_8_high : nn_four_8;
    if (quads % NN_FOUR_ROUND)
        return nn_four_any;
    return high ? nn_four_8s_high : nn_four_8s;
}

/* Four packed channels, that is two pairs (r1), of `quads` times four weights to a stream (r0); r3 is added
 * to offsets. Returns the end of `packed`. */
static __attribute__((naked, noinline, unused)) const int32_t *nn_unpack_four(int16_t *stream NN_UNUSED,
                                                                              const int32_t *packed NN_UNUSED,
                                                                              int32_t quads NN_UNUSED,
                                                                              int32_t added NN_UNUSED) {
    __asm__ volatile("push {r3-r11, lr}\n"
                     "add r3, r1, r2, lsl #3\n"
                     "add r3, r3, #32\n"
                     "add r12, r1, #8\nadd lr, r3, #8\n"
                     "ldrd r4, r5, [r1], #32\nldrd r6, r7, [r3], #32\n"
                     "stmia r0!, {r4-r7}\nstmia r0!, {r4-r7}\n"
                     "1: ldmia r1!, {r8, r9}\nldmia r3!, {r10, r11}\n"
                     "sxtb16 r4, r8\nsxtb16 r5, r9\nsxtb16 r6, r10\nsxtb16 r7, r11\n"
                     "sxtb16 r8, r8, ror #8\nsxtb16 r9, r9, ror #8\n"
                     "sxtb16 r10, r10, ror #8\nsxtb16 r11, r11, ror #8\n"
                     "stmia r0!, {r4-r11}\n"
                     "subs r2, r2, #1\n"
                     "bne 1b\n"
                     "ldr r10, [sp]\n"
                     "ldm r12, {r4-r9}\n"
                     "add r5, r5, r10\nadd r8, r8, r10\n"
                     "stmia r0!, {r4, r5, r7, r8}\n"
                     "mov r1, r6\nmov r2, r9\n"
                     "ldm lr, {r4-r9}\n"
                     "add r5, r5, r10\nadd r8, r8, r10\n"
                     "stmia r0!, {r4, r5, r7, r8}\n"
                     "stm r0, {r1, r2, r6, r9}\n"
                     "mov r0, r3\n"
                     "pop {r3-r11, pc}\n");
}

/* The weights of two packed channels to every other two words of a stream, times powers of two; masks: all
 * bits but those that a product takes from lane 0 to lane 1. */
typedef struct {
    int32_t factors[2];
    uint32_t masks[2];
} nn_raise;

NN_POINTWISE_FUNCTION nn_raise_pair(int16_t *to NN_UNUSED, const int32_t *packed NN_UNUSED,
                                    int32_t quads NN_UNUSED, const nn_raise *raise NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldm r3, {r8-r11}\n"
                     "1: ldmia r1!, {r4, r5}\n"
                     "sxtb16 r6, r4, ror #8\nsxtb16 r7, r5, ror #8\nsxtb16 r4, r4\nsxtb16 r5, r5\n"
                     "mul r4, r4, r8\nmul r5, r5, r9\nmul r6, r6, r8\nmul r7, r7, r9\n"
                     "and r4, r4, r10\nand r5, r5, r11\nand r6, r6, r10\nand r7, r7, r11\n"
                     "strd r4, r5, [r0], #16\nstrd r6, r7, [r0], #16\n"
                     "subs r2, r2, #1\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}

/* nn_unpack_four such that all outputs are high halves: `right` of each is raised to 16. */
static NN_NOINLINE const int32_t *nn_unpack_four_raised(int16_t *stream, const int32_t *packed,
                                                        int32_t quads) {
    int32_t *words = (int32_t *)stream, *ends = words + 8 + 8 * quads;
    for (int32_t i = 0; i < 4; i += 2, ends += 4) {
        const nn_pair *pair = (const nn_pair *)packed;
        nn_raise raise;
        for (int32_t j = 0; j < 2; j++) {
            const nn_output *output = &pair->output[j];
            const int32_t doublings = 16 - output->right;
            words[i + j] = words[4 + i + j] = (int32_t)((uint32_t)pair->bias[j] << doublings);
            raise.factors[j] = 1 << doublings;
            raise.masks[j] = 0xFFFF0000u << doublings | 0xFFFF;
            ends[2 * j] = output->multiplier;
            ends[2 * j + 1] = (int32_t)((uint32_t)output->offset << doublings) + NN_FOUR_UNSIGNED;
        }
        nn_raise_pair(stream + NN_FOUR_BIAS + 2 * i, packed + NN_PAIR_WORDS, quads, &raise);
        packed += NN_PAIR_WORDS + 2 * quads;
    }
    return packed;
}

/* Two packed channels (r1) of `quads` times four weights to a stream (r0). Bytes 0 and 2 of both come first,
 * then 1 and 3. Returns the end of `packed`. */
static __attribute__((naked, noinline, unused)) const int32_t *
nn_unpack_pair(int16_t *stream NN_UNUSED, const int32_t *packed NN_UNUSED, int32_t quads NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldmia r1!, {r4-r11}\n"
                     "add r12, r0, r2, lsl #4\n"
                     "str r0, [r12, #16]!\n"
                     "add r12, r12, #4\n"
                     "stm r12, {r6-r11}\n"
                     "mov r6, r4\nmov r7, r5\n"
                     "stmia r0!, {r4-r7}\n"
                     "lsrs r2, r2, #1\n"
                     "bcc 1f\n"
                     "ldrd r3, r11, [r1], #8\n"
                     "sxtb16 r4, r3\nsxtb16 r5, r11\nsxtb16 r6, r3, ror #8\nsxtb16 r7, r11, ror #8\n"
                     "stmia r0!, {r4-r7}\n"
                     "1: cbz r2, 3f\n"
                     "2: ldmia r1!, {r3, r11, r12, lr}\n"
                     "sxtb16 r4, r3\nsxtb16 r5, r11\nsxtb16 r6, r3, ror #8\nsxtb16 r7, r11, ror #8\n"
                     "sxtb16 r8, r12\nsxtb16 r9, lr\nsxtb16 r10, r12, ror #8\nsxtb16 r11, lr, ror #8\n"
                     "stmia r0!, {r4-r11}\n"
                     "subs r2, r2, #1\n"
                     "bne 2b\n"
                     "3: mov r0, r1\n"
                     "pop {r4-r11, pc}\n");
}

/* Four bytes of each of two pixels as lanes times 256 (r0), in the same order, for all pairs of pixels next
 * to each other (r1). */
NN_POINTWISE_FUNCTION nn_widen_pixels(int16_t *to NN_UNUSED, const int8_t *from NN_UNUSED,
                                      int32_t quads NN_UNUSED, int32_t pairs NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "mov r12, #0xFF00FF00\n"
                     "mov lr, r2\n"
                     "0: add r2, r1, lr, lsl #2\n"
                     "push {r3, lr}\n"
                     "lsrs r3, lr, #1\n"
                     "bcc 1f\n"
                     "ldr r4, [r1], #4\nldr r5, [r2], #4\n"
                     "and r6, r12, r4\nand r7, r12, r5\nand r4, r12, r4, lsl #8\nand r5, r12, r5, lsl #8\n"
                     "stmia r0!, {r4-r7}\n"
                     "1: cbz r3, 3f\n"
                     "2: ldr r4, [r1], #4\nldr r5, [r2], #4\nldr r8, [r1], #4\nldr r9, [r2], #4\n"
                     "and r6, r12, r4\nand r7, r12, r5\nand r4, r12, r4, lsl #8\nand r5, r12, r5, lsl #8\n"
                     "and r10, r12, r8\nand r11, r12, r9\nand r8, r12, r8, lsl #8\nand r9, r12, r9, lsl #8\n"
                     "stmia r0!, {r4-r11}\n"
                     "subs r3, r3, #1\n"
                     "bne 2b\n"
                     "3: mov r1, r2\n"
                     "pop {r3, lr}\n"
                     "subs r3, r3, #1\n"
                     "bne 0b\n"
                     "pop {r4-r11, pc}\n");
}

/* The same for `words` words of two pixels anywhere. */
NN_POINTWISE_FUNCTION nn_widen_two(int16_t *to NN_UNUSED, const int8_t *a NN_UNUSED,
                                   const int8_t *b NN_UNUSED, int32_t words NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "mov r12, #0xFF00FF00\n"
                     "lsrs r3, r3, #1\n"
                     "bcc 1f\n"
                     "ldr r4, [r1], #4\nldr r5, [r2], #4\n"
                     "and r6, r12, r4\nand r7, r12, r5\nand r4, r12, r4, lsl #8\nand r5, r12, r5, lsl #8\n"
                     "stmia r0!, {r4-r7}\n"
                     "1: cbz r3, 3f\n"
                     "2: ldr r8, [r1, #4]\nldr r9, [r2, #4]\nldr r4, [r1], #8\nldr r5, [r2], #8\n"
                     "and r6, r12, r4\nand r7, r12, r5\nand r4, r12, r4, lsl #8\nand r5, r12, r5, lsl #8\n"
                     "and r10, r12, r8\nand r11, r12, r9\nand r8, r12, r8, lsl #8\nand r9, r12, r9, lsl #8\n"
                     "stmia r0!, {r4-r11}\n"
                     "subs r3, r3, #1\n"
                     "bne 2b\n"
                     "3: pop {r4-r11, pc}\n");
}

#else

static inline const int32_t *nn_unpack_four(int16_t *stream, const int32_t *packed, int32_t quads,
                                            int32_t added) {
    const int32_t *const heads[2] = {packed, packed + NN_PAIR_WORDS + 2 * quads};
    int16_t *const ends = stream + NN_FOUR_BIAS + 16 * quads;
    for (int32_t c = 0; c < 4; c++) {
        const nn_pair *pair = (const nn_pair *)heads[c >> 1];
        const int32_t *weights = heads[c >> 1] + NN_PAIR_WORDS + (c & 1);
        const nn_output *output = &pair->output[c & 1];
        nn_store32(stream + 2 * c, (uint32_t)pair->bias[c & 1]);
        nn_store32(stream + 8 + 2 * c, (uint32_t)pair->bias[c & 1]);
        for (int32_t i = 0; i < quads; i++) {
            nn_store32(stream + NN_FOUR_BIAS + 16 * i + 2 * c, nn_sxtb16((uint32_t)weights[2 * i]));
            nn_store32(stream + NN_FOUR_BIAS + 16 * i + 8 + 2 * c, nn_sxtb16_odd((uint32_t)weights[2 * i]));
        }
        nn_store32(ends + 4 * c, (uint32_t)output->multiplier);
        nn_store32(ends + 4 * c + 2, (uint32_t)output->offset + (uint32_t)added);
        nn_store32(ends + 16 + 2 * c, (uint32_t)output->right);
    }
    return heads[1] + NN_PAIR_WORDS + 2 * quads;
}

static inline void nn_widen_two(int16_t *to, const int8_t *a, const int8_t *b, int32_t words) {
    for (; words > 0; words--, a += 4, b += 4, to += 8) {
        nn_store32(to, nn_load32(a) << 8 & 0xFF00FF00u);
        nn_store32(to + 2, nn_load32(b) << 8 & 0xFF00FF00u);
        nn_store32(to + 4, nn_load32(a) & 0xFF00FF00u);
        nn_store32(to + 6, nn_load32(b) & 0xFF00FF00u);
    }
}

static inline const int32_t *nn_unpack_pair(int16_t *stream, const int32_t *packed, int32_t quads) {
    const nn_pair *pair = (const nn_pair *)packed;
    for (int32_t i = 0; i < 4; i++, stream += 2)
        nn_store32(stream, (uint32_t)pair->bias[i & 1]);
    for (packed += NN_PAIR_WORDS; quads > 0; quads--, packed += 2, stream += 8) {
        for (int32_t i = 0; i < 2; i++) {
            nn_store32(stream + 2 * i, nn_sxtb16((uint32_t)packed[i]));
            nn_store32(stream + 4 + 2 * i, nn_sxtb16_odd((uint32_t)packed[i]));
        }
    }
    return packed;
}

static inline void nn_widen_pixels(int16_t *to, const int8_t *from, int32_t quads, int32_t pairs) {
    for (; pairs > 0; pairs--, from += 4 * quads)
        for (int32_t i = 0; i < quads; i++, from += 4, to += 8) {
            uint32_t a = nn_load32(from), b = nn_load32(from + 4 * quads);
            nn_store32(to, a << 8 & 0xFF00FF00u);
            nn_store32(to + 2, b << 8 & 0xFF00FF00u);
            nn_store32(to + 4, a & 0xFF00FF00u);
            nn_store32(to + 6, b & 0xFF00FF00u);
        }
}

#endif

/* How four channels are unpacked: as they are, or with outputs that are high halves, by nature or since their
 * weights are doubled. */
typedef enum { NN_FOUR_PLAIN, NN_FOUR_HALVES, NN_FOUR_RAISED } nn_four_kind;

/* Pixels for each quad of weights, from which on it pays to double weights so that outputs are high halves.
 */
#define NN_FOUR_RAISE 7

/* Whether none of a pair's outputs is shifted by more than 16, or by so much less that its weights cannot
 * make up for it; *all: is cleared unless both are shifted by 16. */
static inline int nn_can_raise(const nn_pointwise *p, const int32_t *packed, int *all) {
    const nn_output *output = ((const nn_pair *)packed)->output;
    int can = 1;
    for (int32_t i = 0; i < 2; i++) {
        const int32_t doublings = 16 - output[i].right;
        can &= doublings >= 0 && doublings < p->fours;
        *all &= doublings == 0;
    }
    return can;
}

static inline nn_four_kind nn_choose_four(const nn_pointwise *p, const int32_t *packed, int32_t quads,
                                          int32_t pixels) {
    int all = 1,
        can = nn_can_raise(p, packed, &all) & nn_can_raise(p, packed + NN_PAIR_WORDS + 2 * quads, &all);
    if (can && all)
        return NN_FOUR_HALVES;
    return can && NN_ASSEMBLY && pixels >= NN_FOUR_RAISE * quads ? NN_FOUR_RAISED : NN_FOUR_PLAIN;
}

/* Returns the end of `packed`. */
static inline const int32_t *nn_unpack_four_as(nn_four_kind kind, int16_t *stream, const int32_t *packed,
                                               int32_t quads) {
#if NN_ASSEMBLY
    if (kind == NN_FOUR_RAISED)
        return nn_unpack_four_raised(stream, packed, quads);
#endif
    return nn_unpack_four(stream, packed, quads, kind == NN_FOUR_HALVES ? NN_FOUR_UNSIGNED : 0);
}

/* Doubles the weights of a stream so many times. */
static NN_NOINLINE void nn_double_weights(int16_t *stream, int32_t quads, int32_t times) {
    for (int16_t *end = stream + 8 * quads; stream != end; stream += 8) {
        uint32_t a = nn_load32(stream), b = nn_load32(stream + 2);
        uint32_t c = nn_load32(stream + 4), d = nn_load32(stream + 6);
        for (int32_t i = times; i > 0; i--)
            a = nn_add16(a, a), b = nn_add16(b, b), c = nn_add16(c, c), d = nn_add16(d, d);
        nn_store32(stream, a), nn_store32(stream + 2, b);
        nn_store32(stream + 4, c), nn_store32(stream + 6, d);
    }
}

/* Bytes as lanes, times 256 if `scaled`: word 0, and the next at to[4]. */
static inline void nn_widen_bytes(int16_t *to, uint32_t bytes, int scaled) {
    nn_store32(to, scaled ? bytes << 8 & 0xFF00FF00u : nn_sxtb16(bytes));
    nn_store32(to + 4, scaled ? bytes & 0xFF00FF00u : nn_sxtb16_odd(bytes));
}

#endif
