/* Dot products of two 16-bit vectors with two others: each word loaded is used twice. In assembly for
 * Armv7E-M, because compilers spill registers inside loops that need twelve of them. */
#ifndef NN_DOT_H
#define NN_DOT_H

#include "nn_dsp.h"

/* Sums of pixels (or sequences) p0, p1 with channels (or units) c0, c1. */
typedef struct {
    int32_t p0c0, p0c1, p1c0, p1c1;
} nn_sums;

static inline int32_t nn_quad(int32_t n) { return (n + 3) & ~3; }

#if NN_ASSEMBLY

#define NN_MULTIPLY_WORD                                                                                     \
    "smlad %[p0c0], %[a], %[v], %[p0c0]\n"                                                                   \
    "smlad %[p0c1], %[a], %[w], %[p0c1]\n"                                                                   \
    "smlad %[p1c0], %[b], %[v], %[p1c0]\n"                                                                   \
    "smlad %[p1c1], %[b], %[w], %[p1c1]\n"
#define NN_PAIR_WORD                                                                                         \
    "ldrd %[a], %[b], [%[x]], #8\nldrd %[v], %[w], [%[y]], "                                                 \
    "#8\n" NN_MULTIPLY_WORD
#define NN_WINDOW_WORD                                                                                       \
    "ldr %[a], [%[x]], #4\nldr %[b], [%[x1]], #4\nldrd %[v], %[w], [%[y]], "                                 \
    "#8\n" NN_MULTIPLY_WORD
/* Four elements if n is an odd number of fours, then eight at a time. */
#define NN_DOT_LOOP(word)                                                                                    \
    "lsrs %[n], %[n], #3\n"                                                                                  \
    "bcc 1f\n" word word "1:\n"                                                                              \
    "beq 3f\n"                                                                                               \
    "2:\n" word word word word "subs %[n], %[n], #1\n"                                                       \
    "bne 2b\n"                                                                                               \
    "3:\n"
#define NN_SUMS(s) [p0c0] "+r"(s.p0c0), [p0c1] "+r"(s.p0c1), [p1c0] "+r"(s.p1c0), [p1c1] "+r"(s.p1c1)
#define NN_WORDS [a] "=&r"(a), [b] "=&r"(b), [v] "=&r"(v), [w] "=&r"(w)

#else

static inline void nn_multiply_word(nn_sums *s, uint32_t a, uint32_t b, const int16_t *y) {
    uint32_t v = nn_load32(y), w = nn_load32(y + 2);
    s->p0c0 = nn_smlad(a, v, s->p0c0), s->p0c1 = nn_smlad(a, w, s->p0c1);
    s->p1c0 = nn_smlad(b, v, s->p1c0), s->p1c1 = nn_smlad(b, w, s->p1c1);
}

#endif

/* x holds a word (two elements) of p0 and of p1 in turn, y of c0 and c1; n elements of each, a multiple
 * of 4. Both are word-aligned. Returns the end of y. */
static inline const int16_t *nn_dot_pairs(nn_sums *sums, const int16_t *x, const int16_t *y, int32_t n) {
    nn_sums s = *sums;
#if NN_ASSEMBLY
    uint32_t a, b, v, w;
    __asm__ volatile(NN_DOT_LOOP(NN_PAIR_WORD)
                     : NN_SUMS(s), NN_WORDS, [x] "+r"(x), [y] "+r"(y), [n] "+r"(n)::"cc", "memory");
#else
    for (; n > 0; n -= 2, x += 4, y += 4)
        nn_multiply_word(&s, nn_load32(x), nn_load32(x + 2), y);
#endif
    *sums = s;
    return y;
}

/* The same with p0 and p1 apart, at any address. */
static inline const int16_t *nn_dot_windows(nn_sums *sums, const int16_t *p0, const int16_t *p1,
                                            const int16_t *y, int32_t n) {
    nn_sums s = *sums;
#if NN_ASSEMBLY
    uint32_t a, b, v, w;
    __asm__ volatile(NN_DOT_LOOP(NN_WINDOW_WORD)
                     : NN_SUMS(s), NN_WORDS, [x] "+r"(p0), [x1] "+r"(p1), [y] "+r"(y), [n] "+r"(n)::"cc",
                       "memory");
#else
    for (; n > 0; n -= 2, p0 += 2, p1 += 2, y += 4)
        nn_multiply_word(&s, nn_load32(p0), nn_load32(p1), y);
#endif
    *sums = s;
    return y;
}

#endif
