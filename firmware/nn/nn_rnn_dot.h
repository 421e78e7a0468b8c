/* Products of two vectors with the rows of a matrix, four units (rows) at a time. Vectors of int16 lie in
 * turn: a word (two elements) of the first, a word of the second. Of a matrix lie, for each four units, the
 * four values (32 bits) from which their sums start, then a word of each unit in turn. All are padded to
 * multiples of 4 with zeros. */
#ifndef NN_RNN_DOT_H
#define NN_RNN_DOT_H

#include "nn_dsp.h"

/* Sums of four units, of each vector. */
typedef struct {
    int32_t first[4], second[4];
} nn_rnn_sums;

#if NN_ASSEMBLY

/* Two units: the sums of both vectors at `first` and `second`; y: their starts, w: their first words, which
 * are followed by those of two other units. */
static inline void nn_rnn_dot_pair(int32_t *first, int32_t *second, const int16_t *x, const int16_t *y,
                                   const int16_t *w, int32_t n) {
    uint32_t a, b, v0, v1;
    int32_t p0 = (int32_t)nn_load32(y), p1 = (int32_t)nn_load32(y + 2), q0 = p0, q1 = p1;
#define NN_RNN_PAIR_WORD                                                                                     \
    "ldrd %[v0], %[v1], [%[w]], #16\nldrd %[a], %[b], [%[x]], #8\n"                                          \
    "smlad %[p0], %[a], %[v0], %[p0]\nsmlad %[p1], %[a], %[v1], %[p1]\n"                                     \
    "smlad %[q0], %[b], %[v0], %[q0]\nsmlad %[q1], %[b], %[v1], %[q1]\n"
    __asm__ volatile("1:\n" NN_RNN_PAIR_WORD NN_RNN_PAIR_WORD "subs %[n], %[n], #4\n"
                     "bne 1b\n"
                     : [p0] "+r"(p0), [p1] "+r"(p1), [q0] "+r"(q0), [q1] "+r"(q1), [a] "=&r"(a), [b] "=&r"(b),
                       [v0] "=&r"(v0), [v1] "=&r"(v1), [x] "+r"(x), [w] "+r"(w), [n] "+r"(n)::"cc", "memory");
    first[0] = p0, first[1] = p1, second[0] = q0, second[1] = q1;
}

#endif

/* Sums of four units for vectors of n elements; returns what follows them in the matrix. */
static inline const int16_t *nn_rnn_dot(nn_rnn_sums *s, const int16_t *x, const int16_t *matrix, int32_t n) {
    const int16_t *w = matrix + 8;
#if NN_ASSEMBLY
    nn_rnn_dot_pair(s->first, s->second, x, matrix, w, n);
    nn_rnn_dot_pair(s->first + 2, s->second + 2, x, matrix + 4, w + 4, n);
#else
    for (int32_t unit = 0; unit < 4; unit++) {
        int32_t start = (int32_t)nn_load32(matrix + 2 * unit), first = start, second = start;
        for (int32_t k = 0; k < n; k += 2) {
            uint32_t weights = nn_load32(w + 4 * k + 2 * unit);
            first = nn_smlad(nn_load32(x + 2 * k), weights, first);
            second = nn_smlad(nn_load32(x + 2 * k + 2), weights, second);
        }
        s->first[unit] = first, s->second[unit] = second;
    }
#endif
    return w + 4 * n;
}

#endif
