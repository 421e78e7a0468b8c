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

#else

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
