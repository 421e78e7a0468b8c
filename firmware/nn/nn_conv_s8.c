#include "nn_conv_columns.h"
#include "nn_conv_sweep.h"

#include <stddef.h>

/* A pair of channels over all pixels of a tile; the last two of an odd number of pixels overlap. */
static void run_channels(const nn_conv_columns *t, const int32_t *weights, int32_t words, int8_t *out) {
    int32_t step = t->step * t->size, out_c = t->p->out_c, even = t->count & ~1;
    nn_conv_sweep s = {.x0 = t->start, .x1 = t->start + step, .weights = weights, .words = words};
    s.step = 2 * step, s.count = even >> 1, s.next = 2 * out_c, s.out0 = out, s.out1 = out + out_c;
    if (s.count > 0)
        nn_run_conv_sweep(t->p, &s);
    if (t->count != even) {
        int32_t last = t->count - 1, first = last > 0 ? last - 1 : 0;
        s.x0 = t->start + first * step, s.x1 = t->start + last * step;
        s.out0 = out + first * out_c, s.out1 = out + last * out_c;
        s.count = 1;
        nn_run_conv_sweep(t->p, &s);
    }
}

void nn_conv_s8(const nn_conv2d *p, const int8_t *const rows[], int8_t *out, int32_t *scratch) {
    int32_t out_c = p->out_c;
    nn_conv_columns t = nn_make_columns(p);
    int32_t words = (p->kernel_w * t.size + 1) >> 1, all = NN_CONV_BIASES + 2 * words + NN_CONV_ENDS;
    t.start = (int16_t *)(scratch + all);
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        const int32_t *weights = p->weights;
        t.count = nn_clamp(p->out_w - x, 0, p->tile);
        t.first = x * p->stride_w - p->pad_left;
        nn_widen_tile(&t, rows);
        for (int32_t o = 0; o < out_c; o += 2, weights += all) {
            nn_copy_words(scratch, weights, all);
            run_channels(&t, scratch, words, out + x * out_c + (o + 1 < out_c || o == 0 ? o : o - 1));
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
