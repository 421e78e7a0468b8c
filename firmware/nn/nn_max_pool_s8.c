#include "nn.h"
#include "nn_math.h"

/* The part of a window that lies inside the map: columns of rows, of one channel on. */
typedef struct {
    const int8_t *const *rows;
    int32_t kernel_h, first, last, channels;
} window;

static inline uint32_t largest_four(const window *w, int32_t c) {
    uint32_t largest = 0x80808080u;
    for (int32_t i = 0; i < w->kernel_h; i++) {
        if (!w->rows[i])
            continue;
        const int8_t *from = w->rows[i] + w->first * w->channels + c;
        for (int32_t column = w->first; column < w->last; column++, from += w->channels)
            largest = nn_max_bytes(largest, nn_load32(from));
    }
    return largest;
}

static inline int8_t largest_one(const window *w, int32_t c) {
    int8_t largest = -128;
    for (int32_t i = 0; i < w->kernel_h; i++)
        for (int32_t column = w->first; w->rows[i] && column < w->last; column++) {
            int8_t value = w->rows[i][column * w->channels + c];
            largest = value > largest ? value : largest;
        }
    return largest;
}

void nn_max_pool_s8(const nn_pool *p, const int8_t *const rows[], int8_t *out) {
    int32_t channels = p->channels;
    window w = {.rows = rows, .kernel_h = p->kernel_h, .channels = channels};
    for (int32_t x = 0; x < p->out_w; x++) {
        int32_t start = x * p->stride_w - p->pad_left, c = 0;
        w.first = nn_clamp(start, 0, p->in_w), w.last = nn_clamp(start + p->kernel_w, 0, p->in_w);
        for (; c + 4 <= channels; c += 4)
            nn_store32(out + x * channels + c, largest_four(&w, c));
        for (; c < channels; c++)
            out[x * channels + c] = largest_one(&w, c);
    }
    nn_clamp_row(out, p->out_w * channels, p->out_min, p->out_max);
}
