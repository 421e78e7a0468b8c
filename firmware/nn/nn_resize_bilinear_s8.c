#include "nn.h"

void nn_resize_bilinear_s8(const nn_resize_bilinear *p, const int8_t *in, int8_t *out, int32_t step) {
    const int32_t channels = p->channels, row_bytes = p->in_w * channels, one = 1 << 10;
    const int8_t *top = in + p->row_low[step] * row_bytes, *bottom = in + p->row_high[step] * row_bytes;
    const int32_t down = p->row_share[step], up = one - down;
    for (int32_t x = 0; x < p->width; x++) {
        const int32_t low = p->column_low[x] * channels, high = p->column_high[x] * channels;
        const int32_t right = p->column_share[x], left = one - right;
        for (int32_t c = 0; c < channels; c++) {
            int32_t first = top[low + c] * up + bottom[low + c] * down;
            int32_t second = top[high + c] * up + bottom[high + c] * down;
            int32_t total = first * left + second * right;
            *out++ = (int8_t)((total + (total > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
        }
    }
}
