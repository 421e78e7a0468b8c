#include "nn.h"
#include "nn_int16.h"

void nn_max_pool_s16(const nn_pool *p, const int8_t *const rows[], int16_t *out) {
    int32_t channels = p->channels;
    for (int32_t x = 0; x < p->out_w; x++) {
        int32_t start = x * p->stride_w - p->pad_left;
        int32_t first = nn_clamp(start, 0, p->in_w), last = nn_clamp(start + p->kernel_w, 0, p->in_w);
        for (int32_t c = 0; c < channels; c++) {
            int32_t best = -32768;
            for (int32_t i = 0; i < p->kernel_h; i++)
                for (int32_t column = first; rows[i] && column < last; column++) {
                    int32_t value = nn_int16_row(rows[i])[column * channels + c];
                    best = value > best ? value : best;
                }
            *out++ = (int16_t)nn_clamp(best, p->out_min, p->out_max);
        }
    }
}
