#include "nn_rnn_pixels.h"

/* Work that patches share is done once, but for the input products of rows that two patches read. Columns
 * of pixels are taken two at a time: their sequences end in this step; those of the rows wait for the next
 * columns in `waiting`. Row summaries are kept in `state` while a later step needs them, column summaries in
 * a window that slides along the patches, both as input products of the second cell. */
typedef struct {
    const nn_rnn_pool *p;
    nn_rnn first, second;
    int32_t kept_rows; /* rows of the patch whose summaries the next step needs */
    int32_t fresh;     /* first row of the patch whose summary is not kept from before */
    int32_t shift;     /* of nn_rnn_unpack_pixels */
    int16_t *pixels;   /* 2 pixels */
    int16_t *states;   /* of nn_rnn_sweep */
    int16_t *inputs;   /* input products of two columns; then row summaries of the patch */
    int16_t *columns;  /* column summaries of the patch */
    int16_t *waiting;  /* two states for each segment under way and each two rows from `fresh` on */
} pool;

static int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }

static pool unpack(const nn_rnn_pool *p, int16_t *scratch, int32_t step) {
    pool s = {.p = p, .kept_rows = max_i32(p->patch_h - p->stride, 0)};
    s.fresh = step > 0 ? s.kept_rows : 0;
    int linear = !p->sigmoid, second = linear && nn_rnn_is_simple(&p->cell2);
    int first = linear && nn_rnn_is_simple(&p->cell1);
    first = first && nn_rnn_negates(p->cell2.w, p->cell2.hidden * p->cell2.inputs);
    int16_t *w = scratch;
    s.first = nn_rnn_unpack(&p->cell1, p->sigmoid, p->tanh, first, 0, &scratch);
    s.shift = nn_rnn_unpack_pixels(&s.first, p->in_c, w);
    s.second = nn_rnn_unpack(&p->cell2, p->sigmoid, p->tanh, second, first, &scratch);
    s.pixels = scratch;
    s.states = s.pixels + 2 * s.first.inputs;
    s.inputs = s.states + 6 * max_i32(s.first.hidden, s.second.hidden);
    s.columns = s.inputs + p->patch_h * max_i32(2 * s.first.hidden, s.second.hidden);
    s.waiting = s.columns + p->patch_w * s.second.hidden;
    return s;
}

/* Input products of columns x and x + 1 (x again if !both) of the patch rows: patch_h of each. */
static void project_columns(const pool *s, const int8_t *const rows[], int32_t x, int both) {
    const nn_rnn_pool *p = s->p;
    int16_t *a = s->inputs, *b = a + p->patch_h * s->first.hidden;
    if (s->shift >= 0) {
        const int16_t *w_end = s->first.w + s->first.hidden * (s->first.inputs + 2);
        nn_rnn_pixels pixels = {.w = s->first.w, .shift = s->shift, .out0 = a, .out1 = b, .w_end = w_end};
        pixels.offset = x * p->in_c, pixels.second = both ? p->in_c : 0;
        pixels.rows = rows, pixels.rows_end = rows + p->patch_h;
        nn_rnn_project_pixels(&pixels);
        return;
    }
    for (int32_t i = 0; i < p->patch_h; i++, a += s->first.hidden, b += s->first.hidden) {
        const int8_t *pixel = rows[i] + x * p->in_c;
        nn_widen_padded(s->pixels, pixel, p->in_c, 4);
        nn_widen_padded(s->pixels + 2, both ? pixel + p->in_c : pixel, p->in_c, 4);
        nn_rnn_project(&s->first, s->pixels, a, b);
    }
}

/* Summaries of the columns in `inputs`, to out. */
static void summarize_columns(const pool *s, int both, int16_t *out) {
    int32_t hidden = s->first.hidden, patch_h = s->p->patch_h;
    nn_rnn_inputs columns = {s->inputs, s->inputs + patch_h * hidden, hidden, hidden, patch_h, NULL};
    nn_rnn_sweep(&s->first, &columns, s->states, 1);
    nn_rnn_project(&s->second, s->states, out, out + (both ? s->second.hidden : 0));
}

/* States of the rows from `fresh` on in the segment of patch j. */
static int16_t *row_states(const pool *s, int32_t j) {
    int32_t under_way = (s->p->patch_w + s->p->stride - 1) / s->p->stride, pairs = (s->p->patch_h + 1) / 2;
    return s->waiting + j % under_way * pairs * 2 * s->first.hidden;
}

/* Takes the columns in `inputs` (from x on, seen from patch j) into all segments that hold them. */
static void sweep_rows(const pool *s, int32_t j, int32_t x, int32_t end) {
    const nn_rnn_pool *p = s->p;
    int32_t hidden = s->first.hidden, distance = p->patch_h * hidden;
    for (int32_t start = 0; start < end && j < p->out_w; start += p->stride, j++) {
        int32_t from = max_i32(x, start);
        const int16_t *row = s->inputs + (from - x) * distance + s->fresh * hidden;
        nn_rnn_inputs rows = {row, row + hidden, distance, distance, end - from, row_states(s, j)};
        for (int32_t i = s->fresh; i < p->patch_h; i += 2) {
            if (i + 1 == p->patch_h)
                rows.x1 = rows.x0;
            nn_rnn_sweep(&s->first, &rows, s->states, from == start);
            rows.x0 += 2 * hidden, rows.x1 += 2 * hidden, rows.state += 2 * hidden;
        }
    }
}

/* Row summaries of patch j, to `inputs`; those that the next step needs also to `kept`. */
static void summarize_rows(const pool *s, int32_t j, int16_t *kept) {
    int32_t hidden = s->second.hidden, patch_h = s->p->patch_h;
    size_t bytes = (size_t)(s->kept_rows * hidden) * sizeof *kept;
    if (s->fresh)
        memcpy(s->inputs, kept, bytes);
    const int16_t *h = row_states(s, j);
    for (int32_t i = s->fresh; i < patch_h; i += 2, h += 2 * s->first.hidden) {
        int16_t *out = s->inputs + i * hidden;
        nn_rnn_project(&s->second, h, out, out + (i + 1 < patch_h ? hidden : 0));
    }
    if (bytes)
        memcpy(kept, s->inputs + (patch_h - s->kept_rows) * hidden, bytes);
}

/* Sweeps `steps` summaries both ways; writes the two last states. */
static int8_t *sweep_both_ways(const pool *s, const int16_t *summaries, int32_t steps, int8_t *out) {
    int32_t hidden = s->second.hidden, units = s->p->cell2.hidden, shift = 14 - s->p->out_bits;
    nn_rnn_inputs ways = {summaries, summaries + (steps - 1) * hidden, hidden, -hidden, steps, NULL};
    nn_rnn_sweep(&s->second, &ways, s->states, 1);
    int32_t zero = nn_rnn_value(&s->second, 0) + ((1 << shift) >> 1);
    uint32_t sign = s->second.is_simple ? 0xFFFFFFFFu : 0x00010001u;
    for (const int16_t *way = s->states; way < s->states + 4; way += 2, out += units)
        for (int32_t i = 0; i < units; i += 2) {
            uint32_t lanes = nn_load32(way + 2 * i);
            out[i] = (int8_t)nn_saturate8(nn_smla_lanes0(lanes, sign, zero) >> shift);
            if (i + 1 < units)
                out[i + 1] = (int8_t)nn_saturate8(nn_smla_lanes1(lanes, sign, zero) >> shift);
        }
    return out;
}

void nn_rnn_pool_s8(const nn_rnn_pool *p, const int8_t *const rows[], int8_t *out, int16_t *scratch,
                    int16_t *state, int32_t step) {
    pool s = unpack(p, scratch, step);
    int32_t hidden = s.second.hidden, kept_columns = max_i32(p->patch_w - p->stride, 0);
    for (int32_t j = 0; j < p->out_w; j++) {
        int32_t x = j > 0 ? kept_columns : 0, slid = (p->patch_w - kept_columns) * hidden;
        if (j > 0)
            memmove(s.columns, s.columns + slid, (size_t)(kept_columns * hidden) * sizeof *s.columns);
        for (; x < p->patch_w; x += 2) {
            int both = x + 1 < p->patch_w;
            project_columns(&s, rows, j * p->stride + x, both);
            summarize_columns(&s, both, s.columns + x * hidden);
            sweep_rows(&s, j, x, x + 1 + both);
        }
        summarize_rows(&s, j, s.kept_rows ? state + j * s.kept_rows * hidden : NULL);
        out = sweep_both_ways(&s, s.inputs, p->patch_h, out);
        out = sweep_both_ways(&s, s.columns, p->patch_w, out);
    }
    if (p->repeat_last)
        memcpy(out, out - 4 * p->cell2.hidden, (size_t)(4 * p->cell2.hidden));
}
