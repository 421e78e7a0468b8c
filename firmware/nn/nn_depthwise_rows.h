/* 3x3 depthwise convolution of many rows at a time, four channels after four. A band is two output rows. For
 * each band, column of the window and channel, scratch holds the rows that the band reads in pairs, as lanes
 * times 256: with stride 1 two words (rows 0 and 1, rows 2 and 3), with stride 2 three (rows 0 and 1, 2 and
 * 3, 4 and another). So two by two outputs share what is loaded: 24 multiplications for 36 taps. */
#ifndef NN_DEPTHWISE_ROWS_H
#define NN_DEPTHWISE_ROWS_H

#include <stddef.h>

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

/* All runs of a map; step: bytes from an output to the next; odd: a column comes after the pairs of each run;
 * odd_pairs: these are an odd number. channels: so many, with words `plane` bytes apart. */
typedef struct {
    const nn_band_run *runs, *end;
    int32_t step, odd, odd_pairs, channels, plane;
} nn_band_sweep;

/* What nn_pair_rows_s1 and _s2 make the words of four channels of. rows: two of each pair, NULL for zero
 * points, which are at `zeros` as well; behind: bytes from a row to the end of its columns, of these
 * channels; step: of a pixel; offset: from the end to the first. at: word of column 0 of the first pair.
 * Bytes from the end of a pair's words to the start of the next band's (skip), or of the band's middle pair
 * (middle); from there to the same pair's in the band before (back). Calls change rows. */
typedef struct {
    const int8_t *const *rows;
    int32_t *at;
    const int8_t *zeros;
    int32_t behind, step, offset, pairs, skip, back, middle, band;
} nn_pair_gather;

/* All outputs of some channels: how many bytes the words of the first are from those of channel 0, and its
 * number. */
typedef void nn_band_function(const nn_band_sweep *, const nn_depthwise_block *, int32_t, int32_t);

#if NN_ASSEMBLY

/* The rows of all pairs to the words of their bands, four channels of each column. r0: first word of column 0
 * in the first of its two places, r1: in the second; r2, r3: ends of both rows, whose first pixel is at r5
 * from there; r4: bytes of a pixel; r6: mask; r10: nn_pair_gather; lr: pairs to go. */
#define NN_BAND_STORE(base, c1, c2, c3, column)                                                              \
    "str r12, [" base ", #" c1 "]\nstr r9, [" base ", #" c2 "]\nstr r7, [" base ", #" c3 "]\n"               \
    "str r11, [" base "], #" column "\n"
#define NN_BAND_LANES                                                                                        \
    "ldr r7, [r2, r5]\nldr r8, [r3, r5]\n"                                                                   \
    "adds r5, r5, r4\n"                                                                                      \
    "pkhbt r9, r7, r8, lsl #16\npkhtb r7, r8, r7, asr #16\n"                                                 \
    "and r11, r6, r9, lsl #8\nand r12, r6, r9\n"                                                             \
    "and r9, r6, r7, lsl #8\nand r7, r6, r7\n"
/* Rows of the pair, or zero points; the last pair of stride 2 has one. */
#define NN_BAND_ROWS                                                                                         \
    "ldr r5, [r10, #20]\n"                                                                                   \
    "cmp r2, #0\nit eq\nmoveq r2, r8\n"                                                                      \
    "cmp r3, #0\nit eq\nmoveq r3, r8\n"                                                                      \
    "add r2, r2, r9\nadd r3, r3, r9\n"
#define NN_BAND_TWICE(c1, c2, c3, column)                                                                    \
    "1:\n" NN_BAND_LANES NN_BAND_STORE("r0", c1, c2, c3, column)                                             \
        NN_BAND_STORE("r1", c1, c2, c3, column) "bne 1b\n"
#define NN_BAND_ONCE(c1, c2, c3, column)                                                                     \
    "2:\n" NN_BAND_LANES NN_BAND_STORE("r0", c1, c2, c3, column) "bne 2b\n"

/* Start of nn_pair_rows_s1 and nn_pair_rows_s2: r0 and r1 at the first band, r7 at the rows, lr counts pairs.
 */
#define NN_PAIRS_BEGIN                                                                                       \
    "push {r4-r11, lr}\n"                                                                                    \
    "mov r10, r0\n"                                                                                          \
    "ldr r4, [r10, #16]\nldr lr, [r10, #24]\n"                                                               \
    "mov r6, #0xFF00FF00\n"                                                                                  \
    "ldr r0, [r10, #4]\nmov r1, r0\n"                                                                        \
    "ldr r7, [r10]\n"
/* A pair of rows to r0, and to r1 too if that is another place; ends at label 4 behind the last one. */
#define NN_PAIRS_STORE(c1, c2, c3, column)                                                                   \
    "ldrd r8, r9, [r10, #8]\n"                                                                               \
    "str r7, [r10]\n" NN_BAND_ROWS "cmp r0, r1\n"                                                            \
    "beq 2f\n" NN_BAND_TWICE(c1, c2, c3, column) "b 3f\n" NN_BAND_ONCE(c1, c2, c3,                           \
                                                                       column) "3: subs lr, lr, #1\n"        \
                                                                               "beq 4f\n"                    \
                                                                               "ldrd r7, r8, [r10, #28]\n"
/* On to the next bands, of which the last pair has one. */
#define NN_PAIRS_NEXT                                                                                        \
    "add r0, r0, r7\n"                                                                                       \
    "add r1, r0, r8\n"                                                                                       \
    "ldr r7, [r10]\n"                                                                                        \
    "cmp lr, #1\n"                                                                                           \
    "it eq\nmoveq r0, r1\n"                                                                                  \
    "b 0b\n"                                                                                                 \
    "4: pop {r4-r11, pc}\n"

NN_DEPTHWISE_FUNCTION nn_pair_rows_s1(nn_pair_gather *gather NN_UNUSED) {
    __asm__ volatile(NN_PAIRS_BEGIN "0: ldrd r2, r3, [r7], #8\n" NN_PAIRS_STORE("8", "16", "24", "32")
                         NN_PAIRS_NEXT);
}

/* Pairs are the first of a band, and the last of the one before; then its middle one. */
NN_DEPTHWISE_FUNCTION nn_pair_rows_s2(nn_pair_gather *gather NN_UNUSED) {
    __asm__ volatile(NN_PAIRS_BEGIN "0: ldr r2, [r7], #4\n"
                                    "mov r3, #0\n"
                                    "cmp lr, #1\n"
                                    "it ne\nldrne r3, [r7], #4\n" NN_PAIRS_STORE("12", "24", "36",
                                                                                 "48") "tst lr, #1\n"
                                                                                       "bne 5f\n"
                                                                                       "ldr r7, [r10, #36]\n"
                                                                                       "add r0, r0, r7\n"
                                                                                       "mov r1, r0\n"
                                                                                       "ldr r7, [r10]\n"
                                                                                       "b 0b\n"
                                                                                       "5:\n" NN_PAIRS_NEXT);
}

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

/* The same where the columns of a channel follow one another: rows 0 to 4 in r1, r8, lr. */
#define NN_BAND_PLANE(w01, w2, lane, row0, row1, start0, start1)                                             \
    "smlad " row0 ", r1, " w01 ", " start0 "\nsmlab" lane " " row0 ", r8, " w2 ", " row0 "\n"                \
    "smlad " row1 ", r8, " w01 ", " start1 "\nsmlab" lane " " row1 ", lr, " w2 ", " row1 "\n"
#define NN_BAND_PLANE_0(row0, row1) NN_BAND_PLANE("r3", "r6", "b", row0, row1, "r12", "r12")
#define NN_BAND_PLANE_1(row0, row1) NN_BAND_PLANE("r4", "r6", "t", row0, row1, row0, row1)
#define NN_BAND_PLANE_2(row0, row1) NN_BAND_PLANE("r5", "r7", "b", row0, row1, row0, row1)
#define NN_BAND_NEXT "ldmia r0!, {r1, r8, lr}\n"
#define NN_BAND_LAST "ldm r0, {r1, r8, lr}\n"
#define NN_BAND_FOUR_PLANE                                                                                   \
    "ldr r12, [sp, #12]\n" NN_BAND_NEXT NN_BAND_PLANE_0("r9", "r11")                                         \
        NN_BAND_NEXT NN_BAND_PLANE_1("r9", "r11") NN_BAND_NEXT NN_BAND_PLANE_2("r9", "r11")                  \
            NN_BAND_PLANE_0("r10", "r12") NN_BAND_NEXT NN_BAND_PLANE_1("r10", "r12")                         \
                NN_BAND_LAST NN_BAND_PLANE_2("r10", "r12")
#define NN_BAND_TWO_PLANE                                                                                    \
    "ldr r12, [sp, #12]\n" NN_BAND_NEXT NN_BAND_PLANE_0("r9", "r11")                                         \
        NN_BAND_NEXT NN_BAND_PLANE_1("r9", "r11") NN_BAND_LAST NN_BAND_PLANE_2("r9", "r11")

/* The weights, whose first five words are in r3 to r7. */
#define NN_BAND_WEIGHTS_S1                                                                                   \
    "lsl r8, r7, #16\npkhtb r8, r8, r5, asr #16\n"                                                           \
    "lsl r9, r6, #16\npkhtb r7, r6, r4, asr #16\n"                                                           \
    "pkhtb r6, r9, r3, asr #16\n"
#define NN_BAND_WEIGHTS_S2 ""

/* nn_output_scaled of all four, or of r9 and r10 alone; r1: multiplier, lr: offset. */
#define NN_BAND_TWO(text) text("r9") text("r10")
#define NN_BAND_HIGH(each) each(NN_HIGH_HALF) each(NN_SATURATE_HIGH)
#define NN_BAND_ANY(each) each(NN_HIGH_HALF) "ldr r1, [sp, #24]\n" each(NN_SHIFT) each(NN_SATURATE)
#define NN_BAND_TIES(each)                                                                                   \
    "ldr r3, [sp, #28]\n" each(NN_TAKE_TIES) "ldr r1, [sp, #24]\n" each(NN_SHIFT)                            \
        each(NN_SATURATE) "ldr r1, [sp, #48]\nldrd r3, r4, [r1, #4]\n"

/* All runs of some channels, whose words are `plane` bytes from those of channel 0 for the first, two times
 * two by two outputs a round; a run whose number of these is odd begins in the middle. On the stack: end of
 * the run, distance of the second row, step; bias; output and ties of the block; run and their end; plane,
 * channel; the block; where a run ends, if a column comes last with that, for which r10 and r12 are scaled in
 * vain; where it begins; the first run; channels to go; bytes to the next. */
#define NN_BAND_STORE_FOUR(load, row)                                                                        \
    "strb r9, [r2]\n" load "strb r11, [r2, " row "]\n"                                                       \
    "add r2, r2, lr\n"                                                                                       \
    "strb r10, [r2]\nstrb r12, [r2, " row "]\n"                                                              \
    "add r2, r2, lr\n"
#define NN_BAND_END_FOUR "strb r9, [r2]\nldr r1, [sp, #4]\nstrb r11, [r2, r1]\n"
#define NN_BAND_STORE_TWO(load, row) "strb r9, [r2]\n" load "add r2, r2, lr\nstrb r10, [r2]\nadd r2, r2, lr\n"
#define NN_BAND_END_TWO "strb r9, [r2]\n"
#define NN_BAND_SWEEP(name, weights, four, two, outputs, store, end)                                         \
    NN_DEPTHWISE_FUNCTION name(const nn_band_sweep *sweep NN_UNUSED,                                         \
                               const nn_depthwise_block *block NN_UNUSED, int32_t plane NN_UNUSED,           \
                               int32_t channel NN_UNUSED) {                                                  \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r0, {r4-r10}\n"                                                                \
                         "sub sp, sp, #72\n"                                                                 \
                         "adr.w r11, 4f\nadr.w r12, 2f\n"                                                    \
                         "cmp r7, #0\n"                                                                      \
                         "it ne\nadrne.w r11, 5f\n"                                                          \
                         "cmp r8, #0\n"                                                                      \
                         "it ne\nadrne.w r12, 3f\n"                                                          \
                         "orr r11, r11, #1\norr r12, r12, #1\n"                                              \
                         "str r6, [sp, #8]\n"                                                                \
                         "strd r5, r2, [sp, #36]\n"                                                          \
                         "strd r3, r1, [sp, #44]\n"                                                          \
                         "strd r11, r12, [sp, #52]\n"                                                        \
                         "strd r4, r9, [sp, #60]\n"                                                          \
                         "str r10, [sp, #68]\n"                                                              \
                         "0: ldm r1, {r3-r12}\n"                                                             \
                         "add r0, sp, #12\n"                                                                 \
                         "stm r0, {r3, r9-r12}\n"                                                            \
                         "add r1, r1, #4\n"                                                                  \
                         "ldm r1, {r3-r7}\n" weights "ldr r9, [sp, #60]\n"                                   \
                         "1: ldm r9!, {r0, r1, r2, lr}\n"                                                    \
                         "ldrd r11, r12, [sp, #40]\n"                                                        \
                         "str r9, [sp, #32]\n"                                                               \
                         "sub lr, lr, r2\n"                                                                  \
                         "add r0, r0, r11\nadd r1, r1, r11\nadd r2, r2, r12\n"                               \
                         "strd r1, lr, [sp]\n"                                                               \
                         "ldr pc, [sp, #56]\n"                                                               \
                         ".balign 4\n"                                                                       \
                         "2:\n" four "ldrd r1, lr, [sp, #16]\n" outputs store(                               \
                             "ldrd r1, lr, [sp, #4]\n",                                                      \
                             "r1") ".balign 4\n"                                                             \
                                   "3:\n" four "ldrd r1, lr, [sp, #16]\n" outputs store(                     \
                                       "ldm sp, {r1, r9, lr}\n",                                             \
                                       "r9") "cmp r0, r1\n"                                                  \
                                             "bne.w 2b\n"                                                    \
                                             "ldr pc, [sp, #52]\n"                                           \
                                             ".balign 4\n"                                                   \
                                             "5:\n" two "ldrd r1, lr, [sp, #16]\n" outputs end ".balign 4\n" \
                                             "4: ldrd r9, r10, [sp, #32]\n"                                  \
                                             "cmp r9, r10\n"                                                 \
                                             "bne.w 1b\n"                                                    \
                                             "ldrd r0, r2, [sp, #64]\n"                                      \
                                             "subs r0, r0, #1\n"                                             \
                                             "beq.w 6f\n"                                                    \
                                             "str r0, [sp, #64]\n"                                           \
                                             "ldrd r3, r4, [sp, #40]\n"                                      \
                                             "ldr r1, [sp, #48]\n"                                           \
                                             "add r3, r3, r2\nadd r4, r4, #1\nadd r1, r1, #40\n"             \
                                             "strd r3, r4, [sp, #40]\n"                                      \
                                             "str r1, [sp, #48]\n"                                           \
                                             "b.w 0b\n"                                                      \
                                             "6: add sp, sp, #72\n"                                          \
                                             "pop {r4-r11, pc}\n");                                          \
    }

#define NN_BAND_SWEEPS(name, weights, four, two)                                                             \
    NN_BAND_SWEEP(name, weights, four, two, NN_BAND_HIGH(NN_EACH), NN_BAND_STORE_FOUR, NN_BAND_END_FOUR)     \
    NN_BAND_SWEEP(name##_any, weights, four, two, NN_BAND_ANY(NN_EACH), NN_BAND_STORE_FOUR,                  \
                  NN_BAND_END_FOUR)                                                                          \
    NN_BAND_SWEEP(name##_ties, weights, four, two, NN_BAND_TIES(NN_EACH), NN_BAND_STORE_FOUR,                \
                  NN_BAND_END_FOUR)

NN_BAND_SWEEPS(nn_band_s1, NN_BAND_WEIGHTS_S1, NN_BAND_FOUR_S1, NN_BAND_TWO_S1)
NN_BAND_SWEEPS(nn_band_s2, NN_BAND_WEIGHTS_S2, NN_BAND_FOUR_S2, NN_BAND_TWO_S2)
NN_BAND_SWEEPS(nn_band_plane, NN_BAND_WEIGHTS_S2, NN_BAND_FOUR_PLANE, NN_BAND_TWO_PLANE)

/* Of a band whose second row is not there: the first alone, two outputs in r9 and r10. */
#define NN_ROW_S1(w01, w12, row, start)                                                                      \
    "smlad " row ", r1, " w01 ", " start "\nsmlabt " row ", lr, " w12 ", " row "\n"
#define NN_ROW_S1_0(row) NN_ROW_S1("r3", "r6", row, "r12")
#define NN_ROW_S1_1(row) NN_ROW_S1("r4", "r7", row, row)
#define NN_ROW_S1_2(row) NN_ROW_S1("r5", "r8", row, row)
#define NN_ROW_PLANE(w01, w2, lane, row, start)                                                              \
    "smlad " row ", r1, " w01 ", " start "\nsmlab" lane " " row ", r8, " w2 ", " row "\n"
#define NN_ROW_PLANE_0(row) NN_ROW_PLANE("r3", "r6", "b", row, "r12")
#define NN_ROW_PLANE_1(row) NN_ROW_PLANE("r4", "r6", "t", row, row)
#define NN_ROW_PLANE_2(row) NN_ROW_PLANE("r5", "r7", "b", row, row)
#define NN_ROW_TWO_S1                                                                                        \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD("[r0], #64") NN_ROW_S1_0("r9") NN_BAND_LOAD("[r0, #-32]")            \
        NN_ROW_S1_1("r9") NN_ROW_S1_0("r10") NN_BAND_LOAD("[r0]") NN_ROW_S1_2("r9") NN_ROW_S1_1("r10")       \
            NN_BAND_LOAD("[r0, #32]") NN_ROW_S1_2("r10")
#define NN_ROW_ONE_S1                                                                                        \
    "ldr r12, [sp, #12]\n" NN_BAND_LOAD("[r0]") NN_ROW_S1_0("r9") NN_BAND_LOAD("[r0, #32]")                  \
        NN_ROW_S1_1("r9") NN_BAND_LOAD("[r0, #64]") NN_ROW_S1_2("r9")
#define NN_ROW_TWO_PLANE                                                                                     \
    "ldr r12, [sp, #12]\n" NN_BAND_NEXT NN_ROW_PLANE_0("r9") NN_BAND_NEXT NN_ROW_PLANE_1("r9")               \
        NN_BAND_NEXT NN_ROW_PLANE_2("r9") NN_ROW_PLANE_0("r10") NN_BAND_NEXT NN_ROW_PLANE_1("r10")           \
            NN_BAND_LAST NN_ROW_PLANE_2("r10")
#define NN_ROW_ONE_PLANE                                                                                     \
    "ldr r12, [sp, #12]\n" NN_BAND_NEXT NN_ROW_PLANE_0("r9") NN_BAND_NEXT NN_ROW_PLANE_1("r9")               \
        NN_BAND_LAST NN_ROW_PLANE_2("r9")
#define NN_ROW_SWEEPS(name, weights, two, one)                                                               \
    NN_BAND_SWEEP(name, weights, two, one, NN_BAND_HIGH(NN_BAND_TWO), NN_BAND_STORE_TWO, NN_BAND_END_TWO)    \
    NN_BAND_SWEEP(name##_any, weights, two, one, NN_BAND_ANY(NN_BAND_TWO), NN_BAND_STORE_TWO,                \
                  NN_BAND_END_TWO)                                                                           \
    NN_BAND_SWEEP(name##_ties, weights, two, one, NN_BAND_TIES(NN_BAND_TWO), NN_BAND_STORE_TWO,              \
                  NN_BAND_END_TWO)

NN_ROW_SWEEPS(nn_row_s1, NN_BAND_WEIGHTS_S1, NN_ROW_TWO_S1, NN_ROW_ONE_S1)
NN_ROW_SWEEPS(nn_row_plane, NN_BAND_WEIGHTS_S2, NN_ROW_TWO_PLANE, NN_ROW_ONE_PLANE)

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

static inline void nn_pair_rows(nn_pair_gather *g, int32_t stride) {
    for (int32_t i = 0; i < g->pairs; i++) {
        const int8_t *row0 = *g->rows++, *row1 = stride == 2 && i + 1 == g->pairs ? NULL : *g->rows++;
        int32_t *place = g->at + i / stride * g->band / 4 + i % stride,
                *before = i % stride || i == 0 ? place : place + g->back / 4;
        nn_pair_band(i + 1 < g->pairs ? place : before, before, (row0 ? row0 : g->zeros) + g->behind,
                     (row1 ? row1 : g->zeros) + g->behind, g->step, g->offset, stride);
    }
}

static inline void nn_pair_rows_s1(nn_pair_gather *g) { nn_pair_rows(g, 1); }
static inline void nn_pair_rows_s2(nn_pair_gather *g) { nn_pair_rows(g, 2); }

#endif

/* Where the words of all bands of a step lie: a column of a channel `column` words after the one before,
 * those of the next channel `plane` words further. spare: a row for outputs that are not there. */
typedef struct {
    const nn_depthwise_rows *p;
    int8_t *const *out;
    int32_t bands, columns, column, plane, band_words;
    int32_t *start; /* of band 0 */
    int8_t *spare;
    nn_band_sweep sweep, single;     /* single: of a last band of one row, if that is not to go to spare */
    nn_band_function *const *sweeps; /* for outputs with a `right` of 16, with any, and with ties */
    nn_band_function *const *singles;
} nn_band_map;

/* With the columns of channels in turn. */
static inline nn_band_map nn_make_bands(const nn_depthwise_rows *p, int8_t *const out[]) {
    nn_band_map m = {.p = p, .out = out};
    while (2 * m.bands < p->rows && out[2 * m.bands])
        m.bands++;
    m.columns = (p->out_w - 1) * p->stride + 3;
    m.plane = nn_band_words(p->stride);
    m.column = nn_band_column(p->stride);
    m.band_words = m.columns * m.column;
    return m;
}

static inline void nn_fill_words(int32_t *to, int32_t count, int32_t word) {
    for (; count > 0; count--)
        *to++ = word;
}

/* Zero points in the columns of a band before `left`, and after `inside` more. */
static inline void nn_fill_padding(const nn_band_map *m, int32_t *band, int32_t left, int32_t inside) {
    const int32_t zeros = (int32_t)(((uint32_t)m->p->in_zero & 0xFF) * 0x01000100u), right = left + inside;
    const int32_t words = NN_BAND_CHANNELS * nn_band_words(m->p->stride);
    for (int32_t done = 0; done < words; done += m->column, band += m->plane) {
        nn_fill_words(band, left * m->column, zeros);
        nn_fill_words(band + right * m->column, (m->columns - right) * m->column, zeros);
    }
}

static inline int8_t *nn_band_row(const nn_band_map *m, int32_t row) {
    return row < m->p->rows && m->out[row] ? m->out[row] : m->spare;
}

/* All outputs of a channel, for any scale: row `odd` of a band needs rows `odd` * stride to + 2 of it. */
static NN_NOINLINE void nn_band_sweep_any(const nn_band_map *m, const nn_depthwise_block *b, int32_t plane,
                                          int32_t channel) {
    const nn_depthwise_rows *p = m->p;
    for (int32_t row = 0; row < 2 * m->bands; row++) {
        const int32_t *at = m->start + (row >> 1) * m->band_words + plane;
        int8_t *out = nn_band_row(m, row);
        if (!out)
            break;
        out += channel;
        for (int32_t x = 0; x < p->out_w; x++, at += p->stride * m->column, out += p->in_c) {
            int32_t acc = b->bias;
            for (int32_t k = 0; k < 3; k++) {
                const int32_t weights[3] = {nn_lane0(b->rows01[k]), nn_lane1(b->rows01[k]),
                                            nn_lane(b->row2[k / 2], k == 1)};
                for (int32_t i = 0; i < 3; i++) {
                    int32_t y = (row & 1) * p->stride + i;
                    acc += weights[i] * nn_lane((uint32_t)at[k * m->column + (y >> 1)], y & 1);
                }
            }
            *out = nn_depthwise_output(b, p->out_min < p->out_zero, p->out_zero, acc);
        }
    }
}

/* Sweeps of all bands, once `start` and `spare` are known; runs: four words for each band. singles: NULL if
 * there is a spare row. */
static inline void nn_start_sweeps(nn_band_map *m, nn_band_function *const sweeps[],
                                   nn_band_function *const singles[], int32_t *runs) {
    const nn_depthwise_rows *p = m->p;
    const int32_t step = p->stride * m->column, even = p->out_w & ~1;
    nn_band_run *run = (nn_band_run *)runs, *end = run + m->bands;
    m->sweeps = sweeps, m->singles = singles;
    for (int32_t band = 0; band < m->bands; band++) {
        const int32_t *at = m->start + band * m->band_words;
        run[band] =
            (nn_band_run){at, at + even * step, nn_band_row(m, 2 * band), nn_band_row(m, 2 * band + 1)};
    }
    if (singles && m->bands > 0 && !end[-1].second)
        end--;
    m->sweep = (nn_band_sweep){run, end, p->in_c, p->out_w & 1, p->out_w >> 1 & 1, 1, 4 * m->plane};
    m->single = m->sweep;
    m->single.runs = end, m->single.end = run + m->bands;
}

/* The outputs of `count` channels, those from `i` of the four from c on, by the sweeps of a kind. */
static inline void nn_sweep_channels(nn_band_map *m, int32_t kind, int32_t c, int32_t i, int32_t count) {
    const nn_depthwise_block *block = (const nn_depthwise_block *)m->p->packed + c + i;
    const int32_t plane = 4 * i * m->plane;
    m->sweep.channels = m->single.channels = count;
    if (m->sweep.runs != m->sweep.end)
        m->sweeps[kind](&m->sweep, block, plane, c + i);
    if (m->single.runs != m->single.end)
        m->singles[kind](&m->single, block, plane, c + i);
}

/* The outputs of channels [c, c + 4), whose columns are there: of all together if all have a `right` of 16.
 */
static inline void nn_sweep_bands(nn_band_map *m, int32_t c) {
    const nn_depthwise_block *blocks = (const nn_depthwise_block *)m->p->packed + c;
    const int32_t ties = m->p->out_min < m->p->out_zero;
    int32_t unlike = !NN_ASSEMBLY;
    for (int32_t i = 0; i < NN_BAND_CHANNELS; i++)
        unlike |= blocks[i].output.right ^ 16;
    if (!unlike)
        nn_sweep_channels(m, 2 * ties, c, 0, NN_BAND_CHANNELS);
    for (int32_t i = 0; unlike && i < NN_BAND_CHANNELS; i++) {
        const int32_t right = blocks[i].output.right;
        if (NN_ASSEMBLY && right > 0)
            nn_sweep_channels(m, ties ? 2 : right != 16, c, i, 1);
        else
            nn_band_sweep_any(m, blocks + i, i * m->plane, c + i);
    }
}

#endif
