#include "nn_rnn.h"

/* Work that patches share is done once: row summaries are kept in `state` while a patch needs them,
 * column summaries in a window that slides along the patches. Both are kept as input products of the
 * second cell. */
typedef struct {
    const nn_rnn_pool *p;
    nn_rnn first, second;
    int16_t *pixels;  /* 2 pixels */
    int16_t *states;  /* 4 states */
    int16_t *inputs;  /* input products of the first cell */
    int16_t *columns; /* column summaries of the current patch */
} pool;

static int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }
static int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }

static pool unpack(const nn_rnn_pool *p, int16_t *scratch) {
    pool s = {.p = p};
    s.first = nn_rnn_unpack(&p->cell1, p->sigmoid, p->tanh, &scratch);
    s.second = nn_rnn_unpack(&p->cell2, p->sigmoid, p->tanh, &scratch);
    s.pixels = scratch;
    s.states = s.pixels + 2 * s.first.inputs;
    s.inputs = s.states + 4 * max_i32(s.first.hidden, s.second.hidden);
    s.columns = s.inputs + max_i32(2 * p->patch_h, p->patch_w + p->stride) * s.first.hidden;
    return s;
}

/* Input products of two pixels. */
static void project_pixels(const pool *s, const int8_t *a, const int8_t *b, int16_t *out_a, int16_t *out_b) {
    int32_t channels = s->p->in_c;
    nn_widen_padded(s->pixels, a, channels, 4);
    nn_widen_padded(s->pixels + 2, b, channels, 4);
    nn_rnn_project(&s->first, s->pixels, out_a, out_b);
}

/* Drops the first `shift` of `count` vectors. */
static void slide(int16_t *vectors, int32_t count, int32_t shift, int32_t size) {
    memmove(vectors, vectors + shift * size, (size_t)((count - shift) * size) * sizeof *vectors);
}

/* Summaries of the segments of one row, two segments at a time, to out (out_w vectors). */
static void summarize_row(const pool *s, const int8_t *row, int16_t *out) {
    const nn_rnn_pool *p = s->p;
    int32_t hidden = s->first.hidden, advance = 2 * p->stride, ready = 0;
    for (int32_t j = 0; j < p->out_w; j += 2, out += 2 * s->second.hidden) {
        int both = j + 1 < p->out_w;
        const int8_t *window = row + j * p->stride * p->in_c;
        int32_t needed = p->patch_w + (both ? p->stride : 0);
        for (int32_t x = ready; x < needed; x += 2) {
            int32_t other = min_i32(x + 1, needed - 1);
            project_pixels(s, window + x * p->in_c, window + other * p->in_c, s->inputs + x * hidden,
                           s->inputs + other * hidden);
        }
        const int16_t *second = s->inputs + (both ? p->stride : 0) * hidden;
        const int16_t *h = nn_rnn_sweep(&s->first, s->inputs, hidden, second, hidden, p->patch_w, s->states);
        nn_rnn_project(&s->second, h, out, out + (both ? s->second.hidden : 0));
        ready = max_i32(needed - advance, 0);
        slide(s->inputs, needed, needed - ready, hidden);
    }
}

/* Summaries of columns x and x + 1 (x again if !both) of the patch rows, to out. */
static void summarize_columns(const pool *s, const int8_t *const rows[], int32_t x, int both, int16_t *out) {
    const nn_rnn_pool *p = s->p;
    int32_t hidden = s->first.hidden, next = both ? p->in_c : 0;
    int16_t *a = s->inputs, *b = a + p->patch_h * hidden;
    for (int32_t i = 0; i < p->patch_h; i++) {
        const int8_t *pixel = rows[i] + x * p->in_c;
        project_pixels(s, pixel, pixel + next, a + i * hidden, b + i * hidden);
    }
    const int16_t *h = nn_rnn_sweep(&s->first, a, hidden, b, hidden, p->patch_h, s->states);
    nn_rnn_project(&s->second, h, out, out + (both ? s->second.hidden : 0));
}

/* Sweeps `steps` summaries both ways; writes the two last states. */
static int8_t *sweep_both_ways(const pool *s, const int16_t *first, int32_t distance, int32_t steps,
                               int8_t *out) {
    const int16_t *last = first + (steps - 1) * distance;
    const int16_t *h = nn_rnn_sweep(&s->second, first, distance, last, -distance, steps, s->states);
    int32_t shift = 14 - s->p->out_bits, half = (1 << shift) >> 1;
    for (int32_t way = 0; way < 2; way++, h += 2)
        for (int32_t i = 0; i < s->p->cell2.hidden; i++)
            *out++ = (int8_t)nn_saturate8((h[2 * i - (i & 1)] + half) >> shift);
    return out;
}

void nn_rnn_pool_s8(const nn_rnn_pool *p, const int8_t *const rows[], int8_t *out, int16_t *scratch,
                    int16_t *state, int32_t step) {
    pool s = unpack(p, scratch);
    int32_t hidden = s.second.hidden, row = p->out_w * hidden, patch_c = 4 * p->cell2.hidden;
    int32_t kept_rows = max_i32(p->patch_h - p->stride, 0), kept_columns = max_i32(p->patch_w - p->stride, 0);
    if (step > 0)
        slide(state, p->patch_h, p->patch_h - kept_rows, row);
    for (int32_t i = step > 0 ? kept_rows : 0; i < p->patch_h; i++)
        summarize_row(&s, rows[i], state + i * row);
    for (int32_t j = 0; j < p->out_w; j++) {
        if (j > 0)
            slide(s.columns, p->patch_w, p->patch_w - kept_columns, hidden);
        for (int32_t x = j > 0 ? kept_columns : 0; x < p->patch_w; x += 2)
            summarize_columns(&s, rows, j * p->stride + x, x + 1 < p->patch_w, s.columns + x * hidden);
        out = sweep_both_ways(&s, state + j * hidden, row, p->patch_h, out);
        out = sweep_both_ways(&s, s.columns, hidden, p->patch_w, out);
    }
    if (p->repeat_last)
        memcpy(out, out - patch_c, (size_t)patch_c);
}
