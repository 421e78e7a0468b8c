/* 3x3 depthwise convolution of many rows at a time, four channels after four. A band is two output rows. For
 * each band, column of the window and channel, scratch holds the rows that the band reads in pairs, as lanes
 * times 256: with stride 1 two words (rows 0 and 1, rows 2 and 3), with stride 2 three (rows 0 and 1, 2 and
 * 3, 4 and another). So two by two outputs share what is loaded: 24 multiplications for 36 taps. */
#ifndef NN_DEPTHWISE_ROWS_H
#define NN_DEPTHWISE_ROWS_H

#include "nn.h"
#include "nn_depthwise_assembly.h"

#define NN_BAND_CHANNELS 4

/* A column of a band: words of a channel, and of all four. */
static inline int32_t nn_band_words(int32_t stride) { return stride + 1; }
static inline int32_t nn_band_column(int32_t stride) { return NN_BAND_CHANNELS * nn_band_words(stride); }

/* Outputs of some columns of a band: where its words begin and end, and both rows' first output; all of
 * channel 0. */
typedef struct {
    const int32_t *at, *end;
    int8_t *first, *second;
} nn_band_run;

/* All runs of a map; step: bytes from an output to the next; odd: a column comes after the pairs of each run.
 */
typedef struct {
    const nn_band_run *runs, *end;
    int32_t step, odd;
} nn_band_sweep;

#if NN_ASSEMBLY

typedef void nn_band_function(const nn_band_sweep *, const nn_depthwise_block *, int32_t, int32_t);

/* Pairs of a row with the one below, four channels of each column: to words `first` and `second`, each of a
 * band, which may be the same. The rows end at row0, row1, where `offset` (negative, a multiple of step) is
 * the first pixel. */
#define NN_BAND_STORE(base, c1, c2, c3, column)                                                              \
    "str r12, [" base ", #" c1 "]\nstr r9, [" base ", #" c2 "]\nstr r7, [" base ", #" c3 "]\n"               \
    "str r11, [" base "], #" column "\n"
#define NN_PAIR_BAND(name, c1, c2, c3, column)                                                               \
    NN_DEPTHWISE_FUNCTION name(int32_t *first NN_UNUSED, int32_t *second NN_UNUSED,                          \
                               const int8_t *row0 NN_UNUSED, const int8_t *row1 NN_UNUSED,                   \
                               int32_t step NN_UNUSED, int32_t offset NN_UNUSED) {                           \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldrd r4, r5, [sp, #36]\n"                                                          \
                         "mov r6, #0xFF00FF00\n"                                                             \
                         "cmp r0, r1\n"                                                                      \
                         "beq 2f\n"                                                                          \
                         "1:\n" NN_BAND_LANES NN_BAND_STORE("r0", c1, c2, c3, column) NN_BAND_STORE(         \
                             "r1", c1, c2, c3, column) "bne 1b\n"                                            \
                                                       "pop {r4-r11, pc}\n"                                  \
                                                       "2:\n" NN_BAND_LANES NN_BAND_STORE(                   \
                                                           "r0", c1, c2, c3, column) "bne 2b\n"              \
                                                                                     "pop {r4-r11, pc}\n");  \
    }
#define NN_BAND_LANES                                                                                        \
    "ldr r7, [r2, r5]\nldr r8, [r3, r5]\n"                                                                   \
    "adds r5, r5, r4\n"                                                                                      \
    "pkhbt r9, r7, r8, lsl #16\npkhtb r7, r8, r7, asr #16\n"                                                 \
    "and r11, r6, r9, lsl #8\nand r12, r6, r9\n"                                                             \
    "and r9, r6, r7, lsl #8\nand r7, r6, r7\n"

NN_PAIR_BAND(nn_pair_band_s1, "8", "16", "24", "32")
NN_PAIR_BAND(nn_pair_band_s2, "12", "24", "36", "48")

/* A column with stride 1, rows 0 to 3 in r1, lr: adds it to the sums of both rows. w01, w12: weights of rows
 * 0 and 1, 1 and 2. */
#define NN_BAND_S1(w01, w12, row0, row1, start0, start1)                                                     \
    "smlad " row0 ", r1, " w01 ", " start0 "\nsmlabt " row0 ", lr, " w12 ", " row0 "\n"                      \
    "smlatb " row1 ", r1, " w01 ", " start1 "\nsmlad " row1 ", lr, " w12 ", " row1 "\n"
#define NN_BAND_S1_0(row0, row1) NN_BAND_S1("r3", "r6", row0, row1, "r12", "r12")
#define NN_BAND_S1_1(row0, row1) NN_BAND_S1("r4", "r7", row0, row1, row0, row1)
#define NN_BAND_S1_2(row0, row1) NN_BAND_S1("r5", "r8", row0, row1, row0, row1)
/* Two by two outputs in r9 and r10, r11 and r12. */
#define NN_BAND_LOAD(from) "ldrd r1, lr, " from "\n"
#define NN_BAND_FOUR_S1                                                                                      \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD("[r0], #64") NN_BAND_S1_0("r9", "r11") NN_BAND_LOAD("[r0, #-32]")    \
        NN_BAND_S1_1("r9", "r11") NN_BAND_S1_0("r10", "r12") NN_BAND_LOAD("[r0]") NN_BAND_S1_2("r9", "r11")  \
            NN_BAND_S1_1("r10", "r12") NN_BAND_LOAD("[r0, #32]") NN_BAND_S1_2("r10", "r12")
/* A column of two outputs in r9 and r11. */
#define NN_BAND_TWO_S1                                                                                       \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD("[r0]") NN_BAND_S1_0("r9", "r11") NN_BAND_LOAD("[r0, #32]")          \
        NN_BAND_S1_1("r9", "r11") NN_BAND_LOAD("[r0, #64]") NN_BAND_S1_2("r9", "r11")

/* With stride 2: rows 0 to 4 in r1, lr, r8; w01 in r3 to r5, the weights of row 2 in r6 and r7. */
#define NN_BAND_S2(w01, w2, lane, row0, row1, start0, start1)                                                \
    "smlad " row0 ", r1, " w01 ", " start0 "\nsmlab" lane " " row0 ", lr, " w2 ", " row0 "\n"                \
    "smlad " row1 ", lr, " w01 ", " start1 "\nsmlab" lane " " row1 ", r8, " w2 ", " row1 "\n"
#define NN_BAND_S2_0(row0, row1) NN_BAND_S2("r3", "r6", "b", row0, row1, "r12", "r12")
#define NN_BAND_S2_1(row0, row1) NN_BAND_S2("r4", "r6", "t", row0, row1, row0, row1)
#define NN_BAND_S2_2(row0, row1) NN_BAND_S2("r5", "r7", "b", row0, row1, row0, row1)
#define NN_BAND_LOAD_S2(from, last) "ldr r8, " last "\n" NN_BAND_LOAD(from)
#define NN_BAND_FOUR_S2                                                                                      \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD_S2("[r0], #192", "[r0, #8]") NN_BAND_S2_0("r9", "r11")               \
        NN_BAND_LOAD_S2("[r0, #-144]", "[r0, #-136]") NN_BAND_S2_1("r9", "r11")                              \
            NN_BAND_LOAD_S2("[r0, #-96]", "[r0, #-88]") NN_BAND_S2_2("r9", "r11") NN_BAND_S2_0("r10", "r12") \
                NN_BAND_LOAD_S2("[r0, #-48]", "[r0, #-40]") NN_BAND_S2_1("r10", "r12")                       \
                    NN_BAND_LOAD_S2("[r0]", "[r0, #8]") NN_BAND_S2_2("r10", "r12")
#define NN_BAND_TWO_S2                                                                                       \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD_S2("[r0]", "[r0, #8]") NN_BAND_S2_0("r9", "r11")                     \
        NN_BAND_LOAD_S2("[r0, #48]", "[r0, #56]") NN_BAND_S2_1("r9", "r11")                                  \
            NN_BAND_LOAD_S2("[r0, #96]", "[r0, #104]") NN_BAND_S2_2("r9", "r11")

/* The weights, whose first five words are in r3 to r7. */
#define NN_BAND_WEIGHTS_S1                                                                                   \
    "lsl r8, r7, #16\npkhtb r8, r8, r5, asr #16\n"                                                           \
    "lsl r9, r6, #16\npkhtb r7, r6, r4, asr #16\n"                                                           \
    "pkhtb r6, r9, r3, asr #16\n"
#define NN_BAND_WEIGHTS_S2 ""

/* nn_output_scaled of all four, r1: multiplier, lr: offset. */
#define NN_BAND_HIGH NN_EACH(NN_HIGH_HALF) NN_EACH(NN_SATURATE_HIGH)
#define NN_BAND_ANY NN_EACH(NN_HIGH_HALF) "ldr r1, [sp, #24]\n" NN_EACH(NN_SHIFT) NN_EACH(NN_SATURATE)
#define NN_BAND_TIES                                                                                         \
    "ldr r3, [sp, #28]\n" NN_EACH(NN_TAKE_TIES) "ldr r1, [sp, #24]\n" NN_EACH(NN_SHIFT)                      \
        NN_EACH(NN_SATURATE) "ldr r1, [sp, #48]\nldrd r3, r4, [r1, #4]\n"

/* All runs of a channel, whose words are `plane` bytes from those of channel 0. On the stack: distance of the
 * second row, end of the run, step; bias; output and ties of the block; runs and their end; plane, channel;
 * the block; whether a column comes last, for which r10 and r12 are scaled in vain. */
#define NN_BAND_SWEEP(name, weights, four, two, outputs)                                                     \
    NN_DEPTHWISE_FUNCTION name(const nn_band_sweep *sweep NN_UNUSED,                                         \
                               const nn_depthwise_block *block NN_UNUSED, int32_t plane NN_UNUSED,           \
                               int32_t channel NN_UNUSED) {                                                  \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r0, {r4, r5, r11, r12}\n"                                                      \
                         "mov r6, r2\nmov r7, r3\nmov r8, r1\n"                                              \
                         "push {r4-r8, r12}\n"                                                               \
                         "ldr r4, [r1], #24\n"                                                               \
                         "mov r3, r11\n"                                                                     \
                         "ldm r1, {r5-r8}\n"                                                                 \
                         "push {r3-r8}\n"                                                                    \
                         "sub sp, sp, #8\n"                                                                  \
                         "sub r1, r1, #20\n"                                                                 \
                         "ldm r1, {r3-r7}\n" weights "ldr r9, [sp, #32]\n"                                   \
                         "1: ldm r9!, {r0, r1, r2, lr}\n"                                                    \
                         "ldrd r11, r12, [sp, #40]\n"                                                        \
                         "str r9, [sp, #32]\n"                                                               \
                         "sub lr, lr, r2\n"                                                                  \
                         "add r0, r0, r11\nadd r1, r1, r11\nadd r2, r2, r12\n"                               \
                         "strd lr, r1, [sp]\n"                                                               \
                         "2:\n" four "ldrd r1, lr, [sp, #16]\n" outputs "strb r9, [r2]\n"                    \
                         "ldm sp, {r1, r9, lr}\n"                                                            \
                         "strb r11, [r2, r1]\nstrb r10, [r2, lr]\n"                                          \
                         "add r1, r1, lr\n"                                                                  \
                         "cmp r0, r9\n"                                                                      \
                         "strb r12, [r2, r1]\n"                                                              \
                         "add r2, r2, lr, lsl #1\n"                                                          \
                         "bne.w 2b\n"                                                                        \
                         "ldr r1, [sp, #52]\ncmp r1, #0\nbeq.w 3f\n" two "ldrd r1, lr, [sp, #16]\n" outputs  \
                         "strb r9, [r2]\nldr r1, [sp]\nstrb r11, [r2, r1]\n"                                 \
                         "3: ldrd r9, r10, [sp, #32]\n"                                                      \
                         "cmp r9, r10\n"                                                                     \
                         "bne.w 1b\n"                                                                        \
                         "add sp, sp, #56\n"                                                                 \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_BAND_SWEEP(nn_band_s1, NN_BAND_WEIGHTS_S1, NN_BAND_FOUR_S1, NN_BAND_TWO_S1, NN_BAND_HIGH)
NN_BAND_SWEEP(nn_band_s1_any, NN_BAND_WEIGHTS_S1, NN_BAND_FOUR_S1, NN_BAND_TWO_S1, NN_BAND_ANY)
NN_BAND_SWEEP(nn_band_s1_ties, NN_BAND_WEIGHTS_S1, NN_BAND_FOUR_S1, NN_BAND_TWO_S1, NN_BAND_TIES)
NN_BAND_SWEEP(nn_band_s2, NN_BAND_WEIGHTS_S2, NN_BAND_FOUR_S2, NN_BAND_TWO_S2, NN_BAND_HIGH)
NN_BAND_SWEEP(nn_band_s2_any, NN_BAND_WEIGHTS_S2, NN_BAND_FOUR_S2, NN_BAND_TWO_S2, NN_BAND_ANY)
NN_BAND_SWEEP(nn_band_s2_ties, NN_BAND_WEIGHTS_S2, NN_BAND_FOUR_S2, NN_BAND_TWO_S2, NN_BAND_TIES)

#else

static inline void nn_pair_band(int32_t *first, int32_t *second, const int8_t *row0, const int8_t *row1,
                                int32_t step, int32_t offset, int32_t stride) {
    const int32_t words = nn_band_words(stride);
    for (; offset < 0; offset += step, first += 4 * words, second += 4 * words) {
        uint32_t a = nn_load32(row0 + offset), b = nn_load32(row1 + offset);
        for (int32_t odd = 0; odd < 2; odd++) {
            uint32_t x = (odd ? a : a << 8) & 0xFF00FF00u, y = (odd ? b : b << 8) & 0xFF00FF00u;
            first[odd * words] = second[odd * words] = (int32_t)nn_pack_low(x, y);
            first[(2 + odd) * words] = second[(2 + odd) * words] = (int32_t)nn_pack_high(x, y);
        }
    }
}

static inline void nn_pair_band_s1(int32_t *first, int32_t *second, const int8_t *row0, const int8_t *row1,
                                   int32_t step, int32_t offset) {
    nn_pair_band(first, second, row0, row1, step, offset, 1);
}

static inline void nn_pair_band_s2(int32_t *first, int32_t *second, const int8_t *row0, const int8_t *row1,
                                   int32_t step, int32_t offset) {
    nn_pair_band(first, second, row0, row1, step, offset, 2);
}

#endif

#endif
