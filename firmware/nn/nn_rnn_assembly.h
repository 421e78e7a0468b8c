/* Loops over the units of FastGRNN cells that need all registers of Armv7E-M, so they are whole functions.
 * Their equivalent in C is in nn_rnn.h and nn_rnn_simple.h; vectors are laid out as nn_rnn.h says.
 * LDM and LDRD need aligned words: scratch and state are, and all vectors are multiples of 4 int16. */
#ifndef NN_RNN_ASSEMBLY_H
#define NN_RNN_ASSEMBLY_H

#include "nn_dsp.h"

#if NN_ASSEMBLY

struct nn_rnn_simple;
struct nn_rnn_inputs;

#define NN_RNN_FUNCTION static __attribute__((naked, noinline, unused)) void

/* Four elements of two vectors (r0) times those of two rows (r1): adds to r2, r3 and r4, r5. */
#define NN_RNN_LOAD "ldmia r0!, {r6-r9}\nldmia r1!, {r10-r12, lr}\n"
#define NN_RNN_ADD_LOW                                                                                       \
    "smlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\nsmlad r4, r7, r10, r4\nsmlad r5, r7, r11, r5\n"
#define NN_RNN_SET_LOW                                                                                       \
    "smlad r4, r7, r10, r2\nsmlad r5, r7, r11, r3\nsmlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\n"
#define NN_RNN_ADD_HIGH                                                                                      \
    "smlad r2, r8, r12, r2\nsmlad r3, r8, lr, r3\nsmlad r4, r9, r12, r4\nsmlad r5, r9, lr, r5\n"
#define NN_RNN_QUAD NN_RNN_LOAD NN_RNN_ADD_LOW NN_RNN_ADD_HIGH
/* The same, but sets them: both vectors start from two values at r1. */
#define NN_RNN_FIRST_QUAD "ldrd r2, r3, [r1], #8\n" NN_RNN_LOAD NN_RNN_SET_LOW NN_RNN_ADD_HIGH
#define NN_RNN_QUADS4 NN_RNN_FIRST_QUAD
#define NN_RNN_QUADS8 NN_RNN_FIRST_QUAD NN_RNN_QUAD
#define NN_RNN_QUADS16 NN_RNN_FIRST_QUAD NN_RNN_QUAD NN_RNN_QUAD NN_RNN_QUAD

/* Rounded sums as lanes plus 2^15, in r2 and r4: by the shift r9, or by r9 = 2^(32 - shift) for shifts of 16
 * and more, where none saturates. */
#define NN_RNN_ROUND                                                                                         \
    "asr r2, r2, r9\nasr r3, r3, r9\nasr r4, r4, r9\nasr r5, r5, r9\n"                                       \
    "ssat r2, #16, r2\nssat r3, #16, r3\nssat r4, #16, r4\nssat r5, #16, r5\n"                               \
    "pkhbt r2, r2, r3, lsl #16\npkhbt r4, r4, r5, lsl #16\n"                                                 \
    "eor r2, r2, #0x80008000\neor r4, r4, #0x80008000\n"
#define NN_RNN_ROUND_FAR                                                                                     \
    "mov r11, #0x8000\n"                                                                                     \
    "smmla r2, r2, r9, r11\nsmmla r3, r3, r9, r11\nsmmla r4, r4, r9, r11\nsmmla r5, r5, r9, r11\n"           \
    "pkhbt r2, r2, r3, lsl #16\npkhbt r4, r4, r5, lsl #16\n"

/* Input products of two vectors (nn_rnn_project), for rows from w to `end`. scale: what r9 is above. On the
 * stack: out0 and out1, nine registers, and the arguments from scale on. `size` is the bytes of the
 * vectors. */
#define NN_RNN_PROJECT(name, quads, round, size)                                                             \
    NN_RNN_FUNCTION name(const int16_t *x NN_UNUSED, const int16_t *w NN_UNUSED, int16_t *out0 NN_UNUSED,    \
                         int16_t *out1 NN_UNUSED, uint32_t scale NN_UNUSED, const int16_t *end NN_UNUSED) {  \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "push {r2, r3}\n"                                                                   \
                         "1:\n" quads "ldrd r9, r10, [sp, #44]\n" round "ldrd r11, r12, [sp]\n"              \
                         "str r2, [r11], #4\nstr r4, [r12], #4\n"                                            \
                         "strd r11, r12, [sp]\n"                                                             \
                         "sub r0, r0, #" size "\n"                                                           \
                         "cmp r1, r10\n"                                                                     \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #8\n"                                                                  \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_RNN_PROJECT(nn_rnn_project4, NN_RNN_QUADS4, NN_RNN_ROUND, "16")
NN_RNN_PROJECT(nn_rnn_project8, NN_RNN_QUADS8, NN_RNN_ROUND, "32")
NN_RNN_PROJECT(nn_rnn_project16, NN_RNN_QUADS16, NN_RNN_ROUND, "64")
NN_RNN_PROJECT(nn_rnn_project8_far, NN_RNN_QUADS8, NN_RNN_ROUND_FAR, "32")
NN_RNN_PROJECT(nn_rnn_project16_far, NN_RNN_QUADS16, NN_RNN_ROUND_FAR, "64")

/* nn_rnn_simple_sum of both sequences in r2 and r4. r6: top, r7: lift, r8: half, r9: signs, r12: end,
 * r10: the first word of the tail. */
#define NN_RNN_SUM_HIGH                                                                                      \
    "ldm sp, {r6-r9, r12}\nldr r10, [r1], #8\n"                                                              \
    "pkhtb r2, r3, r2, asr #16\npkhtb r4, r5, r4, asr #16\n"
#define NN_RNN_SUM_SCALED                                                                                    \
    "ldm sp, {r6-r9, r12, lr}\nldrd r10, r11, [r1], #8\n"                                                    \
    "smmulr r2, r2, lr\nsmmulr r3, r3, lr\nsmmulr r4, r4, lr\nsmmulr r5, r5, lr\n"                           \
    "pkhbt r2, r2, r3, lsl #16\npkhbt r4, r4, r5, lsl #16\n"                                                 \
    "sadd16 r2, r2, r11\nsadd16 r4, r4, r11\n"

/* nn_rnn_simple_gates of both sequences, from r2 and r4 (sum + x), r11 and r10 (sum + more + x) and states r3
 * and r5, to r6 and r7. */
#define NN_RNN_CLAMP "uqsub16 r2, r2, r6\nuqsub16 r4, r4, r6\nuqsub16 r11, r11, r6\nuqsub16 r10, r10, r6\n"
#define NN_RNN_MIX(shift, right, left)                                                                       \
    "eor lr, r9, r2, lsl #" shift "\neor r12, r9, r4, lsl #" shift "\n"                                      \
    "smlabb r6, r2, r3, r8\nsmlatt r2, r2, r3, r8\nsmlabb r6, lr, r11, r6\nsmlatt r2, lr, r11, r2\n"         \
    "smlabb r7, r4, r5, r8\nsmlatt r4, r4, r5, r8\nsmlabb r7, r12, r10, r7\nsmlatt r4, r12, r10, r4\n"       \
    "lsr r6, r6, #" right "\nlsr r7, r7, #" right "\n"                                                       \
    "pkhbt r6, r6, r2, lsl #" left "\npkhbt r7, r7, r4, lsl #" left "\n"
/* With lift 1, of most trained cells, and with any: z and e then are shifted to Q14. */
#define NN_RNN_GATES_LIFT1 NN_RNN_CLAMP NN_RNN_MIX("2", "13", "3")
#define NN_RNN_GATES_ANY                                                                                     \
    NN_RNN_CLAMP "lsl r2, r2, r7\nlsl r4, r4, r7\nlsl r11, r11, r7\nlsl r10, r10, r7\n"                      \
                 "movw r8, #8191\n" NN_RNN_MIX("1", "14", "2")

/* Copies a word of x0 (r10) and of x1 (r11) in turn to r12, 4 of each. */
#define NN_RNN_TURNS "ldmia r10!, {r2, r4, r6, r8}\nldmia r11!, {r3, r5, r7, r9}\nstmia r12!, {r2-r9}\n"
/* All words of a step, and moves x0 and x1 to the next. */
#define NN_RNN_STEP_INPUTS(turns)                                                                            \
    "ldrd r10, r11, [sp, #28]\n" turns "ldrd r2, r3, [sp, #36]\n"                                            \
    "add r10, r10, r2\nadd r11, r11, r3\n"                                                                   \
    "strd r10, r11, [sp, #28]\n"                                                                             \
    "ldr r1, [sp, #24]\n"
#define NN_RNN_COPY(from, to) "ldmia " from "!, {r2-r9}\nstmia " to "!, {r2-r9}\n"

/* nn_rnn_simple_sweep. size: bytes of two states; row: of two rows of U with their start; rest, twice: size
 * less one pair of units, twice size; step: bytes of one input product. Memory at `states` (r0 at the pair of
 * units): the states twice, then the input products of the step, a word of each in turn. The stack: struct
 * nn_rnn_simple, then nn_rnn_inputs. */
#define NN_RNN_SWEEP(name, quads, sum, gates, copy_in, copy_on, copy_out, turns, size, row, rest, twice,     \
                     step)                                                                                   \
    NN_RNN_FUNCTION name(const struct nn_rnn_simple *c NN_UNUSED, const struct nn_rnn_inputs *in NN_UNUSED,  \
                         int16_t *states NN_UNUSED, int first NN_UNUSED) {                                   \
        __asm__ volatile(                                                                                    \
            "push {r4-r11, lr}\n"                                                                            \
            "ldm r1, {r4-r9}\n"                                                                              \
            "lsl r6, r6, #1\nsub r6, r6, #" step "\nlsl r7, r7, #1\nsub r7, r7, #" step "\n"                 \
            "push {r4-r9}\n"                                                                                 \
            "ldm r0, {r4-r10}\n"                                                                             \
            "push {r4-r10}\n"                                                                                \
            "mov r0, r2\n"                                                                                   \
            "cmp r3, #0\n"                                                                                   \
            "bne 5f\n"                                                                                       \
            "ldr r10, [sp, #48]\n" copy_in "mov r12, r0\n"                                                   \
            "sub r0, r0, #" size "\n"                                                                        \
            "2:\n" copy_on "sub r0, r0, #" size "\n" NN_RNN_STEP_INPUTS(                                     \
                turns) "1:\n" quads sum "ldrd r3, r5, [r0, #" size "]\n"                                     \
                       "cmp r1, r12\n"                                                                       \
                       "sadd16 r11, r2, r10\nsadd16 r10, r4, r10\n"                                          \
                       "uqadd16 r2, r2, r3\nuqadd16 r4, r4, r5\n"                                            \
                       "uqadd16 r11, r11, r3\nuqadd16 r10, r10, r5\n"                                        \
                       "ldrd r3, r5, [r0, #-" size "]\n" gates "strd r6, r7, [r0, #-" size "]\n"             \
                       "sub r0, r0, #" rest "\n"                                                             \
                       "bne 1b\n"                                                                            \
                       "3: ldr r2, [sp, #44]\n"                                                              \
                       "mov r12, r0\n"                                                                       \
                       "sub r0, r0, #" size "\n"                                                             \
                       "subs r2, r2, #1\n"                                                                   \
                       "str r2, [sp, #44]\n"                                                                 \
                       "bne 2b\n"                                                                            \
                       "ldr r10, [sp, #48]\n"                                                                \
                       "cmp r10, #0\n"                                                                       \
                       "beq 4f\n" copy_out "4: add sp, sp, #52\n"                                            \
                       "pop {r4-r11, pc}\n"                                                                  \
                       "5: add r12, r0, #" twice                                                             \
                       "\n" NN_RNN_STEP_INPUTS(turns) "6: add r1, r1, #" row "\n"                            \
                                                      "ldrd r10, r11, [r1], #8\n"                            \
                                                      "ldm sp, {r6-r9, r12}\n"                               \
                                                      "ldrd r3, r5, [r0, #" twice "]\n"                      \
                                                      "cmp r1, r12\n"                                        \
                                                      "sadd16 r10, r11, r10\n"                               \
                                                      "uqadd16 r2, r11, r3\nuqadd16 r4, r11, r5\n"           \
                                                      "uqadd16 r11, r10, r3\nuqadd16 r10, r10, r5\n"         \
                                                      "mov r3, #0xC000C000\nmov r5, r3\n" gates              \
                                                      "strd r6, r7, [r0], #8\n"                              \
                                                      "bne 6b\n"                                             \
                                                      "b 3b\n");                                             \
    }

#define NN_RNN_SWEEP8(name, sum, gates)                                                                      \
    NN_RNN_SWEEP(name, NN_RNN_QUADS8, sum, gates, NN_RNN_COPY("r10", "r0"), NN_RNN_COPY("r0", "r12"),        \
                 NN_RNN_COPY("r0", "r10"), NN_RNN_TURNS, "32", "40", "24", "64", "16")
#define NN_RNN_SWEEP16(name, sum, gates)                                                                     \
    NN_RNN_SWEEP(name, NN_RNN_QUADS16, sum, gates, NN_RNN_COPY("r10", "r0") NN_RNN_COPY("r10", "r0"),        \
                 NN_RNN_COPY("r0", "r12") NN_RNN_COPY("r0", "r12"),                                          \
                 NN_RNN_COPY("r0", "r10") NN_RNN_COPY("r0", "r10"), NN_RNN_TURNS NN_RNN_TURNS, "64", "72",   \
                 "56", "128", "32")

NN_RNN_SWEEP8(nn_rnn_sweep8, NN_RNN_SUM_HIGH, NN_RNN_GATES_ANY)
NN_RNN_SWEEP8(nn_rnn_sweep8_lift1, NN_RNN_SUM_HIGH, NN_RNN_GATES_LIFT1)
NN_RNN_SWEEP8(nn_rnn_sweep8_scaled, NN_RNN_SUM_SCALED, NN_RNN_GATES_ANY)
NN_RNN_SWEEP8(nn_rnn_sweep8_scaled_lift1, NN_RNN_SUM_SCALED, NN_RNN_GATES_LIFT1)
NN_RNN_SWEEP16(nn_rnn_sweep16, NN_RNN_SUM_HIGH, NN_RNN_GATES_ANY)
NN_RNN_SWEEP16(nn_rnn_sweep16_lift1, NN_RNN_SUM_HIGH, NN_RNN_GATES_LIFT1)
NN_RNN_SWEEP16(nn_rnn_sweep16_scaled, NN_RNN_SUM_SCALED, NN_RNN_GATES_ANY)
NN_RNN_SWEEP16(nn_rnn_sweep16_scaled_lift1, NN_RNN_SUM_SCALED, NN_RNN_GATES_LIFT1)

#endif

#endif
