#include "nn_conv_columns.h"
#include "nn_conv_four.h"
#include "nn_conv_sweep.h"

#include <stddef.h>

void nn_conv_rows_s8(const nn_conv_rows *p, const int8_t *const rows[], int8_t *const out[],
                     int32_t *scratch) {
    const nn_conv2d *conv = &p->conv;
    const int32_t *weights = conv->weights;
    nn_conv_columns t = nn_make_columns(conv);
    int32_t words = (conv->kernel_w * t.size + 1) >> 1, all = NN_CONV_BIASES + 2 * words + NN_CONV_ENDS;
    int32_t columns = (conv->out_w - 1) * t.step + conv->kernel_w, row_words = (columns * t.size + 2) >> 1;
    int16_t *start = (int16_t *)(scratch + (NN_CONV_LONG(words) && conv->out_c >= 4 ? 2 * all : all));
    t.count = conv->out_w, t.first = -conv->pad_left;
    for (int32_t i = 0; i < p->rows && out[i]; i++) {
        t.start = start + 2 * i * row_words;
        nn_widen_tile(&t, rows + i * p->stride_h);
    }
    nn_conv_sweep s = {.words = words, .count = conv->out_w, .next = conv->out_c};
    s.step = t.step * t.size;
    for (int32_t o = 0, four; o < conv->out_c; o += four ? 4 : 2, weights += four ? 2 * all : all) {
        int32_t channel = o + 1 < conv->out_c || o == 0 ? o : o - 1;
        four = nn_conv_takes_four(conv, weights, words, conv->out_c - o);
        s.weights = four && words == NN_CONV_SHORT ? weights : scratch;
        if (!four)
            nn_copy_words(scratch, weights, all);
        else if (words != NN_CONV_SHORT)
            nn_conv_copy_four(scratch, weights, words);
        for (int32_t i = 0; i < p->rows && out[i]; i += 2) {
            int32_t other = out[i + 1] ? i + 1 : i; /* a last row without partner is its own */
            s.x0 = start + 2 * i * row_words, s.x1 = start + 2 * other * row_words;
            s.out0 = out[i] + channel, s.out1 = out[other] + channel;
            if (four)
                nn_run_conv_four(&s);
            else
                nn_run_conv_sweep(conv, &s);
        }
    }
    for (int32_t i = 0; i < p->rows && out[i]; i++)
        nn_clamp_row(out[i], conv->out_w * conv->out_c, conv->out_min, conv->out_max);
}
