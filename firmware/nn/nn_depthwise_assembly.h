/* 3x3 depthwise convolution without dilation, of four channels at a time. Their columns in scratch are six
 * words each: rows 0 and 1 of channel 0 as lanes, row 2 of channels 0 and 2, rows 0 and 1 of channel 2; then
 * channels 1 and 3 alike; all times 256. So an output is three SMLAD and three multiplications of one lane.
 */
#ifndef NN_DEPTHWISE_ASSEMBLY_H
#define NN_DEPTHWISE_ASSEMBLY_H

#include "nn.h"
#include "nn_math.h"

/* One channel of nn_depthwise.packed. rows01: weights of rows 0 and 1, for each column; row2: those of
 * columns 0 and 1, then of column 2. */
typedef struct {
    int32_t bias;
    uint32_t rows01[3], row2[2];
    nn_output output;
    int32_t ties;
} nn_depthwise_block;

#define NN_COLUMN_WORDS 6

static inline int32_t nn_lane(uint32_t lanes, int high) {
    return (int16_t)(high ? lanes >> 16 : lanes & 0xFFFF);
}

static inline int8_t nn_depthwise_output(const nn_depthwise_block *b, int ties, int32_t zero, int32_t acc) {
    if (b->output.right > 0)
        return (int8_t)nn_output_scaled(&b->output, acc, ties ? b->ties : 0);
    return (int8_t)nn_saturate8(nn_requantize(acc >> 8, b->output.multiplier, b->output.offset) + zero);
}

/* Outputs of a channel, `step` apart: length, back: bytes of columns; back_out: of outputs. */
typedef struct {
    int32_t step, length, back, back_out;
} nn_sweep;

#if NN_ASSEMBLY

typedef void nn_sweep_function(const int16_t *, const nn_depthwise_block *, int8_t *, const nn_sweep *);

#define NN_DEPTHWISE_FUNCTION static __attribute__((naked, noinline, unused)) void

/* Columns of four channels: from rows that end at row0, row1, row2, where `offset` (negative, a multiple of
 * step) is the first pixel. */
NN_DEPTHWISE_FUNCTION nn_pair_columns(int16_t *to NN_UNUSED, const int8_t *row0 NN_UNUSED,
                                      const int8_t *row1 NN_UNUSED, const int8_t *row2 NN_UNUSED,
                                      int32_t step NN_UNUSED, int32_t offset NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldrd r4, r6, [sp, #36]\n"
                     "mov r5, #0xFF00FF00\n"
                     "1: ldr lr, [r3, r6]\nldr r9, [r1, r6]\nldr r7, [r2, r6]\n"
                     "adds r6, r6, r4\n"
                     "and r8, r5, lr, lsl #8\nand r11, r5, lr\n"
                     "and r12, r5, r9\nand lr, r5, r7\n"
                     "pkhbt r10, r12, lr, lsl #16\npkhtb r12, lr, r12, asr #16\n"
                     "and r9, r5, r9, lsl #8\nand lr, r5, r7, lsl #8\n"
                     "pkhbt r7, r9, lr, lsl #16\npkhtb r9, lr, r9, asr #16\n"
                     "stmia r0!, {r7-r12}\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}

/* Adds a column to a sum; bias starts it. r1: rows 0 and 1; lr: row 2, in lane `b` or `t`. */
#define NN_COLUMN0(lane, sum) "smlad " sum ", r1, r4, r3\nsmla" lane "b " sum ", lr, r7, " sum "\n"
#define NN_COLUMN1(lane, sum) "smlad " sum ", r1, r5, " sum "\nsmla" lane "t " sum ", lr, r7, " sum "\n"
#define NN_COLUMN2(lane, sum) "smlad " sum ", r1, r6, " sum "\nsmla" lane "b " sum ", lr, r8, " sum "\n"

/* Four outputs next to each other in r9 to r12; load(at) loads a column. */
#define NN_FOUR_S1(lane, load)                                                                               \
    load("0") NN_COLUMN0(lane, "r9") load("24") NN_COLUMN1(lane, "r9") NN_COLUMN0(lane, "r10") load("48")    \
        NN_COLUMN2(lane, "r9") NN_COLUMN1(lane, "r10") NN_COLUMN0(lane, "r11") load("72")                    \
            NN_COLUMN2(lane, "r10") NN_COLUMN1(lane, "r11") NN_COLUMN0(lane, "r12") load("96")               \
                NN_COLUMN2(lane, "r11") NN_COLUMN1(lane, "r12") load("120") NN_COLUMN2(lane, "r12")
#define NN_FOUR_S2(lane, load)                                                                               \
    load("0") NN_COLUMN0(lane, "r9") load("24") NN_COLUMN1(lane, "r9") load("48") NN_COLUMN2(lane, "r9")     \
        NN_COLUMN0(lane, "r10") load("72") NN_COLUMN1(lane, "r10") load("96") NN_COLUMN2(lane, "r10")        \
            NN_COLUMN0(lane, "r11") load("120") NN_COLUMN1(lane, "r11") load("144") NN_COLUMN2(lane, "r11")  \
                NN_COLUMN0(lane, "r12") load("168") NN_COLUMN1(lane, "r12") load("192")                      \
                    NN_COLUMN2(lane, "r12")
#define NN_LOAD_LOW(at) "ldrd r1, lr, [r0, #" at "]\n"
#define NN_LOAD_HIGH(at) "ldrd lr, r1, [r0, #" at "]\n"

/* nn_output_scaled of all four, r1: multiplier, lr: offset; where `right` is 16, where it is not, and with
 * ties.
 */
#define NN_EACH(text) text("r9") text("r10") text("r11") text("r12")
#define NN_HIGH_HALF(sum) "smmla " sum ", " sum ", r1, lr\n"
#define NN_SATURATE_HIGH(sum) "ssat " sum ", #8, " sum ", asr #16\n"
#define NN_SATURATE(sum) "ssat " sum ", #8, " sum "\n"
#define NN_SHIFT(sum) "asr " sum ", " sum ", r1\n"
#define NN_TAKE_TIES(sum)                                                                                    \
    "and r4, r3, " sum ", asr #31\nsmmla " sum ", " sum ", r1, lr\nsub " sum ", " sum ", r4\n"
#define NN_SWEEP_HIGH NN_EACH(NN_HIGH_HALF) NN_EACH(NN_SATURATE_HIGH)
#define NN_SWEEP_ANY NN_EACH(NN_HIGH_HALF) "ldr r1, [sp, #24]\n" NN_EACH(NN_SHIFT) NN_EACH(NN_SATURATE)
#define NN_SWEEP_TIES                                                                                        \
    "ldr r3, [sp, #28]\n" NN_EACH(NN_TAKE_TIES) "ldr r1, [sp, #24]\n" NN_EACH(NN_SHIFT)                      \
        NN_EACH(NN_SATURATE) "ldr r1, [sp, #32]\nldm r1, {r3, r4}\n"

/* Outputs of a channel in fours: first those up to `length`, then, if `back` is not 0, four that overlap
 * them. On the stack: step, end, back, back_out; output and ties of the block; the block. advance: bytes of
 * the columns of four outputs. */
#define NN_DEPTHWISE_SWEEP(name, four, outputs, advance)                                                     \
    NN_DEPTHWISE_FUNCTION name(const int16_t *columns NN_UNUSED, const nn_depthwise_block *block NN_UNUSED,  \
                               int8_t *out NN_UNUSED, const nn_sweep *sweep NN_UNUSED) {                     \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r3, {r4-r7}\n"                                                                 \
                         "add r5, r5, r0\n"                                                                  \
                         "add r12, r1, #24\n"                                                                \
                         "ldm r12, {r8-r11}\n"                                                               \
                         "mov r12, r1\n"                                                                     \
                         "push {r4-r12}\n"                                                                   \
                         "ldm r1, {r3-r8}\n"                                                                 \
                         "1:\n" four "ldrd r1, lr, [sp, #16]\n" outputs "ldrd r1, lr, [sp]\n"                \
                         "add r0, r0, #" advance "\n"                                                        \
                         "strb r9, [r2]\nstrb r10, [r2, r1]\n"                                               \
                         "add r2, r2, r1, lsl #1\n"                                                          \
                         "cmp r0, lr\n"                                                                      \
                         "strb r11, [r2]\nstrb r12, [r2, r1]\n"                                              \
                         "add r2, r2, r1, lsl #1\n"                                                          \
                         "bne.w 1b\n"                                                                        \
                         "ldrd r1, lr, [sp, #8]\n"                                                           \
                         "cbz r1, 2f\n"                                                                      \
                         "sub r0, r0, r1\n"                                                                  \
                         "sub r2, r2, lr\n"                                                                  \
                         "add lr, r0, #" advance "\n"                                                        \
                         "mov r1, #0\n"                                                                      \
                         "strd lr, r1, [sp, #4]\n"                                                           \
                         "b.w 1b\n"                                                                          \
                         "2: add sp, sp, #36\n"                                                              \
                         "pop {r4-r11, pc}\n");                                                              \
    }
#define NN_LOW_S1 NN_FOUR_S1("b", NN_LOAD_LOW)
#define NN_HIGH_S1 NN_FOUR_S1("t", NN_LOAD_HIGH)
#define NN_LOW_S2 NN_FOUR_S2("b", NN_LOAD_LOW)
#define NN_HIGH_S2 NN_FOUR_S2("t", NN_LOAD_HIGH)

/* As their outputs are scaled: high halves, any, with ties. */
#define NN_DEPTHWISE_SWEEPS(name, four, advance)                                                             \
    NN_DEPTHWISE_SWEEP(name, four, NN_SWEEP_HIGH, advance)                                                   \
    NN_DEPTHWISE_SWEEP(name##_any, four, NN_SWEEP_ANY, advance)                                              \
    NN_DEPTHWISE_SWEEP(name##_ties, four, NN_SWEEP_TIES, advance)

NN_DEPTHWISE_SWEEPS(nn_sweep_low_s1, NN_LOW_S1, "96")
NN_DEPTHWISE_SWEEPS(nn_sweep_high_s1, NN_HIGH_S1, "96")
NN_DEPTHWISE_SWEEPS(nn_sweep_low_s2, NN_LOW_S2, "192")
NN_DEPTHWISE_SWEEPS(nn_sweep_high_s2, NN_HIGH_S2, "192")

#endif

#endif
