/* 3x3 depthwise convolution without dilation, of four channels at a time: see nn_depthwise_assembly.h. */
#ifndef NN_DEPTHWISE_3X3_H
#define NN_DEPTHWISE_3X3_H

#include <stddef.h>

#include "nn_depthwise_assembly.h"

#define NN_COLUMN_STEP (2 * NN_COLUMN_WORDS) /* int16 */

/* `count` outputs of a channel, `step` apart; high: row 2 is in lane 1, and rows 0 and 1 come after it. */
static NN_NOINLINE void nn_sweep_any(const nn_depthwise *p, const nn_depthwise_block *b, const int16_t *at,
                                     int8_t *out, int32_t step, int32_t count, int high) {
    for (; count > 0; count--, at += NN_COLUMN_STEP * p->stride_w, out += step) {
        int32_t acc = b->bias;
        for (int32_t k = 0; k < 3; k++) {
            const int16_t *column = at + k * NN_COLUMN_STEP;
            acc = nn_smlad(nn_load32(column + (high ? 2 : 0)), b->rows01[k], acc);
            acc += nn_lane(nn_load32(column + (high ? 0 : 2)), high) * nn_lane(b->row2[k / 2], k == 1);
        }
        *out = nn_depthwise_output(b, p->out_min < p->out_zero, p->out_zero, acc);
    }
}

#if !NN_ASSEMBLY

static inline void nn_pair_columns(int16_t *to, const int8_t *row0, const int8_t *row1, const int8_t *row2,
                                   int32_t step, int32_t offset) {
    for (; offset < 0; offset += step, to += NN_COLUMN_STEP) {
        uint32_t a = nn_load32(row0 + offset), b = nn_load32(row1 + offset), c = nn_load32(row2 + offset);
        for (int32_t odd = 0; odd < 2; odd++) {
            uint32_t x = (odd ? a : a << 8) & 0xFF00FF00u, y = (odd ? b : b << 8) & 0xFF00FF00u;
            nn_store32(to + 6 * odd, nn_pack_low(x, y));
            nn_store32(to + 6 * odd + 2, (odd ? c : c << 8) & 0xFF00FF00u);
            nn_store32(to + 6 * odd + 4, nn_pack_high(x, y));
        }
    }
}

#endif

/* Rows of a window. A missing row is read as `there`, one that is not, with weights of zero: missing01 masks
 * those of rows 0 and 1. */
typedef struct {
    const int8_t *rows[3], *there;
    uint32_t missing01;
    int missing2;
} nn_window3;

static inline nn_window3 nn_make_window(const int8_t *const rows[]) {
    nn_window3 w = {{rows[0], rows[1], rows[2]}, rows[1] ? rows[1] : rows[0] ? rows[0] : rows[2], 0, 0};
    w.missing01 = (rows[0] ? 0 : 0xFFFFu) | (rows[1] ? 0 : 0xFFFF0000u);
    w.missing2 = !rows[2];
    for (int32_t i = 0; i < 3; i++)
        w.rows[i] = rows[i] ? rows[i] : w.there;
    return w;
}

static inline uint32_t nn_zero_lanes(const nn_depthwise *p) {
    return ((uint32_t)p->in_zero & 0xFF) * 0x01000100u;
}

static int16_t *nn_fill_columns(int16_t *to, int32_t count, uint32_t lanes) {
    for (int32_t i = NN_COLUMN_WORDS * count; i > 0; i--, to += 2)
        nn_store32(to, lanes);
    return to;
}

/* Columns [x, x + width) of channels [c, c + 4); outside the row, and if there is no row, zero points. */
static inline void nn_gather_3x3(const nn_depthwise *p, const nn_window3 *w, int16_t *to, int32_t x,
                                 int32_t width, int32_t c) {
    int32_t step = p->in_c, end = x + width;
    int32_t first = nn_clamp(w->there ? 0 : end, x, end), last = nn_clamp(p->in_w, first, end);
    int32_t behind = last * step + c;
    to = nn_fill_columns(to, first - x, nn_zero_lanes(p));
    if (last > first)
        nn_pair_columns(to, w->rows[0] + behind, w->rows[1] + behind, w->rows[2] + behind, step,
                        (first - last) * step);
    nn_fill_columns(to + NN_COLUMN_STEP * (last - first), end - last, nn_zero_lanes(p));
}

/* The weights of a channel where rows are missing: what they would add is constant. */
static inline void nn_edge_block(const nn_depthwise *p, const nn_window3 *w, nn_depthwise_block *b) {
    uint32_t zeros = nn_zero_lanes(p);
    for (int32_t k = 0; k < 3; k++) {
        b->bias = nn_smlad(b->rows01[k] & w->missing01, zeros, b->bias);
        b->rows01[k] &= ~w->missing01;
    }
    for (int32_t k = 0; k < 2 && w->missing2; k++) {
        b->bias = nn_smlad(b->row2[k], zeros, b->bias);
        b->row2[k] = 0;
    }
}

/* A tile of output columns: how channels are swept; fewer than four outputs go to `few` first. */
typedef struct {
    const nn_depthwise *p;
    int32_t count;
#if NN_ASSEMBLY
    nn_sweep sweep;
    nn_sweep_function *run[2][2]; /* right is 16, or not; high */
#endif
} nn_depthwise_tile;

static inline nn_depthwise_tile nn_start_tile(const nn_depthwise *p, int32_t count) {
    nn_depthwise_tile t = {.p = p, .count = count};
#if NN_ASSEMBLY
    static nn_sweep_function *const sweeps[2][3][2] = {{{nn_sweep_low_s1, nn_sweep_high_s1},
                                                        {nn_sweep_low_s1_any, nn_sweep_high_s1_any},
                                                        {nn_sweep_low_s1_ties, nn_sweep_high_s1_ties}},
                                                       {{nn_sweep_low_s2, nn_sweep_high_s2},
                                                        {nn_sweep_low_s2_any, nn_sweep_high_s2_any},
                                                        {nn_sweep_low_s2_ties, nn_sweep_high_s2_ties}}};
    int32_t each = 2 * NN_COLUMN_STEP * p->stride_w, back = -count & 3;
    t.sweep = (nn_sweep){p->in_c, (count & ~3) * each, back * each, back * p->in_c};
    if (count < 4)
        t.sweep = (nn_sweep){1, 4 * each, 0, 0};
    for (int32_t i = 0; i < 4; i++)
        t.run[i >> 1][i & 1] = sweeps[p->stride_w - 1][p->out_min < p->out_zero ? 2 : i >> 1][i & 1];
#endif
    return t;
}

static inline void nn_run_channel(const nn_depthwise_tile *t, const nn_depthwise_block *b, const int16_t *at,
                                  int8_t *out, int high) {
#if NN_ASSEMBLY
    if (b->output.right > 0) {
        nn_sweep_function *run = t->run[b->output.right != 16][high];
        int8_t few[4];
        run(at, b, t->count < 4 ? few : out, &t->sweep);
        for (int32_t i = 0; t->count < 4 && i < t->count; i++, out += t->p->in_c)
            *out = few[i];
        return;
    }
#endif
    nn_sweep_any(t->p, b, at, out, t->p->in_c, t->count, high);
}

/* Output columns [x, x + count); in_c is 4 or more, and the last four channels may overlap those before. */
static void nn_depthwise_3x3(const nn_depthwise *p, const nn_window3 *w, int32_t x, int32_t count,
                             int8_t *out, int16_t *columns) {
    static const int8_t places[4] = {0, 6, 2, 8}; /* of a channel in a column, int16 */
    const nn_depthwise_block *blocks = (const nn_depthwise_block *)p->packed;
    int32_t width = ((count < 4 ? 4 : count) - 1) * p->stride_w + 3; /* four outputs at a time */
    nn_depthwise_tile t = nn_start_tile(p, count);
    int edge = w->there && (w->missing01 || w->missing2);
    for (int32_t next = 0; next < p->in_c; next += 4) {
        int32_t c = nn_clamp(next, 0, p->in_c - 4);
        nn_gather_3x3(p, w, columns, x * p->stride_w - p->pad_left, width, c);
        for (int32_t i = 0; i < 4; i++) {
            const nn_depthwise_block *block = blocks + c + i;
            nn_depthwise_block changed;
            if (edge) {
                changed = *block;
                nn_edge_block(p, w, &changed);
                block = &changed;
            }
            nn_run_channel(&t, block, columns + places[i], out + c + i, i >> 1);
        }
    }
}

#endif
