/* Input products of pixels of up to 4 channels: w_shift of 9 to 16 and no product beyond int16. Pixels plus
 * 128, times 2^(16 - w_shift), make each product the high half of its accumulator. */
#ifndef NN_RNN_PIXELS_H
#define NN_RNN_PIXELS_H

#include "nn_rnn_unpack.h"

/* Two columns of pixels. w: for each pair of units their starts (32 bits), a word of each of the weights of
 * channels 0 and 2, then of 1 and 3. offset: bytes from the start of a row to the first word that is read;
 * second: from there to that of the second column; back0, back1: how many of their bits come before the
 * pixel. The assembly reads this struct. */
typedef struct nn_rnn_pixels {
    const int16_t *w;
    int32_t offset, second, shift, back0, back1;
    const int8_t *const *rows, *const *rows_end;
    int16_t *out0, *out1;
    const int16_t *w_end;
} nn_rnn_pixels;

/* Writes the matrix w of a cell in this format. */
static inline void nn_rnn_unpack_pixels(const nn_rnn_cell *p, int32_t shift, int16_t *w) {
    int32_t channels = p->inputs;
    if (p->pixels) {
        memcpy(w, p->pixels_stream, (size_t)p->pixels_words * sizeof *p->pixels_stream);
        return;
    }
    for (int32_t unit = 0; unit < nn_quad(p->hidden); unit++) {
        int16_t k[4] = {0, 0, 0, 0}, *row = w + unit / 2 * 12 + unit % 2 * 2;
        for (int32_t i = 0; i < channels && unit < p->hidden; i++)
            k[i] = p->w[unit * channels + i];
        int32_t offset = unit < p->hidden ? p->w_offset[unit] + (1 << (p->w_shift - 1)) : 0;
        nn_store32(row, ((uint32_t)(offset - 128 * (k[0] + k[1] + k[2] + k[3])) << shift) + (1u << 31));
        row[4] = k[0], row[5] = k[2], row[8] = k[1], row[9] = k[3];
    }
}

/* Says where to read pixel x0 and x1 of rows of row_bytes, within the row. */
static inline void nn_rnn_locate_pixels(nn_rnn_pixels *p, int32_t x0, int32_t x1, int32_t channels,
                                        int32_t row_bytes) {
    int32_t last = row_bytes - 4, at0 = x0 * channels, at1 = x1 * channels;
    int32_t from0 = at0 < last ? at0 : last, from1 = at1 < last ? at1 : last;
    p->offset = from0, p->second = from1 - from0;
    p->back0 = 8 * (at0 - from0), p->back1 = 8 * (at1 - from1);
}

/* Input products plus 2^15 of two columns of pixels, one vector after the other to out0 and out1. */
#if NN_RNN_ASSEMBLY

/* Two units. r6 to r9: the words of the two pixels. */
#define NN_RNN_PIXEL_UNITS                                                                                   \
    "ldmia r1!, {r2, r3, r10, r11}\n"                                                                        \
    "smlad r4, r8, r10, r2\nsmlad r5, r8, r11, r3\nsmlad r2, r6, r10, r2\nsmlad r3, r6, r11, r3\n"           \
    "ldrd r10, r11, [r1], #8\n"                                                                              \
    "smlad r4, r9, r10, r4\nsmlad r5, r9, r11, r5\nsmlad r2, r7, r10, r2\nsmlad r3, r7, r11, r3\n"           \
    "pkhtb r2, r3, r2, asr #16\npkhtb r4, r5, r4, asr #16\n"                                                 \
    "str r2, [r0], #4\nstr r4, [r12], #4\n"

/* lr: w_end. */
NN_RNN_FUNCTION nn_rnn_project_pixels(const nn_rnn_pixels *p NN_UNUSED) {
    __asm__ volatile(NN_RNN_PIXELS_ENTER "mov lr, r11\n"
                                         "1:\n" NN_RNN_PIXELS_LOAD
                                         "2:\n" NN_RNN_PIXEL_UNITS NN_RNN_PIXEL_UNITS "cmp r1, lr\n"
                                         "bne 2b\n" NN_RNN_PIXELS_AGAIN);
}

#else

static inline void nn_rnn_project_pixels(const nn_rnn_pixels *p) {
    int16_t *out0 = p->out0, *out1 = p->out1;
    for (const int8_t *const *row = p->rows; row != p->rows_end; row++) {
        uint32_t a = nn_load32(*row + p->offset) >> p->back0 ^ 0x80808080u;
        uint32_t b = nn_load32(*row + p->offset + p->second) >> p->back1 ^ 0x80808080u;
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
