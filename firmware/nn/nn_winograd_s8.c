/* Source of the method: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016;
 * points 0, 1, -1, 2, -2 and infinity. Its fractions are gone by scaling the filters, so that sums are 576
 * times those of the convolution, modulo 2^32; what they are modulo 2^32 divided by 9 is exactly 64 times. */
#include <stddef.h>

#include "nn.h"
#include "nn_math.h"
#include "nn_winograd.h"
#include "nn_winograd_transforms.h"

#define TILE NN_WINOGRAD_TILE
#define WINDOW NN_WINOGRAD_WINDOW
#define COLUMNS NN_WINOGRAD_COLUMNS
#define HALF (WINDOW * COLUMNS)
#define ENDS 8

/* Words of the scratch memory, in this order. */
typedef struct {
    int32_t *tiles; /* for each place in_c / 2 words of each tile */
    int32_t *sums;
    uint32_t *columns;
    int8_t *padding; /* a row of the zero point */
} memory;

/* Two tiles, whose windows begin at column x, of all channels. */
static NN_NOINLINE void transform_tiles(const nn_winograd *p, const int8_t *const rows[], int32_t x,
                                        const memory *m) {
    const int8_t *const outside[WINDOW] = {m->padding, m->padding, m->padding,
                                           m->padding, m->padding, m->padding};
    const int32_t in_c = p->in_c, end = x + COLUMNS;
    const int32_t first = nn_clamp(0, x, end), last = nn_clamp(p->in_w, first, end);
    uint32_t *tiles = (uint32_t *)m->tiles;
    for (int32_t c = 0; c < in_c; c += 4, tiles += 4) {
        if (first > x)
            nn_winograd_columns(outside, 0, m->columns, 0, first - x);
        if (last > first)
            nn_winograd_columns(rows, first * in_c + c, m->columns + (first - x), in_c, last - first);
        if (end > last)
            nn_winograd_columns(outside, 0, m->columns + (last - x), 0, end - last);
        nn_winograd_rows(m->columns, tiles, in_c);
        nn_winograd_rows(m->columns + HALF, tiles + 2, in_c);
    }
}

/* Both tiles of both channels. */
static NN_NOINLINE void write_tiles(const nn_winograd *p, const memory *m, const int32_t *ends,
                                    int8_t *const out[], int32_t x, int32_t channel) {
    const int32_t out_c = p->out_c, ties = p->out_min >= p->out_zero ? 0 : 32;
    for (int32_t k = 0; k < 4; k++) {
        uint32_t *sums = (uint32_t *)m->sums + k;
        int32_t at = x + (k >> 1) * TILE, count = p->out_w - at, offset = at * out_c + channel + (k & 1);
        if (count <= 0)
            return;
        int8_t *const rows[TILE] = {out[0] + offset, out[1] + offset, out[2] + offset, out[3] + offset};
#if NN_ASSEMBLY
        if (count >= TILE) {
            (ties ? nn_winograd_write_ties : nn_winograd_write)(sums, ends + (k & 1), rows, out_c);
            continue;
        }
#endif
        nn_winograd_write_any(sums, ends + (k & 1), rows, out_c, nn_clamp(count, 0, TILE), ties);
    }
}

void nn_winograd_s8(const nn_winograd *p, const int8_t *const rows[], int8_t *const out[], int32_t *scratch) {
    const int32_t in_c = p->in_c, out_c = p->out_c, filters = NN_WINOGRAD_PLACES * in_c;
    memory m = {.tiles = scratch, .sums = scratch + NN_WINOGRAD_PLACES * in_c};
    m.columns = (uint32_t *)(m.sums + 4 * NN_WINOGRAD_PLACES);
    m.padding = (int8_t *)(m.columns + 2 * HALF);
    const int8_t *window[WINDOW];
    int8_t *places[TILE];
    memset(m.padding, p->in_zero, (size_t)(p->in_w * in_c));
    for (int32_t i = 0; i < WINDOW; i++)
        window[i] = rows[i] ? rows[i] : m.padding;
    for (int32_t i = 0; i < TILE;
         i++) /* rows that are not there go where the first, the last to be written, will */
        places[i] = out[i] ? out[i] : out[0];
    for (int32_t x = 0; x < p->out_w; x += 2 * TILE) {
        const int32_t *weights = p->weights;
        transform_tiles(p, window, x - p->pad_left, &m);
        for (int32_t o = 0; o < out_c; o += 2, weights += filters + ENDS) {
            nn_winograd_products(m.tiles, weights, m.sums, in_c);
            write_tiles(p, &m, weights + filters, places, x, o + 1 < out_c ? o : o - 1);
        }
    }
    for (int32_t i = 0; i < TILE && out[i]; i++)
        nn_clamp_row(out[i], p->out_w * out_c, p->out_min, p->out_max);
}
