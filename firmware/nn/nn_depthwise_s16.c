#include "nn.h"
#include "nn_int16.h"

void nn_depthwise_s16(const nn_conv *p, const int8_t *const rows[], int16_t *out) {
    int32_t channels = p->in_c;
    for (int32_t x = 0; x < p->out_w; x++) {
        int32_t start = x * p->stride_w - p->pad_left;
        for (int32_t c = 0; c < channels; c++) {
            const int8_t *weights = p->weights + c;
            int64_t acc = p->bias[c];
            for (int32_t i = 0; i < p->kernel_h; i++) {
                int32_t column = start;
                for (int32_t j = 0; j < p->kernel_w; j++, column += p->dilation_w, weights += channels)
                    if (rows[i] && column >= 0 && column < p->in_w)
                        acc += nn_int16_row(rows[i])[column * channels + c] * *weights;
            }
            int32_t value = nn_requantize_wide(acc, p->multiplier[c], p->shift[c]);
            *out++ = (int16_t)nn_clamp(value, p->out_min, p->out_max);
        }
    }
}
