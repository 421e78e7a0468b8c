/* Frames for code that is generated for the zeros of a model's matrices (mcu_vision/codegen/sparse_rnn.py):
 * straight lines of the products that are left, one vector at a time. It waits in r0 to r7, a word (two
 * elements) each; r8 walks through a stream of starts and weights; r9 to r12 and lr are free. After each two
 * units their sums, as lanes, go to s0, s1, ... Results are those of the whole matrix (nn_rnn_dot.h). */
#ifndef NN_RNN_SPARSE_H
#define NN_RNN_SPARSE_H

#include "nn.h"
#include "nn_rnn_assembly.h"

#if NN_RNN_ASSEMBLY

/* One of two vectors that lie in turn, at r9. */
#define NN_RNN_EACH8(op) op " r0, [r9]\n" op " r1, [r9, #8]\n" op " r2, [r9, #16]\n" op " r3, [r9, #24]\n"
#define NN_RNN_EACH16(op)                                                                                    \
    NN_RNN_EACH8(op)                                                                                         \
    op " r4, [r9, #32]\n" op " r5, [r9, #40]\n" op " r6, [r9, #48]\n" op " r7, [r9, #56]\n"
#define NN_RNN_HELD8 "{r0-r3}"
#define NN_RNN_HELD16 "{r0-r7}"
#define NN_RNN_SUMS8 "{s0-s3}"
#define NN_RNN_SUMS16 "{s0-s7}"

/* nn_rnn_project_code, from vectors of `inputs` to `hidden` units. On the stack: w, out of this vector and of
 * the next, the next vector. */
#define NN_RNN_SPARSE_PROJECT(name, inputs, hidden, products)                                                \
    static __attribute__((naked, noinline)) void name(const int16_t *x NN_UNUSED,                            \
                                                      const int16_t *w NN_UNUSED, int16_t *out0 NN_UNUSED,   \
                                                      int16_t *out1 NN_UNUSED) {                             \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "add r4, r0, #4\n"                                                                  \
                         "push {r1-r4}\n"                                                                    \
                         "mov r9, r0\n"                                                                      \
                         "1:\n" NN_RNN_EACH##inputs("ldr") "ldr r8, [sp]\n" products                         \
                                                           "ldrd r9, r10, [sp, #4]\n"                        \
                                                           "vstmia r9, " NN_RNN_SUMS##hidden                 \
                         "\n"                                                                                \
                         "ldr r9, [sp, #12]\n"                                                               \
                         "mov r11, #0\n"                                                                     \
                         "str r10, [sp, #4]\nstr r11, [sp, #12]\n"                                           \
                         "cmp r9, #0\n"                                                                      \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #16\n"                                                                 \
                         "pop {r4-r11, pc}\n");                                                              \
    }

/* New states of four units, whose sums are in two registers. r4: x, r5: stream, r6: top, r7: half, r8: signs;
 * `at`: their states on the stack. */
#define NN_RNN_SPARSE_GATES4(sums, at, mix)                                                                  \
    "vmov r0, r1, " sums "\nldrd r2, r3, [r4], #8\nldrd r9, r10, [r5], #8\n"                                 \
    "sadd16 r9, r0, r9\nsadd16 r10, r1, r10\n"                                                               \
    "uqadd16 r0, r0, r2\nuqadd16 r9, r9, r2\nuqadd16 r1, r1, r3\nuqadd16 r10, r10, r3\n"                     \
    "uqsub16 r0, r0, r6\nuqsub16 r9, r9, r6\nuqsub16 r1, r1, r6\nuqsub16 r10, r10, r6\n"                     \
    "ldrd r2, r3, [sp, #" at "]\n" mix("r0", "r9", "r2", "r11", "r12")                                       \
        mix("r1", "r10", "r3", "r11", "lr") "strd r12, lr, [sp, #" at "]\n"
#define NN_RNN_SPARSE_GATES8(mix)                                                                            \
    NN_RNN_SPARSE_GATES4("s0, s1", "0", mix) NN_RNN_SPARSE_GATES4("s2, s3", "8", mix)
#define NN_RNN_SPARSE_GATES16(mix)                                                                           \
    NN_RNN_SPARSE_GATES8(mix)                                                                                \
    NN_RNN_SPARSE_GATES4("s4, s5", "16", mix) NN_RNN_SPARSE_GATES4("s6, s7", "24", mix)

/* nn_rnn_sweep_code. The stream: K of z, what the products read (`bytes` with K), K of h less that of z.
 * size: bytes of a vector. The stack: 0 states, 32 lift, 36 x, 40 top, 44 half, 48 signs, 56 from the end of
 * x to its next step, 60 steps left, 64 where the states belong, 68 x of the second sequence, 72 its 56, 76
 * steps, 80 first, 84 whether there is a second, 88 the stream. */
#define NN_RNN_SPARSE_SWEEP(name, units, size, bytes, mix, products)                                         \
    static __attribute__((naked, noinline)) void name(const struct nn_rnn_simple *c NN_UNUSED,               \
                                                      const struct nn_rnn_inputs *in NN_UNUSED,              \
                                                      int16_t *spare NN_UNUSED, int first NN_UNUSED) {       \
        __asm__ volatile(                                                                                    \
            "push {r4-r11, lr}\n"                                                                            \
            "sub sp, sp, #92\n"                                                                              \
            "ldm r0, {r4-r10}\n"                                                                             \
            "str r9, [sp, #32]\nstr r10, [sp, #88]\n"                                                        \
            "add r11, sp, #40\n"                                                                             \
            "stm r11, {r4-r6}\n"                                                                             \
            "ldm r1, {r4-r9}\n"                                                                              \
            "str r4, [sp, #36]\n"                                                                            \
            "lsl r6, r6, #1\nsub r6, r6, #" size "\nlsl r7, r7, #1\nsub r7, r7, #" size "\n"                 \
            "mov r10, #1\n"                                                                                  \
            "strd r6, r8, [sp, #56]\nstrd r9, r5, [sp, #64]\n"                                               \
            "strd r7, r8, [sp, #72]\nstrd r3, r10, [sp, #80]\n"                                              \
            "0: ldrd r3, r10, [sp, #80]\n"                                                                   \
            "ldr r8, [sp, #88]\n"                                                                            \
            "cmp r3, #0\n"                                                                                   \
            "bne 4f\n" NN_RNN_EACH##units("ldr") "stm sp, " NN_RNN_HELD##units                               \
            "\n"                                                                                             \
            "b 2f\n"                                                                                         \
            "1: ldm sp, " NN_RNN_HELD##units "\n"                                                            \
                                             "2: add r8, r8, #" size "\n" products "3: mov r5, r8\n"         \
                                             "add r3, sp, #36\n"                                             \
                                             "ldm r3, {r4, r6, r7, r8}\n" NN_RNN_SPARSE_GATES##units(        \
                                                 mix) "ldrd r0, r1, [sp, #56]\n"                             \
                                                      "ldr r8, [sp, #88]\n"                                  \
                                                      "add r4, r4, r0\n"                                     \
                                                      "subs r1, r1, #1\n"                                    \
                                                      "str r4, [sp, #36]\nstr r1, [sp, #60]\n"               \
                                                      "bne 1b\n"                                             \
                                                      "ldrd r9, r10, [sp, #64]\n"                            \
                                                      "ldm sp, " NN_RNN_HELD##units                          \
            "\n" NN_RNN_EACH##units(                                                                         \
                "str") "ldr r8, [sp, #84]\n"                                                                 \
                       "mov r7, #0\n"                                                                        \
                       "ldrd r5, r6, [sp, #72]\n"                                                            \
                       "add r9, r9, #4\n"                                                                    \
                       "cmp r8, #0\n"                                                                        \
                       "str r10, [sp, #36]\nstrd r5, r6, [sp, #56]\nstr r9, [sp, #64]\nstr r7, [sp, #84]\n"  \
                       "bne 0b\n"                                                                            \
                       "add sp, sp, #92\n"                                                                   \
                       "pop {r4-r11, pc}\n"                                                                  \
                       "4: vldmia r8, " NN_RNN_SUMS##units                                                   \
            "\n"                                                                                             \
            "add r8, r8, #" bytes "\n"                                                                       \
            "mov r0, #0xC000C000\n"                                                                          \
            "strd r0, r0, [sp]\nstrd r0, r0, [sp, #8]\n"                                                     \
            "strd r0, r0, [sp, #16]\nstrd r0, r0, [sp, #24]\n"                                               \
            "b 3b\n");                                                                                       \
    }

#endif

#endif
