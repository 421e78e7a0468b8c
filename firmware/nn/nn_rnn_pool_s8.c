#include "nn_rnn_pixels.h"

/* Work that patches share is done once, but, without keep_products, for the input products of rows that two
 * patches read. Columns of pixels are taken a few at a time: their sequences end in this step; those of the
 * rows wait for the next columns in `waiting`. Row summaries are kept in `state` while a later step needs
 * them, column summaries in a window that slides along the patches, both as input products of the second
 * cell. */
typedef struct {
    const nn_rnn_pool *p;
    nn_rnn first, second;
    int32_t kept_rows; /* rows of the patch whose summaries the next step needs */
    int32_t fresh;     /* first row of the patch whose summary is not kept from before */
    int32_t shift;     /* of pixels, -1 if they are widened first */
    int32_t batch;     /* columns that are taken at a time */
    int16_t *pixels;   /* 2 pixels */
    int16_t *states;   /* of the columns, or of both ways */
    int16_t *spare;    /* room for two states */
    int16_t *inputs;   /* input products of the columns; then row summaries of the patch */
    int16_t *columns;  /* column summaries of the patch */
    int16_t *products; /* input products of the kept rows, column by column; or NULL */
    int16_t *waiting;  /* two states for each segment under way and each two rows from `fresh` on */
} pool;

static int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }

static int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }

static NN_NOINLINE void unpack(pool *s, const nn_rnn_pool *p, int16_t *scratch, int16_t *state,
                               int32_t step) {
    s->p = p;
    s->kept_rows = max_i32(p->patch_h - p->stride, 0);
    s->fresh = step > 0 ? s->kept_rows : 0;
    int16_t *w = scratch;
    s->shift = p->pixel_shift;
    nn_rnn_unpack(&s->first, &p->cell1, p->sigmoid, p->tanh, 0, &scratch);
    if (s->shift >= 0)
        nn_rnn_unpack_pixels(&p->cell1, s->shift, w);
    nn_rnn_unpack(&s->second, &p->cell2, p->sigmoid, p->tanh, p->cell1.simple, &scratch);
    s->batch = p->stride > 2 ? 4 : 2;
    s->pixels = scratch;
    s->states = s->pixels + 2 * s->first.inputs;
    s->spare = s->states + s->batch * max_i32(s->first.hidden, s->second.hidden);
    s->inputs = s->spare + 2 * max_i32(s->first.hidden, s->second.hidden);
    s->columns = s->inputs + p->patch_h * max_i32(s->batch * s->first.hidden, s->second.hidden);
    s->waiting = s->columns + p->patch_w * s->second.hidden;
    s->products = p->keep_products ? state + s->kept_rows * p->out_w * s->second.hidden : NULL;
}

/* Copies `count` elements of vectors, forward. */
static void copy(int16_t *to, const int16_t *from, int32_t count) {
#if NN_ASSEMBLY
    __asm__ volatile("lsrs %[n], %[n], #3\n"
                     "bcc 1f\n"
                     "ldrd r4, r5, [%[from]], #8\nstrd r4, r5, [%[to]], #8\n"
                     "1: lsrs %[n], %[n], #1\n"
                     "bcc 2f\n"
                     "ldmia %[from]!, {r4, r5, r6, r8}\nstmia %[to]!, {r4, r5, r6, r8}\n"
                     "2: beq 4f\n"
                     "3: ldmia %[from]!, {r4, r5, r6, r8, r9, r10, r11, r12}\n"
                     "stmia %[to]!, {r4, r5, r6, r8, r9, r10, r11, r12}\n"
                     "subs %[n], %[n], #1\n"
                     "bne 3b\n"
                     "4:\n"
                     : [to] "+r"(to), [from] "+r"(from), [n] "+r"(count)::"r4", "r5", "r6", "r8", "r9", "r10",
                       "r11", "r12", "cc", "memory");
#else
    memmove(to, from, (size_t)count * sizeof *to);
#endif
}

/* Input products of columns x and x + 1 (x alone if !both) of the patch rows from `row` on, to out and to
 * `distance` int16 further. */
static NN_NOINLINE void project_rows(const pool *s, const int8_t *const rows[], int32_t x, int both,
                                     int32_t row, int16_t *out, int32_t distance) {
    const nn_rnn_pool *p = s->p;
    int16_t *a = out, *b = both ? out + distance : out;
    if (s->shift >= 0) {
        const int16_t *w_end = s->first.w + s->first.hidden * (s->first.inputs + 2);
        nn_rnn_pixels pixels = {.w = s->first.w, .shift = s->shift, .out0 = a, .out1 = b, .w_end = w_end};
        nn_rnn_locate_pixels(&pixels, x, x + both, p->in_c, p->in_w * p->in_c);
        pixels.rows = rows + row, pixels.rows_end = rows + p->patch_h;
        if (p->cell1.pixels)
            p->cell1.pixels(&pixels);
        else
            nn_rnn_project_pixels(&pixels);
        return;
    }
    for (; row < p->patch_h; row++, a += s->first.hidden, b += s->first.hidden) {
        const int8_t *pixel = rows[row] + x * p->in_c;
        nn_widen_padded(s->pixels, pixel, p->in_c, 4);
        nn_widen_padded(s->pixels + 2, both ? pixel + p->in_c : pixel, p->in_c, 4);
        nn_rnn_project(&s->first, s->pixels, a, b);
    }
}

/* The same of `count` columns. */
static void project_columns(const pool *s, const int8_t *const rows[], int32_t x, int32_t count, int32_t row,
                            int16_t *out, int32_t distance) {
    for (int32_t i = 0; i < count; i += 2)
        project_rows(s, rows, x + i, i + 1 < count, row, out + i * distance, distance);
}

/* States of the rows from `fresh` on in the segment of patch j. */
static int16_t *row_states(const pool *s, int32_t j) {
    int32_t under_way = (s->p->patch_w + s->p->stride - 1) / s->p->stride, pairs = (s->p->patch_h + 1) / 2;
    return s->waiting + j % under_way * pairs * 2 * s->first.hidden;
}

/* Takes the columns in `inputs`, `distance` int16 apart (from x on, seen from patch j; rows from `fresh` on),
 * into all segments that hold them. */
static NN_NOINLINE void sweep_rows(const pool *s, int32_t j, int32_t x, int32_t end, const int16_t *inputs,
                                   int32_t distance) {
    const nn_rnn_pool *p = s->p;
    int32_t hidden = s->first.hidden;
    for (int32_t start = 0; start < end && j < p->out_w; start += p->stride, j++) {
        int32_t from = max_i32(x, start);
        nn_rnn_inputs rows = {
            inputs + (from - x) * distance, hidden, distance, distance, end - from, row_states(s, j),
            p->patch_h - s->fresh};
        nn_rnn_sweep(&s->first, &rows, s->spare, from == start);
    }
}

/* Takes `count` columns through so many steps. Apart, for the sake of the stack of its callers. */
static NN_NOINLINE void sweep_columns(const pool *s, const int16_t *inputs, int32_t distance, int32_t steps,
                                      int32_t count, int first) {
    int32_t hidden = s->first.hidden;
    nn_rnn_inputs columns = {inputs, distance, hidden, hidden, steps, s->states, count};
    nn_rnn_sweep(&s->first, &columns, s->spare, first);
}

/* Copies the input products of the rows that steps share, of `count` columns from column `at` of the map on:
 * to `inputs` from where they are kept, or back. Apart, for the sake of the stack of its caller. */
static NN_NOINLINE void copy_kept(const pool *s, int32_t at, int32_t count, int back) {
    int32_t hidden = s->first.hidden, kept_count = s->kept_rows * hidden, distance = s->p->patch_h * hidden;
    int16_t *kept = s->products + at * kept_count, *inputs = s->inputs + (back ? distance - kept_count : 0);
    for (; count > 0; count--, kept += kept_count, inputs += distance)
        copy(back ? kept : inputs, back ? inputs : kept, kept_count);
}

/* Takes `count` columns, from x on, seen from patch j, with all rows in `inputs`; those that are kept are
 * taken from there, and put there for the next step. Returns where the fresh ones are. */
static NN_NOINLINE const int16_t *take_whole_columns(const pool *s, const int8_t *const rows[], int32_t j,
                                                     int32_t x, int32_t count) {
    int32_t hidden = s->first.hidden, distance = s->p->patch_h * hidden;
    int32_t at = j * s->p->stride + x, have = s->products ? s->fresh : 0;
    if (have)
        copy_kept(s, at, count, 0);
    project_columns(s, rows, at, count, have, s->inputs + have * hidden, distance);
    if (s->products)
        copy_kept(s, at, count, 1);
    sweep_columns(s, s->inputs, distance, s->p->patch_h, count, 1);
    return s->inputs + s->fresh * hidden;
}

/* The same where as many rows are kept as are fresh: these take the place of those, once they are swept. */
static NN_NOINLINE const int16_t *take_half_columns(const pool *s, const int8_t *const rows[], int32_t j,
                                                    int32_t x, int32_t count) {
    int32_t hidden = s->first.hidden, distance = s->kept_rows * hidden, at = j * s->p->stride + x;
    int16_t *kept = s->products + at * distance;
    sweep_columns(s, kept, distance, s->kept_rows, count, 1);
    project_columns(s, rows, at, count, s->fresh, kept, distance);
    sweep_columns(s, kept, distance, s->kept_rows, count, 0);
    return kept;
}

/* Takes the next columns, from x on, seen from patch j; returns how many. What is alike is done together,
 * since the loops do not fit the flash's instruction cache all at once. */
static int32_t take_columns(const pool *s, const int8_t *const rows[], int32_t j, int32_t x) {
    int32_t count = min_i32(s->batch, s->p->patch_w - x), hidden = s->first.hidden;
    const int in_halves = s->products && s->fresh && 2 * s->fresh == s->p->patch_h;
    const int16_t *inputs = (in_halves ? take_half_columns : take_whole_columns)(s, rows, j, x, count);
    sweep_rows(s, j, x, x + count, inputs, (in_halves ? s->fresh : s->p->patch_h) * hidden);
    int16_t *out = s->columns + x * s->second.hidden;
    for (int32_t i = 0; i < count; i += 2, out += 2 * s->second.hidden)
        nn_rnn_project(&s->second, s->states + i * hidden, out, out + (i + 1 < count ? s->second.hidden : 0));
    return count;
}

/* Row summaries of patch j, to `inputs`; those that the next step needs also to `kept`. */
static NN_NOINLINE void summarize_rows(const pool *s, int32_t j, int16_t *kept) {
    int32_t hidden = s->second.hidden, patch_h = s->p->patch_h, count = s->kept_rows * hidden;
    if (s->fresh)
        copy(s->inputs, kept, count);
    const int16_t *h = row_states(s, j);
    for (int32_t i = s->fresh; i < patch_h; i += 2, h += 2 * s->first.hidden) {
        int16_t *out = s->inputs + i * hidden;
        nn_rnn_project(&s->second, h, out, out + (i + 1 < patch_h ? hidden : 0));
    }
    if (count)
        copy(kept, s->inputs + (patch_h - s->kept_rows) * hidden, count);
}

/* A state as int8, of any cell. */
static void write_state(const pool *s, const int16_t *state, int8_t *out) {
    int32_t shift = 14 - s->p->out_bits, zero = nn_rnn_value(&s->second, 0) + ((1 << shift) >> 1);
    uint32_t sign = s->second.is_simple ? 0xFFFFFFFFu : 0x00010001u;
    for (int32_t left = s->p->cell2.hidden; left > 0; left -= 2, state += 4) {
        uint32_t lanes = nn_load32(state);
        *out++ = (int8_t)nn_saturate8(nn_smla_lanes0(lanes, sign, zero) >> shift);
        if (left > 1)
            *out++ = (int8_t)nn_saturate8(nn_smla_lanes1(lanes, sign, zero) >> shift);
    }
}

/* Sweeps `steps` summaries both ways; writes the two last states. */
static int8_t *sweep_both_ways(const pool *s, const int16_t *summaries, int32_t steps, int8_t *out) {
    int32_t hidden = s->second.hidden, units = s->p->cell2.hidden;
    nn_rnn_inputs ways = {summaries, (steps - 1) * hidden, hidden, -hidden, steps, s->states, 2};
    nn_rnn_sweep(&s->second, &ways, s->spare, 1);
    if (!s->second.is_simple || s->p->out_bits != NN_RNN_BYTE_BITS || units != hidden) {
        write_state(s, s->states, out);
        write_state(s, s->states + 2, out + units);
        return out + 2 * units;
    }
    const int16_t *way = s->states;
    for (const int8_t *end = out + units; out != end; out += 4, way += 8) {
        nn_store32(out, nn_rnn_simple_bytes(nn_load32(way), nn_load32(way + 4)));
        nn_store32(out + units, nn_rnn_simple_bytes(nn_load32(way + 2), nn_load32(way + 6)));
    }
    return out + units;
}

void nn_rnn_pool_s8(const nn_rnn_pool *p, const int8_t *const rows[], int8_t *out, int16_t *scratch,
                    int16_t *state, int32_t step) {
    pool s;
    unpack(&s, p, scratch, state, step);
    int32_t hidden = s.second.hidden, kept_columns = max_i32(p->patch_w - p->stride, 0);
    for (int32_t j = 0; j < p->out_w; j++) {
        int32_t x = j > 0 ? kept_columns : 0, slid = (p->patch_w - kept_columns) * hidden;
        if (j > 0)
            copy(s.columns, s.columns + slid, kept_columns * hidden);
        while (x < p->patch_w)
            x += take_columns(&s, rows, j, x);
        summarize_rows(&s, j, s.kept_rows ? state + j * s.kept_rows * hidden : NULL);
        out = sweep_both_ways(&s, s.inputs, p->patch_h, out);
        out = sweep_both_ways(&s, s.columns, p->patch_w, out);
    }
    if (p->repeat_last)
        memcpy(out, out - 4 * p->cell2.hidden, (size_t)(4 * p->cell2.hidden));
}
