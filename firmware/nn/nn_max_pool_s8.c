#include "nn.h"
#include "nn_math.h"

static void take_larger(int8_t *out, const int8_t *in, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        out[i] = in[i] > out[i] ? in[i] : out[i];
}

void nn_max_pool_s8(const nn_pool *p, const int8_t *const rows[], int8_t *out) {
    int32_t channels = p->channels;
    memset(out, -128, (size_t)(p->out_w * channels));
    for (int32_t x = 0; x < p->out_w; x++) {
        int32_t start = x * p->stride_w - p->pad_left;
        int32_t first = nn_clamp(start, 0, p->in_w), last = nn_clamp(start + p->kernel_w, 0, p->in_w);
        for (int32_t i = 0; i < p->kernel_h; i++)
            for (int32_t column = first; rows[i] && column < last; column++)
                take_larger(out + x * channels, rows[i] + column * channels, channels);
    }
    nn_clamp_row(out, p->out_w * channels, p->out_min, p->out_max);
}
