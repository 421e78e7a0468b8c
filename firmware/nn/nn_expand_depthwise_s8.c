#include "nn_lanes.h"

#include <stddef.h>

/* Rows of the wide map in pairs: pair i of a step is in word i % stride of band i / stride, and, if that is
 * 0, in the last word of the band before. Of the last pair the next step's first band needs the words: they
 * are kept in `state`, channels in fours, words of as many fours beside one another as a band has words. */
typedef struct {
    const nn_expand_depthwise *p;
    nn_band_map bands;
    const int8_t *const *rows; /* two of each pair */
    int32_t first, pairs;      /* those that this step computes: [first, pairs) */
    int32_t left, count;       /* columns of padding, and of the map behind them */
    int16_t *pixels, *once_pixels, *lone_pixels, *stream;
    int32_t *alone, *state;
    nn_lane_run *runs, *once,
        *runs_end;     /* of pairs of which both rows are there; once: of words of one band alone */
    nn_lane_run *kept; /* that of the last pair, if its words go to `state`; or NULL */
} block_map;

static int32_t words_of(const block_map *b) { return nn_band_words(b->p->depthwise.stride); }

/* Where column 0 of a pair is, as the first or middle one of a band. */
static int32_t *place(const block_map *b, int32_t pair) {
    const int32_t stride = b->p->depthwise.stride;
    return b->bands.start + pair / stride * b->bands.band_words + pair % stride + b->left * b->bands.column;
}

/* As the last one of the band before; NULL if it is none. */
static int32_t *last_place(const block_map *b, int32_t pair) {
    const int32_t stride = b->p->depthwise.stride;
    return pair > 0 && pair % stride == 0 ? place(b, pair) - b->bands.band_words + stride : NULL;
}

static int32_t *state_place(const block_map *b, int32_t c) {
    const int32_t four = c / NN_BAND_CHANNELS, words = words_of(b);
    return b->state + four / words * b->bands.band_words + four % words + b->left * b->bands.column;
}

static int is_whole(const block_map *b, int32_t pair) { return b->rows[2 * pair] && b->rows[2 * pair + 1]; }

/* The row of a pair that has one; NULL if it has none, or both. */
static const int8_t *lone_row(const block_map *b, int32_t pair) {
    const int8_t *above = b->rows[2 * pair], *below = b->rows[2 * pair + 1];
    return !above ? below : below ? NULL : above;
}

/* Where the words of a pair go, whose pixels end at `end`. */
static nn_lane_run make_run(const block_map *b, int32_t pair, const int16_t *end) {
    int32_t *last = last_place(b, pair), *first = pair + 1 < b->pairs ? place(b, pair) : last;
    return (nn_lane_run){first, last ? last : first, end};
}

/* Whether the words of a pair of stride 2 are those of one band alone. */
static int goes_once(const block_map *b, int32_t pair) {
    const int ends = pair + 1 == b->pairs && !b->state;
    return b->p->depthwise.stride == 2 && (ends || !last_place(b, pair));
}

/* Pixels of pairs, above one another: of those that go to one band alone, or of the others. */
static int16_t *widen_pairs(block_map *b, int16_t *to, int once) {
    const int32_t words = b->count * (b->p->expand.in_c >> 2);
    for (int32_t i = b->first; i < b->pairs; i++) {
        if (!is_whole(b, i) || goes_once(b, i) != once)
            continue;
        nn_widen_two(to, b->rows[2 * i], b->rows[2 * i + 1], words);
        to += 8 * words;
#if NN_ASSEMBLY
        if (i + 1 == b->pairs && b->state)
            b->kept = b->runs_end;
        *b->runs_end++ = make_run(b, i, to);
#endif
    }
    return to;
}

/* Pixels of rows without partner, next to one another. */
static int16_t *widen_lone_rows(const block_map *b, int16_t *to) {
    const int32_t in_c = b->p->expand.in_c, quads = in_c >> 2;
    for (int32_t i = b->first; i < b->pairs; i++) {
        const int8_t *row = lone_row(b, i);
        if (!row)
            continue;
        const int8_t *last = row + (b->count - 1) * in_c;
        if (b->count > 1)
            nn_widen_pixels(to, row, quads, b->count >> 1);
        if (b->count & 1)
            nn_widen_two(to + 8 * quads * (b->count >> 1), last, last, quads);
        to += 8 * quads * ((b->count + 1) >> 1);
    }
    return to;
}

/* Zero points in the words of a pair of which a row is missing. */
static void fill_pair(const block_map *b, int32_t *to) {
    const int32_t zeros = (int32_t)(((uint32_t)b->p->depthwise.in_zero & 0xFF) * 0x01000100u);
    for (int32_t i = 0; to && i < NN_BAND_CHANNELS; i++)
        for (int32_t x = 0; x < b->count; x++)
            to[i * b->bands.plane + x * b->bands.column] = zeros;
}

/* The lanes of pixels next to one another to lane `high` of their columns. */
static void spread(const block_map *b, int32_t *to, int high) {
    const int32_t stride = b->p->depthwise.stride, half = b->count >> 1;
    if (stride == 1)
        nn_spread_s1((int16_t *)to + high, b->alone, half);
    for (int32_t i = 0; i < NN_BAND_CHANNELS; i++) {
        const int32_t *from = b->alone + i * b->bands.plane;
        int16_t *at = (int16_t *)(to + i * b->bands.plane) + high;
        if (stride == 2)
            nn_spread_s2(at, from, half);
        if (b->count & 1)
            nn_store16(at + 4 * half * b->bands.column, (uint32_t)from[half * b->bands.column]);
    }
}

/* The words of channels [c, c + 4) of all pairs. */
static void expand_pairs(const block_map *b, int32_t c, int high) {
    const int32_t quads = b->p->expand.in_c >> 2, stride = b->p->depthwise.stride;
    const nn_lane_place where = stride == 1 ? NN_IN_TURNS : NN_IN_PLANES;
    nn_lane_sweep sweep = {b->runs, b->once, 4 * b->bands.plane, ((quads - 1) & (NN_FOUR_ROUND - 1)) + 1,
                           b->stream + NN_FOUR_BIAS + 16 * quads};
#if NN_ASSEMBLY
    if (b->kept)
        b->kept->first = state_place(b, c);
    nn_run_lanes(b->pixels, b->stream, &sweep, quads, where, high);
    sweep.runs = b->once, sweep.end = b->runs_end;
    nn_run_lanes(b->once_pixels, b->stream, &sweep, quads, NN_IN_PLANES_ONCE, high);
#else /* scratch has no room for runs with wider pointers */
    const int16_t *from[2] = {b->pixels, b->once_pixels};
    for (int32_t i = b->first; i < b->pairs; i++) {
        if (!is_whole(b, i))
            continue;
        const int once = goes_once(b, i);
        nn_lane_run run = make_run(b, i, from[once] + 8 * quads * b->count);
        if (i + 1 == b->pairs && b->state)
            run.first = state_place(b, c);
        sweep.runs = &run, sweep.end = &run + 1;
        nn_run_lanes(from[once], b->stream, &sweep, quads, where, high);
        from[once] = run.end;
    }
#endif
    const int16_t *pixels = b->lone_pixels;
    for (int32_t i = b->first; i < b->pairs; i++) {
        if (!lone_row(b, i))
            continue;
        const nn_lane_run run = {b->alone, b->alone, pixels + 8 * quads * ((b->count + 1) >> 1)};
        sweep.runs = &run, sweep.end = &run + 1;
        nn_run_lanes(pixels, b->stream, &sweep, quads, where, high);
        /* at the map's edge: of one band alone */
        spread(b, i + 1 < b->pairs ? place(b, i) : last_place(b, i), b->rows[2 * i + 1] != NULL);
        pixels = run.end;
    }
}

/* The words of channels [c, c + 4) that the step before has kept, to the first band. */
static NN_NOINLINE void restore_words(const block_map *b, int32_t c) {
    const int32_t *from = state_place(b, c);
    int32_t *to = place(b, 0);
    if (b->p->depthwise.stride == 1)
        nn_copy_words_s1(to, from, NN_BAND_CHANNELS * b->count);
    for (int32_t i = 0; b->p->depthwise.stride == 2 && i < NN_BAND_CHANNELS; i++)
        nn_copy_words_s2(to + i * b->bands.plane, from + i * b->bands.plane, b->count);
}

/* The outputs of these channels, once all their words are there. */
static NN_NOINLINE void filter_channels(block_map *b, int32_t c) { nn_sweep_bands(&b->bands, c); }

/* Four packed channels to the stream. Whether their outputs are high halves. */
static int unpack(const block_map *b, const int32_t **packed, int32_t pixels) {
    const nn_pointwise *p = &b->p->expand;
    const int32_t quads = p->in_c >> 2;
    int16_t *rights = b->stream + NN_FOUR_BIAS + 16 * quads + 16;
    const nn_four_kind kind = nn_choose_four(p, *packed, quads, pixels);
    *packed = nn_unpack_four_as(kind, b->stream, *packed, quads);
    for (int32_t i = 0; kind == NN_FOUR_PLAIN && i < 4; i++, rights += 2)
        nn_store32(rights, nn_load32(rights) - 8);
    return kind != NN_FOUR_PLAIN;
}

void nn_expand_depthwise_s8(const nn_expand_depthwise *p, const int8_t *const rows[], int8_t *const out[],
                            int32_t *scratch, int32_t *state, int32_t step) {
    const nn_depthwise_rows *depthwise = &p->depthwise;
    const int32_t stride = depthwise->stride, most = depthwise->rows / 2;
    block_map b = {
        .p = p, .bands = nn_make_bands(depthwise, out), .rows = rows, .first = step > 0, .state = state};
    if (stride == 2) {
        b.bands.column = words_of(&b);
        b.bands.plane = b.bands.column * b.bands.columns;
    }
    b.pairs = b.bands.bands * stride + 1;
    b.left = depthwise->pad_left, b.count = nn_clamp(depthwise->in_w, 0, b.bands.columns - b.left);
    int32_t *runs = scratch + (most + 1) * b.bands.band_words;
    b.bands.start = scratch, b.alone = runs - b.bands.band_words;
    b.runs = (nn_lane_run *)(runs + 4 * most);
    b.pixels = (int16_t *)(runs + 4 * most + 3 * (most * stride + 1));
    b.runs_end = b.runs;
    b.once_pixels = widen_pairs(&b, b.pixels, 0);
    b.once = b.runs_end;
    b.lone_pixels = widen_pairs(&b, b.once_pixels, 1);
    b.stream = widen_lone_rows(&b, b.lone_pixels);
    for (int32_t i = 0; i < b.bands.bands; i++)
        nn_fill_padding(&b.bands, b.bands.start + i * b.bands.band_words, b.left, b.count);
    for (int32_t i = b.first; i < b.pairs; i++)
        if (!is_whole(&b, i)) {
            fill_pair(&b, i + 1 < b.pairs ? place(&b, i) : NULL);
            fill_pair(&b, last_place(&b, i));
        }
#if NN_ASSEMBLY
    static nn_band_function *const sweeps[2][3] = {{nn_band_s1, nn_band_s1_any, nn_band_s1_ties},
                                                   {nn_band_plane, nn_band_plane_any, nn_band_plane_ties}};
    static nn_band_function *const singles[2][3] = {{nn_row_s1, nn_row_s1_any, nn_row_s1_ties},
                                                    {nn_row_plane, nn_row_plane_any, nn_row_plane_ties}};
    nn_start_sweeps(&b.bands, sweeps[stride - 1], singles[stride - 1], runs);
#endif
    const int32_t *packed = p->expand.packed, pixels = (int32_t)(b.stream - b.pixels) / p->expand.in_c;
    for (int32_t c = 0; c < depthwise->in_c; c += NN_BAND_CHANNELS) {
        if (b.first)
            restore_words(&b, c);
        const int high = unpack(&b, &packed, pixels);
        expand_pairs(&b, c, high);
        filter_channels(&b, c);
    }
    for (int32_t i = 0; i < depthwise->rows && out[i]; i++)
        nn_clamp_row(out[i], depthwise->out_w * depthwise->in_c, depthwise->out_min, depthwise->out_max);
}
