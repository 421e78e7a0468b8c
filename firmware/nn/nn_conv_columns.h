/* Input columns of convolutions as 16-bit values, kernel_h rows of in_c values each, so that a window is one
 * run.
 */
#ifndef NN_CONV_COLUMNS_H
#define NN_CONV_COLUMNS_H

#include "nn.h"
#include "nn_math.h"

/* The columns of a row of windows. */
typedef struct {
    const nn_conv2d *p;
    int16_t *start;
    int32_t size;  /* int16 of a column */
    int32_t first; /* input column of the first window */
    int32_t count; /* windows */
    int32_t step;  /* columns from one window to the next */
    int apart;     /* windows lie one after the other; else they overlap or touch */
} nn_conv_columns;

static inline nn_conv_columns nn_make_columns(const nn_conv2d *p) {
    int32_t taps = p->kernel_h * p->in_c;
    nn_conv_columns t = {.p = p, .apart = p->dilation_w > 1 || p->stride_w > p->kernel_w};
    t.step = t.apart ? p->kernel_w : p->stride_w;
    t.size = taps + (t.step * taps & 1);
    return t;
}

/* Bytes 0 and 2, or 1 and 3, as lanes, times 256 if `raised`. */
static inline uint32_t nn_conv_lanes(uint32_t bytes, int odd, int raised) {
    if (raised)
        return (odd ? bytes : bytes << 8) & 0xFF00FF00u;
    return odd ? nn_sxtb16_odd(bytes) : nn_sxtb16(bytes);
}

/* The same in assembly, with the mask in %[mask]. */
#define NN_CONV_RAISED(even, odd, word)                                                                      \
    "and " even ", %[mask], " word ", lsl #8\nand " odd ", %[mask], " word "\n"
#define NN_CONV_PLAIN(even, odd, word) "sxtb16 " even ", " word "\nsxtb16 " odd ", " word ", ror #8\n"

static void nn_fill_values(int16_t *to, int32_t step, int32_t columns, int32_t in_c, int32_t value) {
    for (; in_c > 0 && columns > 0; columns--, to += step)
        for (int32_t i = 0; i < in_c; i++)
            to[i] = (int16_t)value;
}

/* Four columns of three values are three words. */
#define NN_CONV_THREES(lanes)                                                                                \
    "1: ldr %[z], [%[from]], #4\n" lanes(                                                                    \
        "%[x]", "%[y]", "%[z]") "pkhbt %[z], %[x], %[y], lsl #16\nstr %[z], [%[to]]\n"                       \
                                "asr %[x], %[x], #16\nstrh %[x], [%[to], #4]\nadd %[to], %[to], %[step]\n"   \
                                "asr %[y], %[y], #16\nstrh %[y], [%[to]]\n"                                  \
                                "ldr %[z], [%[from]], #4\n" lanes(                                           \
                                    "%[x]", "%[y]",                                                          \
                                    "%[z]") "pkhbt %[z], %[x], %[y], lsl #16\nstr %[z], [%[to], #2]\nadd "   \
                                            "%[to], %[to], %[step]\n"                                        \
                                            "pkhtb %[z], %[y], %[x], asr #16\nstr %[z], [%[to]]\n"           \
                                            "ldr %[z], [%[from]], #4\n" lanes(                               \
                                                "%[x]", "%[y]",                                              \
                                                "%[z]") "strh %[x], [%[to], #4]\nadd %[to], %[to], "         \
                                                        "%[step]\nstrh %[y], [%[to]]\n"                      \
                                                        "pkhtb %[z], %[y], %[x], asr #16\nstr %[z], "        \
                                                        "[%[to], #2]\nadd %[to], %[to], %[step]\n"           \
                                                        "subs %[fours], %[fours], #1\nbne 1b\n"

/* `fours` times four columns of three values. */
static void nn_widen_threes(int16_t *to, int32_t step, const int8_t *from, int32_t fours, int raised) {
#if NN_ASSEMBLY
#define NN_CONV_WIDEN_THREES(lanes)                                                                          \
    __asm__ volatile(                                                                                        \
        NN_CONV_THREES(lanes)                                                                                \
        : [to] "+r"(to), [from] "+r"(from), [fours] "+r"(fours), [x] "=&r"(x), [y] "=&r"(y), [z] "=&r"(z)    \
        : [step] "r"(2 * step), [mask] "r"(0xFF00FF00u)                                                      \
        : "cc", "memory")
    uint32_t x, y, z;
    if (fours > 0 && raised)
        NN_CONV_WIDEN_THREES(NN_CONV_RAISED);
    else if (fours > 0)
        NN_CONV_WIDEN_THREES(NN_CONV_PLAIN);
#else
    for (; fours > 0; fours--)
        for (int32_t k = 0; k < 4; k++, to += step)
            for (int32_t i = 0; i < 3; i++)
                to[i] = (int16_t)(*from++ * (raised ? 256 : 1));
#endif
}

/* Fours of channels in the order 0 2 1 3, which comes without packing. */
static NN_NOINLINE void nn_widen_fours(int16_t *to, int32_t gap, const int8_t *from, int32_t from_gap,
                                       int32_t columns, int32_t fours, int raised) {
#if NN_ASSEMBLY
#define NN_CONV_WIDEN_EIGHTS(lanes)                                                                          \
    __asm__ volatile(                                                                                        \
        "1: mov %[left], %[eights]\n"                                                                        \
        "2: ldr r3, [%[from]], #4\nldr r5, [%[from]], #4\n" lanes("r2", "r3", "r3")                          \
            lanes("r4", "r5", "r5") "stmia %[to]!, {r2-r5}\n"                                                \
                                    "subs %[left], %[left], #1\nbne 2b\n"                                    \
                                    "add %[to], %[to], %[gap]\nadd %[from], %[from], %[skip]\n"              \
                                    "subs %[columns], %[columns], #1\nbne 1b\n"                              \
        : [to] "+r"(to), [from] "+r"(from), [columns] "+r"(columns), [left] "=&r"(left)                      \
        : [gap] "r"(2 * gap), [skip] "r"(from_gap), [eights] "r"(fours / 2), [mask] "r"(0xFF00FF00u)         \
        : "r2", "r3", "r4", "r5", "cc", "memory")
    int32_t left;
    if (fours % 2 == 0 && columns > 0) {
        if (raised)
            NN_CONV_WIDEN_EIGHTS(NN_CONV_RAISED);
        else
            NN_CONV_WIDEN_EIGHTS(NN_CONV_PLAIN);
        return;
    }
#endif
    for (; columns > 0; columns--, to += gap, from += from_gap)
        for (const int8_t *end = from + 4 * fours; from != end; from += 4, to += 4) {
            uint32_t bytes = nn_load32(from);
            nn_store32(to, nn_conv_lanes(bytes, 0, raised));
            nn_store32(to + 2, nn_conv_lanes(bytes, 1, raised));
        }
}

/* Columns of one row that are `from_step` bytes apart to every `step` int16. */
static void nn_widen_row(int16_t *to, int32_t step, const int8_t *from, int32_t from_step, int32_t columns,
                         int32_t in_c, int raised) {
    if (in_c % 4 == 0) {
        nn_widen_fours(to, step - in_c, from, from_step - in_c, columns, in_c / 4, raised);
        return;
    }
    if (in_c == 3 && from_step == 3) {
        int32_t done = columns & ~3;
        nn_widen_threes(to, step, from, done >> 2, raised);
        columns -= done, to += done * step, from += 3 * done;
    }
    if (in_c == 1 && from_step == 1) {
        for (; columns >= 4; columns -= 4, to += 4 * step, from += 4) {
            uint32_t bytes = nn_load32(from), even = nn_conv_lanes(bytes, 0, raised),
                     odd = nn_conv_lanes(bytes, 1, raised);
            to[0] = (int16_t)nn_lane0(even), to[step] = (int16_t)nn_lane0(odd);
            to[2 * step] = (int16_t)nn_lane1(even), to[3 * step] = (int16_t)nn_lane1(odd);
        }
    }
    for (; columns > 0; columns--, to += step, from += from_step)
        for (int32_t i = 0; i < in_c; i++)
            to[i] = (int16_t)(from[i] * (raised ? 256 : 1));
}

#if NN_ASSEMBLY

/* r0: to, r1, r4, r5: the rows, r3: how many fours, r2: the mask of `lanes`. */
#define NN_CONV_ROWS_RAISED(even, odd) "and " even ", r2, " odd ", lsl #8\nand " odd ", r2, " odd "\n"
#define NN_CONV_ROWS_PLAIN(even, odd) "sxtb16 " even ", " odd "\nsxtb16 " odd ", " odd ", ror #8\n"
#define NN_CONV_THREE_ROWS(name, lanes)                                                                      \
    static __attribute__((naked, noinline)) void name(int16_t *to NN_UNUSED,                                 \
                                                      const int8_t *const rows[] NN_UNUSED,                  \
                                                      int32_t x NN_UNUSED, int32_t fours NN_UNUSED) {        \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r1, {r1, r4, r5}\n"                                                            \
                         "add r1, r1, r2\nadd r4, r4, r2\nadd r5, r5, r2\n"                                  \
                         "mov r2, #0xFF00FF00\n"                                                             \
                         "1: ldr r7, [r1], #4\nldr r9, [r4], #4\nldr r11, [r5], #4\n" lanes("r6", "r7")      \
                             lanes("r8", "r9") lanes("r10", "r11") "pkhtb lr, r11, r9, asr #16\n"            \
                                                                   "pkhbt r9, r9, r11, lsl #16\n"            \
                                                                   "pkhtb r12, r7, r10, asr #16\n"           \
                                                                   "pkhbt r7, r10, r7, lsl #16\n"            \
                                                                   "pkhtb r10, r8, r6, asr #16\n"            \
                                                                   "pkhbt r6, r6, r8, lsl #16\n"             \
                                                                   "stmia r0!, {r6, r7, r9, r10, r12, lr}\n" \
                                                                   "subs r3, r3, #1\n"                       \
                                                                   "bne 1b\n"                                \
                                                                   "pop {r4-r11, pc}\n");                    \
    }

NN_CONV_THREE_ROWS(nn_widen_three_rows_raised, NN_CONV_ROWS_RAISED)
NN_CONV_THREE_ROWS(nn_widen_three_rows_plain, NN_CONV_ROWS_PLAIN)

#endif

/* A channel of three rows: columns in fours, from a word on; returns how many are done. */
static int32_t nn_widen_three_rows(int16_t *to, const int8_t *const rows[], int32_t x, int32_t columns,
                                   int raised) {
    int32_t done = 0;
    if ((uintptr_t)to % 4 && columns > 0) {
        for (int32_t i = 0; i < 3; i++)
            *to++ = (int16_t)(rows[i][x] * (raised ? 256 : 1));
        done = 1;
    }
    const int32_t fours = (columns - done) >> 2;
#if NN_ASSEMBLY
    if (fours > 0)
        (raised ? nn_widen_three_rows_raised : nn_widen_three_rows_plain)(to, rows, x + done, fours);
#else
    for (int32_t at = x + done, end = at + 4 * fours; at != end; at++)
        for (int32_t i = 0; i < 3; i++)
            *to++ = (int16_t)(rows[i][at] * (raised ? 256 : 1));
#endif
    return done + 4 * fours;
}

/* `count` columns, every by-th from x on, of all rows, to every `step` int16; the zero point outside the map.
 */
static void nn_widen_columns(const nn_conv_columns *t, const int8_t *const rows[], int16_t *to, int32_t step,
                             int32_t x, int32_t by, int32_t count) {
    const nn_conv2d *p = t->p;
    const int raised = p->input_bits > 0;
    const int32_t zero = p->in_zero * (raised ? 256 : 1);
    int32_t in_c = p->in_c, done = 0, first = x < 0 ? nn_clamp((by - 1 - x) / by, 0, count) : 0;
    int32_t last = x < p->in_w ? nn_clamp((p->in_w - 1 - x) / by + 1, first, count) : first;
    int16_t *inside = to + first * step;
    nn_fill_values(to + p->kernel_h * in_c, step, count, t->size - p->kernel_h * in_c, 0);
    if (in_c == 1 && step == 3 && by == 1 && p->kernel_h == 3 && rows[0] && rows[1] && rows[2])
        done = nn_widen_three_rows(inside, rows, x + first, last - first, raised);
    for (int32_t i = 0; i < p->kernel_h; i++, to += in_c, inside += in_c) {
        if (rows[i])
            nn_widen_row(inside + done * step, step, rows[i] + (x + (first + done) * by) * in_c, by * in_c,
                         last - first - done, in_c, raised);
        else
            nn_fill_values(inside, step, last - first, in_c, zero);
        nn_fill_values(to, step, first, in_c, zero);
        nn_fill_values(to + last * step, step, count - last, in_c, zero);
    }
}

static void nn_widen_tile(const nn_conv_columns *t, const int8_t *const rows[]) {
    const nn_conv2d *p = t->p;
    int32_t columns = (t->count - 1) * t->step + p->kernel_w;
    t->start[columns * t->size] = 0; /* read beside the last tap, times a weight of 0 */
    if (!t->apart)
        nn_widen_columns(t, rows, t->start, t->size, t->first, 1, columns);
    for (int32_t k = 0; t->apart && k < p->kernel_w; k++)
        nn_widen_columns(t, rows, t->start + k * t->size, p->kernel_w * t->size, t->first + k * p->dilation_w,
                         p->stride_w, t->count);
}

static void nn_copy_words(int32_t *to, const int32_t *from, int32_t words) {
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

#endif
