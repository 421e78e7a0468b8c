/* Frames for code that is generated for the zeros of a model's matrices (mcu_vision/codegen/sparse_rnn.py):
 * straight lines of the products that are left, one vector at a time. It waits in r0 to r7, a word (two
 * elements) each; r8 walks through a stream of starts and weights; r9 to r12 and lr are free. After each two
 * units their sums, as lanes, go to s0, s1, ... (of a sweep: s0, s2, ...). Results are those of the whole
 * matrix (nn_rnn_dot.h). */
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

/* nn_rnn_pixels_code of up to 4 channels, in the registers of nn_rnn_assembly.h. */
#define NN_RNN_SPARSE_PIXELS(name, products)                                                                 \
    static __attribute__((naked, noinline)) void name(const struct nn_rnn_pixels *p NN_UNUSED) {             \
        __asm__ volatile(NN_RNN_PIXELS_ENTER "1:\n" NN_RNN_PIXELS_LOAD products NN_RNN_PIXELS_AGAIN);        \
    }

/* The new state of two units in its place. sums: r + K of z of both, and K of h less that of z, in two
 * registers that follow each other; x: their input products. r8: signs, r12: top, lr: half
 * (nn_rnn_simple_gates). w, right, left: shifts 1 + lift, 14 - lift, 2 + lift. */
#define NN_RNN_SPARSE_GATE(sums, x, state, w, right, left)                                                   \
    "vmov r9, r10, " sums "\nvmov r11, " x "\n"                                                              \
    "sadd16 r10, r9, r10\n"                                                                                  \
    "uqadd16 r9, r9, r11\nuqadd16 r10, r10, r11\n"                                                           \
    "uqsub16 r9, r9, r12\nuqsub16 r10, r10, r12\n"                                                           \
    "smlabb r11, r9, " state ", lr\nsmlatt " state ", r9, " state ", lr\n"                                   \
    "eor r9, r8, r9, lsl #" w "\n"                                                                           \
    "smlabb r11, r9, r10, r11\nsmlatt " state ", r9, r10, " state "\n"                                       \
    "lsr r11, r11, #" right "\npkhbt " state ", r11, " state ", lsl #" left "\n"
#define NN_RNN_SPARSE_GATES8(w, right, left)                                                                 \
    NN_RNN_SPARSE_GATE("s0, s1", "s16", "r0", w, right, left)                                                \
    NN_RNN_SPARSE_GATE("s2, s3", "s17", "r1", w, right, left)                                                \
    NN_RNN_SPARSE_GATE("s4, s5", "s18", "r2", w, right, left)                                                \
    NN_RNN_SPARSE_GATE("s6, s7", "s19", "r3", w, right, left)
#define NN_RNN_SPARSE_GATES16(w, right, left)                                                                \
    NN_RNN_SPARSE_GATES8(w, right, left)                                                                     \
    NN_RNN_SPARSE_GATE("s8, s9", "s20", "r4", w, right, left)                                                \
    NN_RNN_SPARSE_GATE("s10, s11", "s21", "r5", w, right, left)                                              \
    NN_RNN_SPARSE_GATE("s12, s13", "s22", "r6", w, right, left)                                              \
    NN_RNN_SPARSE_GATE("s14, s15", "s23", "r7", w, right, left)
#define NN_RNN_SPARSE_K8 "{s0-s7}"
#define NN_RNN_SPARSE_K16 "{s0-s15}"
#define NN_RNN_SPARSE_X8 "{s16-s19}"
#define NN_RNN_SPARSE_X16 "{s16-s23}"

/* nn_rnn_sweep_code. The stream: for each two units K of z, then K of h less that of z (`bytes` in all),
 * which stay in every other register of s0 to s15; then what the products read. The state stays in r0 to r7.
 * s24: x, s25: steps left, s26: from one x to the next, s27: what the products read, s28 to s30: top, half,
 * signs, s31: the stream. The stack: 0 where the state belongs, 4 from there to that of the next sequence, 8
 * x, 12 its s26, 16 sequences left, 20 from one x to that of the next sequence, 24 the sum of both sequences'
 * s26, 28 steps, 32 first. */
#define NN_RNN_SPARSE_SWEEP(name, units, bytes, w, right, left, products)                                    \
    static __attribute__((naked, noinline)) void name(const struct nn_rnn_simple *c NN_UNUSED,               \
                                                      const struct nn_rnn_inputs *in NN_UNUSED,              \
                                                      int16_t *spare NN_UNUSED, int first NN_UNUSED) {       \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "vpush {s16-s31}\n"                                                                 \
                         "ldm r0, {r4-r10}\n"                                                                \
                         "vmov s28, s29, r4, r5\n"                                                           \
                         "add r11, r10, #" bytes "\n"                                                        \
                         "vmov s30, s31, r6, r10\n"                                                          \
                         "vmov s27, r11\n"                                                                   \
                         "ldm r1, {r4-r10}\n"                                                                \
                         "lsl r5, r5, #1\nlsl r12, r6, #1\nadd r7, r12, r7, lsl #1\n"                        \
                         "push {r3}\n"                                                                       \
                         "push {r5, r7, r8}\n"                                                               \
                         "mov lr, r10\nmov r10, #4\nmov r11, r4\n"                                           \
                         "push {r9-r12, lr}\n"                                                               \
                         "vmov s24, s25, r11, r8\n"                                                          \
                         "vmov s26, r12\n"                                                                   \
                         "cmp r3, #0\n"                                                                      \
                         "bne 4f\n"                                                                          \
                         "vmov r8, s31\n"                                                                    \
                         "vldmia r8, " NN_RNN_SPARSE_K##units                                                \
                         "\n"                                                                                \
                         "0: vmov r8, s27\n" NN_RNN_EACH##units("ldr") "1:\n" products                       \
                                                                       "3: vmov r8, r9, s24, s25\n"          \
                                                                       "vmov r10, s26\n"                     \
                                                                       "vldmia r8, " NN_RNN_SPARSE_X##units  \
                         "\n"                                                                                \
                         "add r8, r8, r10\n"                                                                 \
                         "subs r9, r9, #1\n"                                                                 \
                         "vmov s24, s25, r8, r9\n"                                                           \
                         "vmov r12, lr, s28, s29\n"                                                          \
                         "vmov r8, s30\n" NN_RNN_SPARSE_GATES##units(                                        \
                             w, right, left) "vmov r8, s27\n"                                                \
                                             "bne 1b\n"                                                      \
                                             "ldm sp, {r9-r12, lr}\n" NN_RNN_EACH##units(                    \
                                                 "str") "subs lr, lr, #1\n"                                  \
                                                        "beq 5f\n"                                           \
                                                        "add r0, sp, #20\n"                                  \
                                                        "ldm r0, {r0-r3}\n"                                  \
                                                        "add r9, r9, r10\nrsb r10, r10, #" bytes "\n"        \
                                                        "add r11, r11, r0\nsub r12, r1, r12\n"               \
                                                        "stm sp, {r9-r12, lr}\n"                             \
                                                        "vmov s24, s25, r11, r2\n"                           \
                                                        "vmov s26, r12\n"                                    \
                                                        "cmp r3, #0\n"                                       \
                                                        "beq 0b\n"                                           \
                                                        "4: vmov r8, s31\n"                                  \
                                                        "vldmia r8, " NN_RNN_SPARSE_K##units                 \
                         "\n"                                                                                \
                         "mov r0, #0xC000C000\n"                                                             \
                         "mov r1, r0\nmov r2, r0\nmov r3, r0\nmov r4, r0\nmov r5, r0\nmov r6, r0\n"          \
                         "mov r7, r0\n"                                                                      \
                         "b 3b\n"                                                                            \
                         "5: add sp, sp, #36\n"                                                              \
                         "vpop {s16-s31}\n"                                                                  \
                         "pop {r4-r11, pc}\n");                                                              \
    }

#endif

#endif
