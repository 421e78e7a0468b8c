/* Input products of pixels of 4 channels: w_shift of 9 to 16 and no product beyond int16. Pixels plus 128,
 * times 2^(16 - w_shift), make each product the high half of its accumulator. */
#ifndef NN_RNN_PIXELS_H
#define NN_RNN_PIXELS_H

#include "nn_rnn_unpack.h"

/* Two columns of pixels. w: as in nn_rnn, with elements 1 and 2 exchanged and offsets that fit. offset: bytes
 * from the start of a row to the first column; second: from there to the second. The assembly reads this
 * struct. */
typedef struct {
    const int16_t *w;
    int32_t offset, second, shift;
    const int8_t *const *rows, *const *rows_end;
    int16_t *out0, *out1;
    const int16_t *w_end;
} nn_rnn_pixels;

/* Changes the matrix w of a cell to this format; returns the shift of pixels, -1 if it cannot be done. */
static inline int32_t nn_rnn_unpack_pixels(const nn_rnn *c, int32_t channels, int16_t *w) {
    int32_t shift = 16 - c->w_shift, fits = channels == 4 && shift >= 0 && shift < 8;
    for (int change = 0; change < 2 && fits; change++)
        for (int32_t unit = 0; unit < c->hidden; unit++) {
            int16_t *row = w + unit / 2 * 12 + unit % 2 * 2, k1 = row[5];
            int32_t offset = (int32_t)nn_load32(row), sum = row[4] + k1 + row[8] + row[9];
            int32_t spread = (int32_t)(nn_magnitude(row[4]) + nn_magnitude(k1) + nn_magnitude(row[8]) +
                                       nn_magnitude(row[9]));
            fits &= (offset - 128 * spread) >> c->w_shift >= -32768;
            fits &= (offset + 128 * spread) >> c->w_shift < 32768;
            if (change) {
                nn_store32(row, ((uint32_t)(offset - 128 * sum) << shift) + (1u << 31));
                row[5] = row[8], row[8] = k1;
            }
        }
    return fits ? shift : -1;
}

/* Input products plus 2^15 of two columns of pixels, one vector after the other to out0 and out1. */
#if NN_ASSEMBLY

/* On the stack: struct nn_rnn_pixels to rows_end. r6 to r9: the words of the two pixels, r0 and r12: out0 and
 * out1, lr: w_end. */
NN_RNN_FUNCTION nn_rnn_project_pixels(const nn_rnn_pixels *p NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldm r0, {r1-r9}\n"
                     "push {r1-r6}\n"
                     "mov r0, r7\nmov r12, r8\nmov lr, r9\n"
                     "1: ldm sp, {r1-r5}\n"
                     "ldr r6, [r5], #4\n"
                     "str r5, [sp, #16]\n"
                     "add r6, r6, r2\n"
                     "ldr r9, [r6, r3]\nldr r7, [r6]\n"
                     "eor r7, r7, #0x80808080\neor r9, r9, #0x80808080\n"
                     "uxtb16 r6, r7\nuxtb16 r7, r7, ror #8\nuxtb16 r8, r9\nuxtb16 r9, r9, ror #8\n"
                     "lsl r6, r6, r4\nlsl r7, r7, r4\nlsl r8, r8, r4\nlsl r9, r9, r4\n"
                     "2: ldmia r1!, {r2, r3, r10, r11}\n"
                     "smlad r4, r8, r10, r2\nsmlad r5, r8, r11, r3\n"
                     "smlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\n"
                     "ldrd r10, r11, [r1], #8\n"
                     "smlad r4, r9, r10, r4\nsmlad r5, r9, r11, r5\n"
                     "smlad r2, r7, r10, r2\nsmlad r3, r7, r11, r3\n"
                     "pkhtb r2, r3, r2, asr #16\npkhtb r4, r5, r4, asr #16\n"
                     "cmp r1, lr\n"
                     "str r2, [r0], #4\nstr r4, [r12], #4\n"
                     "bne 2b\n"
                     "ldrd r2, r3, [sp, #16]\n"
                     "cmp r2, r3\n"
                     "bne 1b\n"
                     "add sp, sp, #24\n"
                     "pop {r4-r11, pc}\n");
}

#else

static inline void nn_rnn_project_pixels(const nn_rnn_pixels *p) {
    int16_t *out0 = p->out0, *out1 = p->out1;
    for (const int8_t *const *row = p->rows; row != p->rows_end; row++) {
        uint32_t a = nn_load32(*row + p->offset) ^ 0x80808080u;
        uint32_t b = nn_load32(*row + p->offset + p->second) ^ 0x80808080u;
        uint32_t a0 = (a & 0x00FF00FFu) << p->shift, a1 = (a >> 8 & 0x00FF00FFu) << p->shift;
        uint32_t b0 = (b & 0x00FF00FFu) << p->shift, b1 = (b >> 8 & 0x00FF00FFu) << p->shift;
        for (const int16_t *w = p->w; w != p->w_end; w += 12, out0 += 2, out1 += 2) {
            int32_t start0 = (int32_t)nn_load32(w), start1 = (int32_t)nn_load32(w + 2);
            uint32_t w0 = nn_load32(w + 4), w1 = nn_load32(w + 6);
            uint32_t v0 = nn_load32(w + 8), v1 = nn_load32(w + 10);
            int32_t a_low = nn_smlad(a1, v0, nn_smlad(a0, w0, start0));
            int32_t a_high = nn_smlad(a1, v1, nn_smlad(a0, w1, start1));
            int32_t b_low = nn_smlad(b1, v0, nn_smlad(b0, w0, start0));
            int32_t b_high = nn_smlad(b1, v1, nn_smlad(b0, w1, start1));
            nn_store32(out0, nn_pack_high((uint32_t)a_low, (uint32_t)a_high));
            nn_store32(out1, nn_pack_high((uint32_t)b_low, (uint32_t)b_high));
        }
    }
}

#endif

#endif
