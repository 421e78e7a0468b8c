/* Depthwise 3x3 sweeps of nn_depthwise_s8, two outputs at a time. */
#ifndef NN_DEPTHWISE_H
#define NN_DEPTHWISE_H

#include "nn.h"
#include "nn_math.h"

/* One channel; plane_step: int16 from the columns of one pair of kernel rows to the next. */
typedef struct {
    const int16_t *weights;
    int32_t bias, stride, dilation, kernel_w, planes, plane_step, fast;
    nn_scale scale;
} nn_sweep;

/* 3x3 without dilation: six pairs of weights, then words of bias, multiplier, half and right shift. */
#define NN_BLOCK_BIAS 12
#define NN_BLOCK_SCALE 14

static inline void nn_store_scale(int16_t *block, int32_t bias, const nn_scale *scale) {
    nn_store32(block + NN_BLOCK_BIAS, (uint32_t)bias);
    nn_store32(block + NN_BLOCK_SCALE, (uint32_t)scale->multiplier);
    nn_store32(block + NN_BLOCK_SCALE + 2, (uint32_t)scale->half);
    nn_store32(block + NN_BLOCK_SCALE + 4, (uint32_t)scale->right);
}

#if NN_ASSEMBLY
#define NN_SMLAD(sum, x, y) "smlad %[" #sum "], %[" #x "], %[" #y "], %[" #sum "]\n"
#define NN_LOAD_TAPS(offset) "ldrd %[v], %[w], [%[block], #" #offset "]\n"
#define NN_LOAD_LAST_TAP(offset) "ldr %[v], [%[block], #" #offset "]\n"
/* Columns 0 1 2 and 1 2 3. */
#define NN_DOT_S1(at)                                                                                        \
    NN_SMLAD(p, a, v)                                                                                        \
    NN_SMLAD(p, b, w) NN_SMLAD(q, b, v) "ldrd %[a], %[b], [%[" #at "], #8]!\n" NN_SMLAD(q, a, w)
/* Columns 0 1 2 and 2 3 4. */
#define NN_DOT_S2(at)                                                                                        \
    NN_SMLAD(p, a, v)                                                                                        \
    NN_SMLAD(p, b, w) "ldrd %[a], %[b], [%[" #at "], #8]!\n" NN_SMLAD(q, a, v) NN_SMLAD(q, b, w)
#define NN_LAST_S1(at) NN_SMLAD(p, a, v) NN_SMLAD(q, b, v)
#define NN_LAST_S2(at) "ldr %[b], [%[" #at "], #8]!\n" NN_SMLAD(p, a, v) NN_SMLAD(q, b, v)
#define NN_OUTPUT(sum)                                                                                       \
    "lsl %[" #sum "], %[" #sum "], #1\n"                                                                     \
    "smmulr %[" #sum "], %[" #sum "], %[v]\n"                                                                \
    "add %[b], %[" #sum "], %[w]\n"                                                                          \
    "add %[" #sum "], %[b], %[" #sum "], asr #31\n"                                                          \
    "asr %[" #sum "], %[" #sum "], %[a]\n"                                                                   \
    "ssat %[" #sum "], #8, %[" #sum "]\n"
#define NN_TWO_OUTPUTS(dot, last)                                                                            \
    __asm__ volatile("ldr %[p], [%[block], #24]\n"                                                           \
                     "mov %[q], %[p]\n"                                                                      \
                     "ldrd %[a], %[b], [%[at]]\n" NN_LOAD_TAPS(0) dot(at) NN_LOAD_LAST_TAP(8)                \
                         last(at) "ldrd %[a], %[b], [%[low]]\n" NN_LOAD_TAPS(12) dot(low)                    \
                             NN_LOAD_LAST_TAP(20) last(low) "ldrd %[v], %[w], [%[block], #28]\n"             \
                                                            "ldr %[a], [%[block], #36]\n" NN_OUTPUT(p)       \
                                                                NN_OUTPUT(q)                                 \
                     : [p] "=&r"(p), [q] "=&r"(q), [a] "=&r"(a), [b] "=&r"(b), [v] "=&r"(v), [w] "=&r"(w),   \
                       [at] "+r"(at), [low] "+r"(low)                                                        \
                     : [block] "r"(block)                                                                    \
                     : "memory")
#endif

/* Two neighbouring outputs; advances over their columns. */
static inline void nn_two_outputs(const int16_t **columns, const int16_t **lower, const int16_t *block,
                                  int8_t *out, int32_t out_step, const int32_t stride) {
    const int16_t *at = *columns, *low = *lower;
    int32_t p, q;
#if NN_ASSEMBLY
    uint32_t a, b, v, w;
    if (stride == 1)
        NN_TWO_OUTPUTS(NN_DOT_S1, NN_LAST_S1);
    else
        NN_TWO_OUTPUTS(NN_DOT_S2, NN_LAST_S2);
#else
    nn_scale scale = {0};
    p = q = (int32_t)nn_load32(block + NN_BLOCK_BIAS);
    for (int32_t k = 0; k < 6; k++) {
        uint32_t tap = nn_load32(block + 2 * k);
        const int16_t *from = k < 3 ? at + 2 * k : low + 2 * (k - 3);
        p = nn_smlad(nn_load32(from), tap, p);
        q = nn_smlad(nn_load32(from + 2 * stride), tap, q);
    }
    scale.multiplier = (int32_t)nn_load32(block + NN_BLOCK_SCALE);
    scale.half = (int32_t)nn_load32(block + NN_BLOCK_SCALE + 2);
    scale.right = (int32_t)nn_load32(block + NN_BLOCK_SCALE + 4);
    p = nn_output_fast(&scale, p), q = nn_output_fast(&scale, q);
    at += 4 * stride, low += 4 * stride;
#endif
    out[0] = (int8_t)p;
    out[out_step] = (int8_t)q;
    *columns = at, *lower = low;
}

/* Two outputs or more; the last two of an odd number overlap. */
static inline void nn_sweep_3x3(const nn_sweep *s, const int16_t *columns, int8_t *out, int32_t out_step,
                                int32_t count, const int32_t stride) {
    const int16_t *low = columns + s->plane_step, *block = s->weights;
    for (int32_t left = count; left > 1; left -= 2, out += 2 * out_step)
        nn_two_outputs(&columns, &low, block, out, out_step, stride);
    if (count & 1) {
        columns -= 2 * stride, low -= 2 * stride;
        nn_two_outputs(&columns, &low, block, out - out_step, out_step, stride);
    }
}

static NN_NOINLINE void nn_sweep_3x3_s1(const nn_sweep *s, const int16_t *columns, int8_t *out,
                                        int32_t out_step, int32_t count) {
    nn_sweep_3x3(s, columns, out, out_step, count, 1);
}

static NN_NOINLINE void nn_sweep_3x3_s2(const nn_sweep *s, const int16_t *columns, int8_t *out,
                                        int32_t out_step, int32_t count) {
    nn_sweep_3x3(s, columns, out, out_step, count, 2);
}

#endif
