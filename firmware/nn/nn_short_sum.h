/* nn_short_sum over rows: four values at a time. */
#ifndef NN_SHORT_SUM_H
#define NN_SHORT_SUM_H

#include "nn.h"
#include "nn_math.h"

/* Four bytes times 256, two lanes a word: bytes 0 and 2, 1 and 3. */
typedef struct {
    uint32_t even, odd;
} nn_four;

static inline nn_four nn_raise_bytes(uint32_t bytes) {
    nn_four four = {(bytes << 8) & 0xFF00FF00u, bytes & 0xFF00FF00u};
    return four;
}

static inline int8_t nn_end_short_sum(const nn_short_sum *s, int32_t sum, const int ties) {
    return (int8_t)nn_saturate8_asr22(ties ? sum + s->half + ((sum >> 31) & s->ties) : sum);
}

/* Up to 4 values of a and, unless it is NULL, of b. All are read before the first is written. */
static inline void nn_short_sum_four(const nn_short_sum *s, uint32_t bytes_a, uint32_t bytes_b, int8_t out[4],
                                     const int both, const int ties) {
    const nn_four a = nn_raise_bytes(bytes_a), b = nn_raise_bytes(bytes_b);
    const int32_t start = s->start, factor = s->b_factor;
    int32_t sums[4] = {start, start, start, start};
    if (both) {
        sums[0] = nn_smlaw_lane0(factor, b.even, start), sums[1] = nn_smlaw_lane0(factor, b.odd, start);
        sums[2] = nn_smlaw_lane1(factor, b.even, start), sums[3] = nn_smlaw_lane1(factor, b.odd, start);
    }
    out[0] = nn_end_short_sum(s, nn_smlaw_lane0(s->a_factor, a.even, sums[0]), ties);
    out[1] = nn_end_short_sum(s, nn_smlaw_lane0(s->a_factor, a.odd, sums[1]), ties);
    out[2] = nn_end_short_sum(s, nn_smlaw_lane1(s->a_factor, a.even, sums[2]), ties);
    out[3] = nn_end_short_sum(s, nn_smlaw_lane1(s->a_factor, a.odd, sums[3]), ties);
}

#if NN_ASSEMBLY

/* A byte of each: sum. */
#define NN_SUM_BYTE(lane, a, b, at)                                                                          \
    "smlaw" lane " %[sum], %[fb], %[" b "], %[start]\nsmlaw" lane " %[sum], %[fa], %[" a "], %[sum]\n"       \
    "ssat %[sum], #8, %[sum], asr #22\nstrb %[sum], [%[out], #" at "]\n"
/* n fours. */
#define NN_SUM_LOOP                                                                                          \
    "1: ldr %[x], [%[a]], #4\nldr %[y], [%[b]], #4\n"                                                        \
    "lsl %[x0], %[x], #8\nlsl %[y0], %[y], #8\n"                                                             \
    "and %[x], %[x], #0xFF00FF00\nand %[y], %[y], #0xFF00FF00\n"                                             \
    "and %[x0], %[x0], #0xFF00FF00\nand %[y0], %[y0], #0xFF00FF00\n" NN_SUM_BYTE("b", "x0", "y0", "0")       \
        NN_SUM_BYTE("b", "x", "y", "1") NN_SUM_BYTE("t", "x0", "y0", "2")                                    \
            NN_SUM_BYTE("t", "x", "y", "3") "add %[out], %[out], #4\nsubs %[n], %[n], #1\nbne 1b\n"

#endif

/* n > 0 fours; no ties. */
static inline void nn_short_sum_fours(const nn_short_sum *s, int32_t n, const int8_t *a, const int8_t *b,
                                      int8_t *out) {
#if NN_ASSEMBLY
    uint32_t x, x0, y, y0;
    int32_t sum;
    __asm__ volatile(NN_SUM_LOOP
                     : [a] "+r"(a), [b] "+r"(b), [out] "+r"(out), [n] "+r"(n), [x] "=&r"(x), [x0] "=&r"(x0),
                       [y] "=&r"(y), [y0] "=&r"(y0), [sum] "=&r"(sum)
                     : [fa] "r"(s->a_factor), [fb] "r"(s->b_factor), [start] "r"(s->start)
                     : "cc", "memory");
#else
    for (; n > 0; n--, a += 4, b += 4, out += 4)
        nn_short_sum_four(s, nn_load32(a), nn_load32(b), out, 1, 0);
#endif
}

/* out may be a or b. */
static inline void nn_short_sum_row(const nn_short_sum *p, int32_t count, const int8_t *a, const int8_t *b,
                                    int8_t *out, const int both, const int ties) {
    const nn_short_sum s = *p;
    int32_t fours = count & ~3, i = 0;
    if (both && !ties && fours) {
        nn_short_sum_fours(&s, fours >> 2, a, b, out);
        i = fours;
    }
    for (; i < fours; i += 4)
        nn_short_sum_four(&s, nn_load32(a + i), both ? nn_load32(b + i) : 0, out + i, both, ties);
    if (i < count) {
        int8_t last[4];
        int32_t rest = count - i;
        nn_short_sum_four(&s, nn_load_bytes(a + i, rest), both ? nn_load_bytes(b + i, rest) : 0, last, both,
                          ties);
        for (int32_t k = 0; k < rest; k++)
            out[i + k] = last[k];
    }
}

static NN_NOINLINE void nn_short_sum_two(const nn_short_sum *s, int32_t count, const int8_t *a,
                                         const int8_t *b, int8_t *out) {
    if (s->half)
        nn_short_sum_row(s, count, a, b, out, 1, 1);
    else
        nn_short_sum_row(s, count, a, b, out, 1, 0);
}

static NN_NOINLINE void nn_short_sum_one(const nn_short_sum *s, int32_t count, const int8_t *a, int8_t *out) {
    if (s->half)
        nn_short_sum_row(s, count, a, a, out, 0, 1);
    else
        nn_short_sum_row(s, count, a, a, out, 0, 0);
}

#endif
