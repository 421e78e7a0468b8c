/* Loops over the units of FastGRNN cells that need all registers of Armv7E-M, so they are whole functions.
 * Their equivalent in C is in nn_rnn.h and nn_rnn_simple.h; vectors are laid out as nn_rnn.h says.
 * LDM and LDRD need aligned words: scratch and state are, and all vectors are multiples of 4 int16. */
#ifndef NN_RNN_ASSEMBLY_H
#define NN_RNN_ASSEMBLY_H

#include "nn_dsp.h"

#if NN_ASSEMBLY

#define NN_RNN_FUNCTION static __attribute__((naked, noinline, unused)) void

/* Four elements of two vectors (r0) times those of two rows (r1): adds to r2, r3 and r4, r5. */
#define NN_RNN_LOAD "ldmia r0!, {r6-r9}\nldmia r1!, {r10-r12, lr}\n"
#define NN_RNN_ADD_LOW                                                                                       \
    "smlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\nsmlad r4, r7, r10, r4\nsmlad r5, r7, r11, r5\n"
#define NN_RNN_SET_LOW "smuad r2, r6, r10\nsmuad r3, r6, r11\nsmuad r4, r7, r10\nsmuad r5, r7, r11\n"
#define NN_RNN_ADD_HIGH                                                                                      \
    "smlad r2, r8, r12, r2\nsmlad r3, r8, lr, r3\nsmlad r4, r9, r12, r4\nsmlad r5, r9, lr, r5\n"
#define NN_RNN_QUAD NN_RNN_LOAD NN_RNN_ADD_LOW NN_RNN_ADD_HIGH
/* The same, but sets them. */
#define NN_RNN_FIRST_QUAD NN_RNN_LOAD NN_RNN_SET_LOW NN_RNN_ADD_HIGH

/* Input products of two vectors (nn_rnn_project), for rows from w to `end`. On the stack: out0 and out1, nine
 * registers, and the arguments from w_shift on. `size` is the bytes of the vectors. */
#define NN_RNN_PROJECT(name, quads, size)                                                                    \
    NN_RNN_FUNCTION name(const int16_t *x NN_UNUSED, const int16_t *w NN_UNUSED, int16_t *out0 NN_UNUSED,    \
                         int16_t *out1 NN_UNUSED, int32_t w_shift NN_UNUSED, const int16_t *end NN_UNUSED) { \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "push {r2, r3}\n"                                                                   \
                         "1: ldrd r2, r3, [r1], #8\n"                                                        \
                         "mov r4, r2\nmov r5, r3\n" quads "ldrd r9, r10, [sp, #44]\n"                        \
                         "asr r2, r2, r9\nasr r3, r3, r9\nasr r4, r4, r9\nasr r5, r5, r9\n"                  \
                         "ssat r2, #16, r2\nssat r3, #16, r3\nssat r4, #16, r4\nssat r5, #16, r5\n"          \
                         "ldrd r11, r12, [sp]\n"                                                             \
                         "pkhbt r2, r2, r3, lsl #16\npkhbt r4, r4, r5, lsl #16\n"                            \
                         "str r2, [r11], #4\nstr r4, [r12], #4\n"                                            \
                         "strd r11, r12, [sp]\n"                                                             \
                         "sub r0, r0, #" size "\n"                                                           \
                         "cmp r1, r10\n"                                                                     \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #8\n"                                                                  \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_RNN_PROJECT(nn_rnn_project4, NN_RNN_QUAD, "16")
NN_RNN_PROJECT(nn_rnn_project8, NN_RNN_QUAD NN_RNN_QUAD, "32")
NN_RNN_PROJECT(nn_rnn_project16, NN_RNN_QUAD NN_RNN_QUAD NN_RNN_QUAD NN_RNN_QUAD, "64")

/* Sets the sums of a state of zero, which is only stepped over. */
#define NN_RNN_NO_QUADS(size)                                                                                \
    "mov r2, #0\nmov r3, #0\nmov r4, #0\nmov r5, #0\n"                                                       \
    "add r0, r0, #" size "\nadd r1, r1, #" size "\n"

/* nn_rnn_simple_gates of both sequences, from their accumulators r2, r3 and r4, r5. */
#define NN_RNN_GATES                                                                                         \
    "ldmia r1!, {r6-r9}\n"                                                                                   \
    "smmulr r2, r2, r9\nsmmulr r3, r3, r9\nsmmulr r4, r4, r9\nsmmulr r5, r5, r9\n"                           \
    "ldrd r9, r10, [sp]\n"                                                                                   \
    "pkhbt r2, r2, r3, lsl #16\npkhbt r4, r4, r5, lsl #16\n"                                                 \
    "ldr r3, [r9], #4\nldr r5, [r10], #4\n"                                                                  \
    "strd r9, r10, [sp]\n"                                                                                   \
    "qadd16 r2, r2, r3\nqadd16 r4, r4, r5\n"                                                                 \
    "eor r2, r2, #0x80008000\neor r4, r4, #0x80008000\n"                                                     \
    "ldrd r9, r10, [sp, #52]\n"                                                                              \
    "uqadd16 r3, r2, r6\nuqadd16 r5, r4, r6\nuqadd16 r2, r2, r7\nuqadd16 r4, r4, r7\n"                       \
    "uqsub16 r3, r3, r8\nuqsub16 r5, r5, r8\nuqsub16 r2, r2, r8\nuqsub16 r4, r4, r8\n"                       \
    "lsl r3, r3, r9\nlsl r5, r5, r9\nlsl r2, r2, r10\nlsl r4, r4, r10\n"                                     \
    "ldrd r11, r12, [sp, #44]\n"                                                                             \
    "mov r8, #0x40004000\n"                                                                                  \
    "ssub16 r2, r2, r8\nssub16 r4, r4, r8\nsub r6, r8, r3\nsub r7, r8, r5\n"                                 \
    "mov r8, #0x2000\n"                                                                                      \
    "ldrd r9, r10, [r11], #8\n"                                                                              \
    "smlabb lr, r3, r9, r8\nsmlatt r3, r3, r9, r8\nsmlabb lr, r6, r2, lr\nsmlatt r3, r6, r2, r3\n"           \
    "smlabb r9, r5, r10, r8\nsmlatt r5, r5, r10, r8\nsmlabb r9, r7, r4, r9\nsmlatt r5, r7, r4, r5\n"         \
    "lsr lr, lr, #14\nlsr r9, r9, #14\n"                                                                     \
    "pkhbt lr, lr, r3, lsl #2\npkhbt r9, r9, r5, lsl #2\n"                                                   \
    "strd lr, r9, [r12], #8\n"                                                                               \
    "strd r11, r12, [sp, #44]\n"

/* All units of a step; `quads` holds hidden / 4 of the macros above, `size` the bytes of a state. The loop
 * needs all registers, so what only the gates use is on the stack: x0 and x1, nine registers, and the
 * arguments from h on. It ends when h comes to the end of the state. */
#define NN_RNN_STEP(name, quads, size)                                                                       \
    NN_RNN_FUNCTION name(const int16_t *state NN_UNUSED, const int16_t *u NN_UNUSED,                         \
                         const int16_t *x0 NN_UNUSED, const int16_t *x1 NN_UNUSED,                           \
                         const int16_t *h NN_UNUSED, int16_t *next NN_UNUSED, int32_t lift NN_UNUSED,        \
                         int32_t candidate_lift NN_UNUSED) {                                                 \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "push {r2, r3}\n"                                                                   \
                         "1:\n" quads NN_RNN_GATES "cmp r11, r0\n"                                           \
                         "sub r0, r0, #" size "\n"                                                           \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #8\n"                                                                  \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_RNN_STEP(nn_rnn_simple_step8, NN_RNN_FIRST_QUAD NN_RNN_QUAD, "32")
NN_RNN_STEP(nn_rnn_simple_first8, NN_RNN_NO_QUADS("32"), "32")
NN_RNN_STEP(nn_rnn_simple_step16, NN_RNN_FIRST_QUAD NN_RNN_QUAD NN_RNN_QUAD NN_RNN_QUAD, "64")
NN_RNN_STEP(nn_rnn_simple_first16, NN_RNN_NO_QUADS("64"), "64")

#endif

#endif
