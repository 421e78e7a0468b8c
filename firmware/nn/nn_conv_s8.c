#include "nn_conv_sweep.h"

#include <stddef.h>

/* The input columns of a tile, widened: kernel_h rows of in_c values each, so that a window is one run. */
typedef struct {
    const nn_conv2d *p;
    int16_t *start;
    int32_t size;  /* int16 of a column */
    int32_t first; /* input column of the tile's first window */
    int32_t count; /* output pixels */
    int32_t step;  /* columns from one window to the next */
    int apart;     /* windows lie one after the other; else they overlap or touch */
} tile;

static void fill(int16_t *to, int32_t step, int32_t columns, int32_t in_c, int32_t value) {
    for (; in_c > 0 && columns > 0; columns--, to += step)
        for (int32_t i = 0; i < in_c; i++)
            to[i] = (int16_t)value;
}

/* Four columns of three values are three words; `fours` such. */
static void widen_threes(int16_t *to, int32_t step, const int8_t *from, int32_t fours) {
#if NN_ASSEMBLY
    uint32_t x, y, z;
    if (fours > 0)
        __asm__ volatile(
            "1: ldr %[z], [%[from]], #4\nsxtb16 %[x], %[z]\nsxtb16 %[y], %[z], ror #8\n"
            "pkhbt %[z], %[x], %[y], lsl #16\nstr %[z], [%[to]]\n"
            "asr %[x], %[x], #16\nstrh %[x], [%[to], #4]\nadd %[to], %[to], %[step]\n"
            "asr %[y], %[y], #16\nstrh %[y], [%[to]]\n"
            "ldr %[z], [%[from]], #4\nsxtb16 %[x], %[z]\nsxtb16 %[y], %[z], ror #8\n"
            "pkhbt %[z], %[x], %[y], lsl #16\nstr %[z], [%[to], #2]\nadd %[to], %[to], %[step]\n"
            "pkhtb %[z], %[y], %[x], asr #16\nstr %[z], [%[to]]\n"
            "ldr %[z], [%[from]], #4\nsxtb16 %[x], %[z]\nsxtb16 %[y], %[z], ror #8\n"
            "strh %[x], [%[to], #4]\nadd %[to], %[to], %[step]\nstrh %[y], [%[to]]\n"
            "pkhtb %[z], %[y], %[x], asr #16\nstr %[z], [%[to], #2]\nadd %[to], %[to], %[step]\n"
            "subs %[fours], %[fours], #1\nbne 1b\n"
            : [to] "+r"(to), [from] "+r"(from), [fours] "+r"(fours), [x] "=&r"(x), [y] "=&r"(y), [z] "=&r"(z)
            : [step] "r"(2 * step)
            : "cc", "memory");
#else
    for (; fours > 0; fours--)
        for (int32_t k = 0; k < 4; k++, to += step)
            for (int32_t i = 0; i < 3; i++)
                to[i] = *from++;
#endif
}

/* Fours of channels in the order 0 2 1 3, which comes without packing. */
static NN_NOINLINE void widen_fours(int16_t *to, int32_t gap, const int8_t *from, int32_t from_gap,
                                    int32_t columns, int32_t fours) {
#if NN_ASSEMBLY
    int32_t left;
    if (fours % 2 == 0 && columns > 0) {
        __asm__ volatile("1: mov %[left], %[eights]\n"
                         "2: ldr r3, [%[from]], #4\nldr r5, [%[from]], #4\n"
                         "sxtb16 r2, r3\nsxtb16 r3, r3, ror #8\nsxtb16 r4, r5\nsxtb16 r5, r5, ror #8\n"
                         "stmia %[to]!, {r2-r5}\n"
                         "subs %[left], %[left], #1\nbne 2b\n"
                         "add %[to], %[to], %[gap]\nadd %[from], %[from], %[skip]\n"
                         "subs %[columns], %[columns], #1\nbne 1b\n"
                         : [to] "+r"(to), [from] "+r"(from), [columns] "+r"(columns), [left] "=&r"(left)
                         : [gap] "r"(2 * gap), [skip] "r"(from_gap), [eights] "r"(fours / 2)
                         : "r2", "r3", "r4", "r5", "cc", "memory");
        return;
    }
#endif
    for (; columns > 0; columns--, to += gap, from += from_gap)
        for (const int8_t *end = from + 4 * fours; from != end; from += 4, to += 4) {
            uint32_t bytes = nn_load32(from);
            nn_store32(to, nn_sxtb16(bytes));
            nn_store32(to + 2, nn_sxtb16_odd(bytes));
        }
}

/* Columns of one row that are `from_step` bytes apart to every `step` int16. */
static void widen(int16_t *to, int32_t step, const int8_t *from, int32_t from_step, int32_t columns,
                  int32_t in_c) {
    if (in_c % 4 == 0) {
        widen_fours(to, step - in_c, from, from_step - in_c, columns, in_c / 4);
        return;
    }
    if (in_c == 3 && from_step == 3) {
        int32_t done = columns & ~3;
        widen_threes(to, step, from, done >> 2);
        columns -= done, to += done * step, from += 3 * done;
    }
    for (; columns > 0; columns--, to += step, from += from_step)
        for (int32_t i = 0; i < in_c; i++)
            to[i] = from[i];
}

/* A channel of three rows: columns in fours; returns how many are done. */
static int32_t widen_three_rows(int16_t *to, const int8_t *const rows[], int32_t x, int32_t columns) {
    const int8_t *a = rows[0] + x, *b = rows[1] + x, *c = rows[2] + x;
    int32_t done = columns & ~3;
    for (const int8_t *end = a + done; a != end; a += 4, b += 4, c += 4, to += 12) {
        uint32_t bytes_a = nn_load32(a), bytes_b = nn_load32(b), bytes_c = nn_load32(c);
        uint32_t a0 = nn_sxtb16(bytes_a), b0 = nn_sxtb16(bytes_b), c0 = nn_sxtb16(bytes_c);
        uint32_t a1 = nn_sxtb16_odd(bytes_a), b1 = nn_sxtb16_odd(bytes_b), c1 = nn_sxtb16_odd(bytes_c);
        nn_store32(to, nn_pack_low(a0, b0));
        nn_store32(to + 2, nn_pack_low(c0, a1));
        nn_store32(to + 4, nn_pack_low(b1, c1));
        nn_store32(to + 6, nn_pack_high(a0, b0));
        nn_store32(to + 8, nn_pack_high(c0, a1));
        nn_store32(to + 10, nn_pack_high(b1, c1));
    }
    return done;
}

/* `count` columns, every by-th from x on, of all rows, to every `step` int16; the zero point outside the map.
 */
static void widen_columns(const tile *t, const int8_t *const rows[], int16_t *to, int32_t step, int32_t x,
                          int32_t by, int32_t count) {
    const nn_conv2d *p = t->p;
    int32_t in_c = p->in_c, done = 0, first = x < 0 ? nn_clamp((by - 1 - x) / by, 0, count) : 0;
    int32_t last = x < p->in_w ? nn_clamp((p->in_w - 1 - x) / by + 1, first, count) : first;
    int16_t *inside = to + first * step;
    fill(to + p->kernel_h * in_c, step, count, t->size - p->kernel_h * in_c, 0);
    if (in_c == 1 && step == 3 && by == 1 && p->kernel_h == 3 && rows[0] && rows[1] && rows[2])
        done = widen_three_rows(inside, rows, x + first, last - first);
    for (int32_t i = 0; i < p->kernel_h; i++, to += in_c, inside += in_c) {
        if (rows[i])
            widen(inside + done * step, step, rows[i] + (x + (first + done) * by) * in_c, by * in_c,
                  last - first - done, in_c);
        else
            fill(inside, step, last - first, in_c, p->in_zero);
        fill(to, step, first, in_c, p->in_zero);
        fill(to + last * step, step, count - last, in_c, p->in_zero);
    }
}

static void widen_tile(const tile *t, const int8_t *const rows[]) {
    const nn_conv2d *p = t->p;
    int32_t columns = (t->count - 1) * t->step + p->kernel_w;
    t->start[columns * t->size] = 0; /* read beside the last tap, times a weight of 0 */
    if (!t->apart)
        widen_columns(t, rows, t->start, t->size, t->first, 1, columns);
    for (int32_t k = 0; t->apart && k < p->kernel_w; k++)
        widen_columns(t, rows, t->start + k * t->size, p->kernel_w * t->size, t->first + k * p->dilation_w,
                      p->stride_w, t->count);
}

static void copy_words(int32_t *to, const int32_t *from, int32_t words) {
#if NN_ASSEMBLY
    int32_t eights = words >> 3;
    words &= 7;
    if (eights > 0)
        __asm__ volatile("1: ldmia %0!, {r3-r6}\nstmia %1!, {r3-r6}\nldmia %0!, {r3-r6}\nstmia %1!, {r3-r6}\n"
                         "subs %2, %2, #1\nbne 1b\n"
                         : "+r"(from), "+r"(to), "+r"(eights)::"r3", "r4", "r5", "r6", "cc", "memory");
#endif
    for (; words > 0; words--)
        *to++ = *from++;
}

/* A pair of channels over all pixels of a tile; the last two of an odd number of pixels overlap. */
static void run_channels(const tile *t, const int32_t *weights, int32_t words, int8_t *out) {
    int32_t step = t->step * t->size, odd = t->count & 1;
    nn_conv_sweep s = {t->start, t->start + step, weights, words, 2 * step, t->count >> 1, out, t->p->out_c};
    if (s.pairs > 0)
        nn_run_conv_sweep(t->p, &s);
    if (odd) {
        int32_t first = t->count > 1 ? t->count - 2 : 0;
        s.x0 = t->start + first * step;
        s.x1 = t->start + (t->count - 1) * step;
        s.out = out + first * t->p->out_c;
        s.next = t->count > 1 ? t->p->out_c : 0;
        s.pairs = 1;
        nn_run_conv_sweep(t->p, &s);
    }
}

void nn_conv_s8(const nn_conv2d *p, const int8_t *const rows[], int8_t *out, int32_t *scratch) {
    int32_t taps = p->kernel_h * p->in_c, out_c = p->out_c;
    tile t = {.p = p, .apart = p->dilation_w > 1 || p->stride_w > p->kernel_w};
    t.step = t.apart ? p->kernel_w : p->stride_w;
    t.size = taps + (t.step * taps & 1);
    int32_t words = (p->kernel_w * t.size + 1) >> 1, all = 2 * words + 8;
    t.start = (int16_t *)(scratch + all);
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        const int32_t *weights = p->weights;
        t.count = nn_clamp(p->out_w - x, 0, p->tile);
        t.first = x * p->stride_w - p->pad_left;
        widen_tile(&t, rows);
        for (int32_t o = 0; o < out_c; o += 2, weights += all) {
            copy_words(scratch, weights, all);
            run_channels(&t, scratch, words, out + x * out_c + (o + 1 < out_c || o == 0 ? o : o - 1));
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
