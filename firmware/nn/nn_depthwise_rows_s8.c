#include "nn_depthwise_rows.h"

/* `count` columns of the rows behind `left` of padding; zeros: a row of zero points. */
static nn_pair_gather make_gather(const nn_band_map *m, const int8_t *const rows[], const int8_t *zeros,
                                  int32_t left, int32_t count) {
    const nn_depthwise_rows *p = m->p;
    const int32_t columns = 4 * m->column * count, last = 4 * (nn_band_words(p->stride) - 1), middle = 4;
    nn_pair_gather g = {.rows = rows, .at = m->start + left * m->column, .zeros = zeros, .step = p->in_c};
    g.offset = -count * p->in_c, g.pairs = p->stride * m->bands + 1, g.band = 4 * m->band_words;
    g.skip = g.band - columns - (p->stride == 1 ? 0 : middle), g.back = last - g.band,
    g.middle = middle - columns;
    return g;
}

/* Scratch, in this order: bands, runs, a row of zero points, a row that is not there. */
void nn_depthwise_rows_s8(const nn_depthwise_rows *p, const int8_t *const rows[], int8_t *const out[],
                          int32_t *scratch) {
    nn_band_map m = nn_make_bands(p, out);
    int32_t left = nn_clamp(p->pad_left, 0, m.columns), count = nn_clamp(p->in_w, 0, m.columns - left);
    int32_t *runs = scratch + (p->rows / 2) * m.band_words;
    int8_t *zeros = (int8_t *)(runs + (p->rows / 2) * 4);
    m.start = scratch;
    m.spare = zeros + p->in_w * p->in_c;
    memset(zeros, p->in_zero, (size_t)(p->in_w * p->in_c));
    for (int32_t band = 0; band < m.bands; band++)
        nn_fill_padding(&m, m.start + band * m.band_words, left, count);
#if NN_ASSEMBLY
    static nn_band_function *const sweeps[2][3] = {{nn_band_s1, nn_band_s1_any, nn_band_s1_ties},
                                                   {nn_band_s2, nn_band_s2_any, nn_band_s2_ties}};
    nn_start_sweeps(&m, sweeps[p->stride - 1], NULL, runs);
#else
    (void)runs;
#endif
    nn_pair_gather gather = make_gather(&m, rows, zeros, left, count);
    for (int32_t next = 0; next < p->in_c; next += NN_BAND_CHANNELS) {
        int32_t c = nn_clamp(next, 0, p->in_c - NN_BAND_CHANNELS);
        gather.rows = rows, gather.behind = count * p->in_c + c;
        if (p->stride == 1)
            nn_pair_rows_s1(&gather);
        else
            nn_pair_rows_s2(&gather);
        nn_sweep_bands(&m, c);
    }
    for (int32_t i = 0; i < p->rows && out[i]; i++)
        nn_clamp_row(out[i], p->out_w * p->in_c, p->out_min, p->out_max);
}
