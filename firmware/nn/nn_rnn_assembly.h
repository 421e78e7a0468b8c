/* Loops over the units of FastGRNN cells that need all registers of Armv7E-M, so they are whole functions.
 * Their equivalent in C is in nn_rnn_dot.h, nn_rnn.h and nn_rnn_simple.h, which also say how vectors and
 * matrices lie. LDM, LDRD and VLDM need aligned words: scratch and state are, and vectors are multiples of 4
 * int16. */
#ifndef NN_RNN_ASSEMBLY_H
#define NN_RNN_ASSEMBLY_H

#include "nn_dsp.h"

#if NN_ASSEMBLY && defined(__ARM_FP)
#define NN_RNN_ASSEMBLY 1

struct nn_rnn_simple;
struct nn_rnn_inputs;

#define NN_RNN_FUNCTION static __attribute__((naked, noinline, unused)) void

/* Products of two vectors with four units: sums of the first in r0 to r3, of the second in r4 to r7. lr: the
 * matrix. A word of weights of each unit, in r8 to r11, meets a word of both vectors, which wait in
 * floating-point registers: from memory they would take longer. */
#define NN_RNN_START                                                                                         \
    "ldmia lr!, {r0-r3, r8-r11}\nvmov r12, s1\n"                                                             \
    "smlad r4, r12, r8, r0\nsmlad r5, r12, r9, r1\nsmlad r6, r12, r10, r2\nsmlad r7, r12, r11, r3\n"         \
    "vmov r12, s0\n"                                                                                         \
    "smlad r0, r12, r8, r0\nsmlad r1, r12, r9, r1\nsmlad r2, r12, r10, r2\nsmlad r3, r12, r11, r3\n"
#define NN_RNN_WORD(first, second)                                                                           \
    "ldmia lr!, {r8-r11}\nvmov r12, " first "\n"                                                             \
    "smlad r0, r12, r8, r0\nsmlad r1, r12, r9, r1\nsmlad r2, r12, r10, r2\nsmlad r3, r12, r11, r3\n"         \
    "vmov r12, " second "\n"                                                                                 \
    "smlad r4, r12, r8, r4\nsmlad r5, r12, r9, r5\nsmlad r6, r12, r10, r6\nsmlad r7, r12, r11, r7\n"
#define NN_RNN_DOT4 NN_RNN_START NN_RNN_WORD("s2", "s3")
#define NN_RNN_DOT8 NN_RNN_DOT4 NN_RNN_WORD("s4", "s5") NN_RNN_WORD("s6", "s7")
#define NN_RNN_DOT16                                                                                         \
    NN_RNN_DOT8 NN_RNN_WORD("s8", "s9") NN_RNN_WORD("s10", "s11") NN_RNN_WORD("s12", "s13")                  \
        NN_RNN_WORD("s14", "s15")
/* Bytes of a matrix between the start of four units and the end of their weights, and what vectors fill. */
#define NN_RNN_BYTES4 "48"
#define NN_RNN_BYTES8 "80"
#define NN_RNN_BYTES16 "144"
#define NN_RNN_VECTORS4 "{s0-s3}"
#define NN_RNN_VECTORS8 "{s0-s7}"
#define NN_RNN_VECTORS16 "{s0-s15}"

/* The high halves of the sums: two units of the first vector in r0, the next two in r1, of the second vector
 * in r2 and r3. */
#define NN_RNN_PACK_HIGH                                                                                     \
    "pkhtb r0, r1, r0, asr #16\npkhtb r1, r3, r2, asr #16\n"                                                 \
    "pkhtb r2, r5, r4, asr #16\npkhtb r3, r7, r6, asr #16\n"
/* The same of what is in the low halves. */
#define NN_RNN_PACK_LOW                                                                                      \
    "pkhbt r0, r0, r1, lsl #16\npkhbt r1, r2, r3, lsl #16\n"                                                 \
    "pkhbt r2, r4, r5, lsl #16\npkhbt r3, r6, r7, lsl #16\n"

/* Input products (nn_rnn_project). `round` packs them plus 2^15. On the stack: out0, out1, the shift, the end
 * of w. */
#define NN_RNN_ROUND                                                                                         \
    "ldr r8, [sp, #8]\n"                                                                                     \
    "asr r0, r0, r8\nasr r1, r1, r8\nasr r2, r2, r8\nasr r3, r3, r8\n"                                       \
    "asr r4, r4, r8\nasr r5, r5, r8\nasr r6, r6, r8\nasr r7, r7, r8\n"                                       \
    "ssat r0, #16, r0\nssat r1, #16, r1\nssat r2, #16, r2\nssat r3, #16, r3\n"                               \
    "ssat r4, #16, r4\nssat r5, #16, r5\nssat r6, #16, r6\nssat r7, #16, r7\n" NN_RNN_PACK_LOW               \
    "eor r0, r0, #0x80008000\neor r1, r1, #0x80008000\n"                                                     \
    "eor r2, r2, #0x80008000\neor r3, r3, #0x80008000\n"
#define NN_RNN_PROJECT(name, dot, vectors, round)                                                            \
    NN_RNN_FUNCTION name(const int16_t *x NN_UNUSED, const int16_t *w NN_UNUSED, int16_t *out0 NN_UNUSED,    \
                         int16_t *out1 NN_UNUSED, int32_t shift NN_UNUSED, const int16_t *end NN_UNUSED) {   \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "mov lr, r1\n"                                                                      \
                         "ldrd r4, r5, [sp, #36]\n"                                                          \
                         "push {r2-r5}\n"                                                                    \
                         "vldmia r0, " vectors "\n"                                                          \
                         "1:\n" dot round "ldm sp, {r4-r7}\n"                                                \
                         "cmp lr, r7\n"                                                                      \
                         "stmia r4!, {r0, r1}\nstmia r5!, {r2, r3}\n"                                        \
                         "strd r4, r5, [sp]\n"                                                               \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #16\n"                                                                 \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_RNN_PROJECT(nn_rnn_project4, NN_RNN_DOT4, NN_RNN_VECTORS4, NN_RNN_ROUND)
NN_RNN_PROJECT(nn_rnn_project8, NN_RNN_DOT8, NN_RNN_VECTORS8, NN_RNN_ROUND)
NN_RNN_PROJECT(nn_rnn_project16, NN_RNN_DOT16, NN_RNN_VECTORS16, NN_RNN_ROUND)
NN_RNN_PROJECT(nn_rnn_project4_high, NN_RNN_DOT4, NN_RNN_VECTORS4, NN_RNN_PACK_HIGH)
NN_RNN_PROJECT(nn_rnn_project8_high, NN_RNN_DOT8, NN_RNN_VECTORS8, NN_RNN_PACK_HIGH)
NN_RNN_PROJECT(nn_rnn_project16_high, NN_RNN_DOT16, NN_RNN_VECTORS16, NN_RNN_PACK_HIGH)

/* Input products of pixels (nn_rnn_pixels.h). On the stack: struct nn_rnn_pixels to rows_end. r0 and r12:
 * out0 and out1, r1: w, r6 to r9: the words of two pixels. */
#define NN_RNN_PIXELS_ENTER                                                                                  \
    "push {r4-r11, lr}\n"                                                                                    \
    "ldm r0, {r1-r11}\n"                                                                                     \
    "push {r1-r8}\n"                                                                                         \
    "mov r0, r9\nmov r12, r10\n"
#define NN_RNN_PIXELS_LOAD                                                                                   \
    "ldm sp, {r1-r7}\n"                                                                                      \
    "ldr r8, [r7], #4\n"                                                                                     \
    "str r7, [sp, #24]\n"                                                                                    \
    "add r8, r8, r2\n"                                                                                       \
    "ldr r9, [r8, r3]\nldr r7, [r8]\n"                                                                       \
    "lsr r7, r7, r5\nlsr r9, r9, r6\n"                                                                       \
    "eor r7, r7, #0x80808080\neor r9, r9, #0x80808080\n"                                                     \
    "uxtb16 r6, r7\nuxtb16 r7, r7, ror #8\nuxtb16 r8, r9\nuxtb16 r9, r9, ror #8\n"                           \
    "lsl r6, r6, r4\nlsl r7, r7, r4\nlsl r8, r8, r4\nlsl r9, r9, r4\n"
#define NN_RNN_PIXELS_AGAIN                                                                                  \
    "ldrd r2, r3, [sp, #24]\n"                                                                               \
    "cmp r2, r3\n"                                                                                           \
    "bne 1b\n"                                                                                               \
    "add sp, sp, #32\n"                                                                                      \
    "pop {r4-r11, pc}\n"

/* nn_rnn_simple_sum of all. lr: the tail. */
#define NN_RNN_SUM_SCALED                                                                                    \
    "ldr r8, [sp, #20]\n"                                                                                    \
    "smmulr r0, r0, r8\nsmmulr r1, r1, r8\nsmmulr r2, r2, r8\nsmmulr r3, r3, r8\n"                           \
    "smmulr r4, r4, r8\nsmmulr r5, r5, r8\nsmmulr r6, r6, r8\nsmmulr r7, r7, r8\n" NN_RNN_PACK_LOW           \
    "ldrd r4, r5, [lr]\n"                                                                                    \
    "sadd16 r0, r0, r4\nsadd16 r1, r1, r5\nsadd16 r2, r2, r4\nsadd16 r3, r3, r5\n"

/* nn_rnn_simple_gates of one vector: z, e and a state to e; r12 and the state's register are changed too. r5:
 * half, r10: signs. */
#define NN_RNN_MIX(z, e, state, w, right, left)                                                              \
    "smlabb r12, " z ", " state ", r5\nsmlatt " state ", " z ", " state ", r5\n"                             \
    "eor " z ", r10, " z ", lsl #" w "\n"                                                                    \
    "smlabb r12, " z ", " e ", r12\nsmlatt " state ", " z ", " e ", " state "\n"                             \
    "lsr r12, r12, #" right "\npkhbt " e ", r12, " state ", lsl #" left "\n"
/* With lift 1, of most trained cells, and with any: z and e then are shifted to Q14. */
#define NN_RNN_MIX_LIFT1(z, e, state) NN_RNN_MIX(z, e, state, "2", "13", "3")
#define NN_RNN_MIX_ANY(z, e, state)                                                                          \
    "ldr r12, [sp, #24]\nlsl " z ", " z ", r12\nlsl " e ", " e                                               \
    ", r12\n" NN_RNN_MIX(z, e, state, "1", "14", "2")
#define NN_RNN_HALF_LIFT1 ""
#define NN_RNN_HALF_ANY "movw r5, #8191\n"

/* What z and h saturate, of two units: sum to z, x to e; more: K of h less that of z. r12: top. */
#define NN_RNN_CLAMP(sum, x, more)                                                                           \
    "sadd16 r10, " sum ", " more "\n"                                                                        \
    "uqadd16 " sum ", " sum ", " x "\nuqadd16 " x ", r10, " x "\n"                                           \
    "uqsub16 " sum ", " sum ", r12\nuqsub16 " x ", " x ", r12\n"

/* New states of four units of both vectors, from the sums r0 to r3; lr to the next four, s22 is the end of u.
 * s16, s17: x of the first and of the second, s18: states, s19: half, s20: top, s21: signs. */
#define NN_RNN_GATES(mix)                                                                                    \
    "vmov r10, r11, s16, s17\n"                                                                              \
    "vmov r12, s20\n"                                                                                        \
    "ldrd r4, r5, [lr, #8]\n"                                                                                \
    "ldmia r10!, {r6, r8}\nldmia r11!, {r7, r9}\n"                                                           \
    "vmov s16, s17, r10, r11\n" NN_RNN_CLAMP("r0", "r6", "r4") NN_RNN_CLAMP("r2", "r7", "r4")                \
        NN_RNN_CLAMP("r1", "r8", "r5") NN_RNN_CLAMP("r3", "r9", "r5") "vmov r4, r5, s18, s19\n"              \
                                                                      "vmov r10, s21\n" NN_RNN_HALF_##mix    \
        "ldr r11, [r4]\n" NN_RNN_MIX_##mix("r0", "r6", "r11") "ldrd r0, r11, [r4, #4]\n" NN_RNN_MIX_##mix(   \
            "r2", "r7", "r0")                                                                                \
            NN_RNN_MIX_##mix("r1", "r8", "r11") "ldr r11, [r4, #12]\n" NN_RNN_MIX_##mix(                     \
                "r3", "r9", "r11") "vmov r12, s22\n"                                                         \
                                   "stmia r4!, {r6-r9}\n"                                                    \
                                   "add lr, lr, #16\n"                                                       \
                                   "vmov s18, r4\n"                                                          \
                                   "cmp lr, r12\n"

/* nn_rnn_simple_sweep. dot, weights, vectors: see above; size: bytes of a vector, states: of two. The stack:
 * 0 and 4 from the end of x of the first and of the second to its next step, 8 steps left, 12 states, 16 u,
 * 20 scale, 24 lift, 28 x, 32 apart, 36 steps, 40 sequences left, 44 first. */
#define NN_RNN_SWEEP(name, dot, weights, vectors, size, states, sum, mix)                                    \
    NN_RNN_FUNCTION name(const struct nn_rnn_simple *c NN_UNUSED, const struct nn_rnn_inputs *in NN_UNUSED,  \
                         int16_t *spare NN_UNUSED, int first NN_UNUSED) {                                    \
        __asm__ volatile(                                                                                    \
            "push {r4-r11, lr}\n"                                                                            \
            "vpush {s16-s23}\n"                                                                              \
            "sub sp, sp, #48\n"                                                                              \
            "ldm r0, {r4-r10}\n"                                                                             \
            "vmov s20, s21, r4, r6\n"                                                                        \
            "vmov s19, r5\n"                                                                                 \
            "vmov s22, r7\n"                                                                                 \
            "str r10, [sp, #16]\nstrd r8, r9, [sp, #20]\n"                                                   \
            "ldm r1, {r4-r10}\n"                                                                             \
            "lsl r5, r5, #1\nlsl r6, r6, #1\nlsl r7, r7, #1\n"                                               \
            "sub r6, r6, #" size "\nsub r7, r7, #" size "\n"                                                 \
            "stm sp, {r6-r9}\n"                                                                              \
            "add r12, sp, #28\nmov r11, r3\n"                                                                \
            "stm r12, {r4, r5, r8, r10, r11}\n"                                                              \
            "7: ldr lr, [sp, #16]\nldr r3, [sp, #44]\n"                                                      \
            "add r5, r4, r5\n"                                                                               \
            "vmov s16, s17, r4, r5\n"                                                                        \
            "vmov s18, r9\n"                                                                                 \
            "cmp r3, #0\n"                                                                                   \
            "bne 4f\n"                                                                                       \
            "1: vldmia r9, " vectors "\n"                                                                    \
            "2:\n" dot sum NN_RNN_GATES(mix) "bne 2b\n"                                                      \
                                             "3: ldm sp, {r6-r10}\n"                                         \
                                             "vmov r0, r1, s16, s17\n"                                       \
                                             "mov lr, r10\n"                                                 \
                                             "subs r8, r8, #1\n"                                             \
                                             "str r8, [sp, #8]\n"                                            \
                                             "add r0, r0, r6\nadd r1, r1, r7\n"                              \
                                             "vmov s18, r9\n"                                                \
                                             "vmov s16, s17, r0, r1\n"                                       \
                                             "bne 1b\n"                                                      \
                                             "add r3, sp, #28\n"                                             \
                                             "ldm r3, {r4-r7}\n"                                             \
                                             "subs r10, r7, #2\n"                                            \
                                             "beq 8f\n"                                                      \
                                             "add r4, r4, r5, lsl #1\nadd r9, r9, #" states "\n"             \
                                             "strd r6, r9, [sp, #8]\n"                                       \
                                             "str r4, [sp, #28]\nstr r10, [sp, #40]\n"                       \
                                             "b 7b\n"                                                        \
                                             "8: add sp, sp, #48\n"                                          \
                                             "vpop {s16-s23}\n"                                              \
                                             "pop {r4-r11, pc}\n"                                            \
                                             "4: mov r0, #0xC000C000\n"                                      \
                                             "add r1, r9, #" states "\n"                                     \
                                             "5: str r0, [r9], #4\n"                                         \
                                             "cmp r9, r1\n"                                                  \
                                             "bne 5b\n"                                                      \
                                             "6: add lr, lr, #" weights "\n"                                 \
                                             "ldrd r0, r1, [lr]\n"                                           \
                                             "mov r2, r0\nmov r3, r1\n" NN_RNN_GATES(mix) "bne 6b\n"         \
                                                                                          "b 3b\n");         \
    }

#define NN_RNN_SWEEPS(units, size, states)                                                                   \
    NN_RNN_SWEEP(nn_rnn_sweep##units, NN_RNN_DOT##units, NN_RNN_BYTES##units, NN_RNN_VECTORS##units, size,   \
                 states, NN_RNN_PACK_HIGH, ANY)                                                              \
    NN_RNN_SWEEP(nn_rnn_sweep##units##_lift1, NN_RNN_DOT##units, NN_RNN_BYTES##units, NN_RNN_VECTORS##units, \
                 size, states, NN_RNN_PACK_HIGH, LIFT1)                                                      \
    NN_RNN_SWEEP(nn_rnn_sweep##units##_scaled, NN_RNN_DOT##units, NN_RNN_BYTES##units,                       \
                 NN_RNN_VECTORS##units, size, states, NN_RNN_SUM_SCALED, ANY)                                \
    NN_RNN_SWEEP(nn_rnn_sweep##units##_scaled_lift1, NN_RNN_DOT##units, NN_RNN_BYTES##units,                 \
                 NN_RNN_VECTORS##units, size, states, NN_RNN_SUM_SCALED, LIFT1)

NN_RNN_SWEEPS(4, "8", "16")
NN_RNN_SWEEPS(8, "16", "32")
NN_RNN_SWEEPS(16, "32", "64")

#else
#define NN_RNN_ASSEMBLY 0
#endif

#endif
