#include "nn.h"
#include "nn_int16.h"

static int64_t weighted_sum(const int16_t *in, const int8_t *weights, int32_t count) {
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += in[i] * weights[i];
    return sum;
}

void nn_conv_s16(const nn_conv *p, const int8_t *const rows[], int16_t *out) {
    int32_t channels = p->in_c;
    for (int32_t x = 0; x < p->out_w; x++) {
        const int8_t *weights = p->weights;
        int32_t start = x * p->stride_w - p->pad_left;
        for (int32_t o = 0; o < p->out_c; o++) {
            int64_t acc = p->bias[o];
            for (int32_t i = 0; i < p->kernel_h; i++) {
                int32_t column = start;
                for (int32_t j = 0; j < p->kernel_w; j++, column += p->dilation_w, weights += channels)
                    if (rows[i] && column >= 0 && column < p->in_w)
                        acc += weighted_sum(nn_int16_row(rows[i]) + column * channels, weights, channels);
            }
            int32_t value = nn_requantize_wide(acc, p->multiplier[o], p->shift[o]);
            *out++ = (int16_t)nn_clamp(value, p->out_min, p->out_max);
        }
    }
}
