#include "nn.h"
#include "nn_math.h"

#define MOST_CELLS 255 /* whose sum fits 16 bits */

/* The part of a window that lies inside the map: columns of rows, of one channel on. */
typedef struct {
    const int8_t *const *rows;
    int32_t kernel_h, first, last, channels, cells;
} window;

static inline int8_t quotient(int32_t sum, int32_t count) {
    return (int8_t)((sum > 0 ? sum + (count >> 1) : sum - (count >> 1)) / count);
}

static inline void average_four(const window *w, int32_t c, int8_t *out) {
    uint32_t even = 0, odd = 0;
    for (int32_t i = 0; i < w->kernel_h; i++) {
        if (!w->rows[i])
            continue;
        const int8_t *from = w->rows[i] + w->first * w->channels + c;
        for (int32_t column = w->first; column < w->last; column++, from += w->channels) {
            uint32_t bytes = nn_load32(from);
            even = nn_add_bytes16(even, bytes);
            odd = nn_add_bytes16_odd(odd, bytes);
        }
    }
    out[0] = quotient((int16_t)(even & 0xFFFF), w->cells);
    out[1] = quotient((int16_t)(odd & 0xFFFF), w->cells);
    out[2] = quotient((int32_t)even >> 16, w->cells);
    out[3] = quotient((int32_t)odd >> 16, w->cells);
}

static inline int8_t average_one(const window *w, int32_t c) {
    int32_t sum = 0;
    for (int32_t i = 0; i < w->kernel_h; i++)
        for (int32_t column = w->first; w->rows[i] && column < w->last; column++)
            sum += w->rows[i][column * w->channels + c];
    return quotient(sum, w->cells);
}

void nn_average_pool_s8(const nn_pool *p, const int8_t *const rows[], int8_t *out) {
    int32_t channels = p->channels, inside = 0;
    for (int32_t i = 0; i < p->kernel_h; i++)
        inside += rows[i] ? 1 : 0;
    window w = {.rows = rows, .kernel_h = p->kernel_h, .channels = channels};
    for (int32_t x = 0; x < p->out_w; x++) {
        int32_t start = x * p->stride_w - p->pad_left, c = 0;
        w.first = nn_clamp(start, 0, p->in_w), w.last = nn_clamp(start + p->kernel_w, 0, p->in_w);
        w.cells = inside * (w.last - w.first);
        for (; w.cells <= MOST_CELLS && c + 4 <= channels; c += 4)
            average_four(&w, c, out + x * channels + c);
        for (; c < channels; c++)
            out[x * channels + c] = average_one(&w, c);
    }
    nn_clamp_row(out, p->out_w * channels, p->out_min, p->out_max);
}
