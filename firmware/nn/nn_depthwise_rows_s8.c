#include "nn_depthwise_rows.h"

#include <stddef.h>

/* Scratch, in this order: bands, runs, a row of zero points, a row that is not there. */
typedef struct {
    const nn_depthwise_rows *p;
    const int8_t *const *rows;
    int8_t *const *out;
    int32_t bands, columns, band_words;
    int32_t *start; /* of band 0 */
    int8_t *zeros, *spare;
} band_map;

static band_map make_map(const nn_depthwise_rows *p, const int8_t *const rows[], int8_t *const out[],
                         int32_t *scratch) {
    band_map m = {.p = p, .rows = rows, .out = out};
    while (2 * m.bands < p->rows && out[2 * m.bands])
        m.bands++;
    m.columns = (p->out_w - 1) * p->stride + 3;
    m.band_words = m.columns * nn_band_column(p->stride);
    m.start = scratch;
    m.zeros = (int8_t *)(m.start + (p->rows / 2) * (m.band_words + 4));
    m.spare = m.zeros + p->in_w * p->in_c;
    memset(m.zeros, p->in_zero, (size_t)(p->in_w * p->in_c));
    return m;
}

/* Input columns [first, last) are those of the window from `left` on; the others are padding. */
static void fill_padding(const band_map *m, int32_t left, int32_t inside) {
    const int32_t column = nn_band_column(m->p->stride);
    const int32_t zeros = (int32_t)(((uint32_t)m->p->in_zero & 0xFF) * 0x01000100u);
    int32_t *to = m->start;
    for (int32_t band = 0; band < m->bands; band++, to += m->band_words) {
        for (int32_t i = 0; i < left * column; i++)
            to[i] = zeros;
        for (int32_t i = (left + inside) * column; i < m->band_words; i++)
            to[i] = zeros;
    }
}

/* Channels [c, c + 4) of all bands: `count` columns from `first` on, behind `left` of padding. The first rows
 * of a band are the last ones of the band before. */
static void gather(const band_map *m, int32_t c, int32_t first, int32_t count, int32_t left) {
    const nn_depthwise_rows *p = m->p;
    const int32_t behind = (first + count) * p->in_c + c, offset = -count * p->in_c,
                  last = nn_band_words(p->stride) - 1;
    const int8_t *const *rows = m->rows, *const zeros = m->zeros + behind;
    int32_t *at = m->start + left * nn_band_column(p->stride);
    for (int32_t band = 0; band <= m->bands; band++, at += m->band_words) {
        int32_t *before = band > 0 ? at - m->band_words + last : at, *here = band < m->bands ? at : before;
        const int8_t *row0 = rows[0] ? rows[0] + behind : zeros, *row1 = zeros;
        if (p->stride == 1) {
            row1 = rows[1] ? rows[1] + behind : zeros;
            nn_pair_band_s1(here, before, row0, row1, p->in_c, offset);
        } else {
            if (band < m->bands)
                row1 = rows[1] ? rows[1] + behind : zeros;
            nn_pair_band_s2(here, before, row0, row1, p->in_c, offset);
            if (band < m->bands) {
                row0 = rows[2] ? rows[2] + behind : zeros, row1 = rows[3] ? rows[3] + behind : zeros;
                nn_pair_band_s2(at + 1, at + 1, row0, row1, p->in_c, offset);
            }
            rows += 2;
        }
        rows += 2;
    }
}

static int8_t *place(const band_map *m, int32_t row) {
    return row < m->p->rows && m->out[row] ? m->out[row] : m->spare;
}

/* All outputs of a channel, for any scale: row `odd` of a band needs rows `odd` * stride to + 2 of it. */
static NN_NOINLINE void sweep_any(const band_map *m, const nn_depthwise_block *b, int32_t plane,
                                  int32_t channel) {
    const nn_depthwise_rows *p = m->p;
    const int32_t column = nn_band_column(p->stride);
    for (int32_t row = 0; row < 2 * m->bands; row++) {
        const int32_t *at = m->start + (row >> 1) * m->band_words + plane;
        int8_t *out = place(m, row) + channel;
        for (int32_t x = 0; x < p->out_w; x++, at += p->stride * column, out += p->in_c) {
            int32_t acc = b->bias;
            for (int32_t k = 0; k < 3; k++) {
                const int32_t weights[3] = {nn_lane0(b->rows01[k]), nn_lane1(b->rows01[k]),
                                            nn_lane(b->row2[k / 2], k == 1)};
                for (int32_t i = 0; i < 3; i++) {
                    int32_t y = (row & 1) * p->stride + i;
                    acc += weights[i] * nn_lane((uint32_t)at[k * column + (y >> 1)], y & 1);
                }
            }
            *out = nn_depthwise_output(b, p->out_min < p->out_zero, p->out_zero, acc);
        }
    }
}

#if NN_ASSEMBLY

static nn_band_sweep make_runs(const band_map *m) {
    const nn_depthwise_rows *p = m->p;
    const int32_t step = p->stride * nn_band_column(p->stride), even = p->out_w & ~1;
    nn_band_run *runs = (nn_band_run *)(m->start + (p->rows / 2) * m->band_words);
    nn_band_sweep sweep = {runs, runs, p->in_c, p->out_w & 1};
    for (int32_t band = 0; band < m->bands; band++) {
        const int32_t *at = m->start + band * m->band_words;
        int8_t *first = place(m, 2 * band), *second = place(m, 2 * band + 1);
        *runs++ = (nn_band_run){at, at + even * step, first, second};
    }
    sweep.end = runs;
    return sweep;
}

#endif

void nn_depthwise_rows_s8(const nn_depthwise_rows *p, const int8_t *const rows[], int8_t *const out[],
                          int32_t *scratch) {
    const nn_depthwise_block *blocks = (const nn_depthwise_block *)p->packed;
    band_map m = make_map(p, rows, out, scratch);
    int32_t left = nn_clamp(p->pad_left, 0, m.columns), first = left - p->pad_left;
    int32_t count = nn_clamp(p->in_w - first, 0, m.columns - left);
    fill_padding(&m, left, count);
#if NN_ASSEMBLY
    static nn_band_function *const sweeps[2][3] = {{nn_band_s1, nn_band_s1_any, nn_band_s1_ties},
                                                   {nn_band_s2, nn_band_s2_any, nn_band_s2_ties}};
    nn_band_sweep sweep = make_runs(&m);
#endif
    for (int32_t next = 0; next < p->in_c; next += 4) {
        int32_t c = nn_clamp(next, 0, p->in_c - 4);
        gather(&m, c, first, count, left);
        for (int32_t i = 0; i < 4; i++) {
            const nn_depthwise_block *block = blocks + c + i;
            int32_t plane = i * nn_band_words(p->stride);
#if NN_ASSEMBLY
            if (block->output.right > 0) {
                int32_t kind = p->out_min < p->out_zero ? 2 : block->output.right != 16;
                sweeps[p->stride - 1][kind](&sweep, block, 4 * plane, c + i);
                continue;
            }
#endif
            sweep_any(&m, block, plane, c + i);
        }
    }
    for (int32_t i = 0; i < p->rows && out[i]; i++)
        nn_clamp_row(out[i], p->out_w * p->in_c, p->out_min, p->out_max);
}
