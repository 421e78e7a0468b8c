/* Products of transformed tiles and filters: two tiles times two output channels, in each of 36 places. */
#ifndef NN_WINOGRAD_H
#define NN_WINOGRAD_H

#include "nn_dsp.h"

#define NN_WINOGRAD_PLACES 36

/* tiles: for each place in_c / 2 words (two channels) of each tile in turn; filters alike, of each output
 * channel. sums: for each place those of tile 0 with channel 0 and 1, then of tile 1; modulo 2^32. */
static inline void nn_winograd_products_any(const int32_t *tiles, const int32_t *filters, int32_t *sums,
                                            int32_t in_c) {
    for (int32_t place = 0; place < NN_WINOGRAD_PLACES; place++, sums += 4) {
        int32_t sum[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < in_c; i += 2, tiles += 2, filters += 2)
            for (int32_t k = 0; k < 4; k++)
                sum[k] = nn_smlad((uint32_t)tiles[k >> 1], (uint32_t)filters[k & 1], sum[k]);
        for (int32_t k = 0; k < 4; k++)
            sums[k] = sum[k];
    }
}

#if NN_ASSEMBLY

/* Two words of both tiles (r0: r6-r9) and of both channels (r1: r10-r12, lr): added to r2-r5, or their start.
 */
#define NN_WINOGRAD_LOAD "ldm r0!, {r6-r9}\nldm r1!, {r10-r12, lr}\n"
#define NN_WINOGRAD_HIGH                                                                                     \
    "smlad r2, r8, r12, r2\nsmlad r3, r8, lr, r3\nsmlad r4, r9, r12, r4\nsmlad r5, r9, lr, r5\n"
#define NN_WINOGRAD_FIRST                                                                                    \
    NN_WINOGRAD_LOAD                                                                                         \
    "smuad r2, r6, r10\nsmuad r3, r6, r11\nsmuad r4, r7, r10\nsmuad r5, r7, r11\n" NN_WINOGRAD_HIGH
#define NN_WINOGRAD_ADD                                                                                      \
    NN_WINOGRAD_LOAD                                                                                         \
    "smlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\nsmlad r4, r7, r10, r4\nsmlad r5, r7, r11, "               \
    "r5\n" NN_WINOGRAD_HIGH
#define NN_WINOGRAD_ADD3 NN_WINOGRAD_ADD NN_WINOGRAD_ADD NN_WINOGRAD_ADD
#define NN_WINOGRAD_ADD4 NN_WINOGRAD_ADD3 NN_WINOGRAD_ADD

/* words: of all input channels but the first four. On the stack: sums and their end. */
#define NN_WINOGRAD_PRODUCTS(name, words)                                                                    \
    static __attribute__((naked, noinline, unused)) void name(                                               \
        const int32_t *tiles NN_UNUSED, const int32_t *filters NN_UNUSED, int32_t *sums NN_UNUSED) {         \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "add r3, r2, #576\n"                                                                \
                         "push {r2, r3}\n"                                                                   \
                         "1:\n" NN_WINOGRAD_FIRST words "ldrd r6, r7, [sp]\n"                                \
                         "stm r6!, {r2-r5}\n"                                                                \
                         "cmp r6, r7\n"                                                                      \
                         "str r6, [sp]\n"                                                                    \
                         "bne 1b\n"                                                                          \
                         "add sp, sp, #8\n"                                                                  \
                         "pop {r4-r11, pc}\n");                                                              \
    }

NN_WINOGRAD_PRODUCTS(nn_winograd_products16, NN_WINOGRAD_ADD3)
NN_WINOGRAD_PRODUCTS(nn_winograd_products32, NN_WINOGRAD_ADD3 NN_WINOGRAD_ADD4)
NN_WINOGRAD_PRODUCTS(nn_winograd_products64,
                     NN_WINOGRAD_ADD3 NN_WINOGRAD_ADD4 NN_WINOGRAD_ADD4 NN_WINOGRAD_ADD4)

#endif

static inline void nn_winograd_products(const int32_t *tiles, const int32_t *filters, int32_t *sums,
                                        int32_t in_c) {
#if NN_ASSEMBLY
    if (in_c == 16)
        nn_winograd_products16(tiles, filters, sums);
    else if (in_c == 32)
        nn_winograd_products32(tiles, filters, sums);
    else
        nn_winograd_products64(tiles, filters, sums);
#else
    nn_winograd_products_any(tiles, filters, sums, in_c);
#endif
}

#endif
