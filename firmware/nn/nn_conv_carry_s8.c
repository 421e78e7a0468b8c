#include "nn_conv_sweep.h"
#include "nn_dot.h"

#include <stddef.h>
#include <string.h>

/* Pixels [x, x + count) of an output row, and what one input row adds to them: the taps of kernel row `row`.
 */
typedef struct {
    const nn_conv_carry *p;
    const int16_t *columns; /* widened, from that of the first pixel's window on */
    int16_t *weights;       /* of a pair of channels, where they are quick to read */
    int32_t x, count, row;
} part;

/* Fours of channels in the order 0 2 1 3, which comes without packing; the zero point outside the map. */
static void widen_columns(const nn_conv_carry *p, const int8_t *row, int32_t x, int32_t count, int16_t *to) {
    const uint32_t zero = (uint32_t)(p->in_zero & 0xFFFF) * 0x10001u;
    const int32_t words = p->in_c >> 1;
    int32_t first = row ? nn_clamp(-x, 0, count) : count;
    int32_t last = row ? nn_clamp(p->in_w - x, first, count) : count;
    for (const int16_t *end = to + 2 * first * words; to != end; to += 2)
        nn_store32(to, zero);
    if (last > first)
        row += (x + first) * p->in_c;
    for (const int16_t *end = to + 2 * (last - first) * words; to != end; to += 4, row += 4) {
        uint32_t bytes = nn_load32(row);
        nn_store32(to, nn_sxtb16(bytes));
        nn_store32(to + 2, nn_sxtb16_odd(bytes));
    }
    for (const int16_t *end = to + 2 * (count - last) * words; to != end; to += 2)
        nn_store32(to, zero);
}

#if NN_ASSEMBLY

/* Adds to the sums: `fours` times four values of each. */
static __attribute__((naked, noinline)) void
add_products(nn_sums *sums NN_UNUSED, const int16_t *p0 NN_UNUSED, const int16_t *p1 NN_UNUSED,
             const int16_t *weights NN_UNUSED, int32_t fours NN_UNUSED) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "mov r12, r0\nmov r0, r1\nmov r1, r2\nmov r2, r3\n"
                     "ldm r12, {r3-r6}\n"
                     "ldr lr, [sp, #40]\n"
                     "ands lr, lr, #3\n"
                     "beq 2f\n"
                     "1:\n" NN_CONV_TWO_WORDS "subs lr, lr, #1\n"
                     "bne 1b\n"
                     "2: ldr lr, [sp, #40]\n"
                     "lsrs lr, lr, #2\n"
                     "beq 4f\n"
                     "3:\n" NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS NN_CONV_TWO_WORDS
                     "subs lr, lr, #1\n"
                     "bne 3b\n"
                     "4: pop {r0}\n"
                     "stm r0, {r3-r6}\n"
                     "pop {r4-r11, pc}\n");
}

#else

static void add_products(nn_sums *sums, const int16_t *p0, const int16_t *p1, const int16_t *weights,
                         int32_t fours) {
    nn_dot_windows(sums, p0, p1, weights, 4 * fours);
}

#endif

static inline int8_t output(const nn_scale *scale, int32_t sum) {
    return (int8_t)(nn_scale_is_fast(scale->shift) ? nn_output_fast(scale, sum) : nn_output_any(scale, sum));
}

/* Channels o and o + 1, of two pixels at a time; the last channel of an odd number, or pixel, twice. sums: of
 * the first two pixels; those of the next are `pairs` further. */
static void run_pair(const part *t, int32_t o, nn_sums *sums, int32_t pairs, int8_t *out) {
    const nn_conv_carry *p = t->p;
    const int32_t fours = p->kernel_w * p->in_c >> 2, more = o + 1 < p->out_c;
    const nn_sums start = {p->bias[o], p->bias[o + more], p->bias[o], p->bias[o + more]};
    const nn_scale first = nn_make_scale(p->multiplier[o], p->shift[o], p->out_zero);
    const nn_scale second = nn_make_scale(p->multiplier[o + more], p->shift[o + more], p->out_zero);
    const int16_t *column = t->columns;
    for (int32_t i = 0; i < t->count; i += 2, column += 2 * p->in_c, sums += pairs) {
        const int32_t next = i + 1 < t->count;
        if (t->row == 0)
            *sums = start;
        add_products(sums, column, column + next * p->in_c, t->weights, fours);
        if (!out)
            continue;
        int8_t *pixel = out + i * p->out_c + o, *beside = pixel + next * p->out_c;
        pixel[0] = output(&first, sums->p0c0);
        pixel[more] = output(&second, sums->p0c1);
        beside[0] = output(&first, sums->p1c0);
        beside[more] = output(&second, sums->p1c1);
    }
}

static void run_part(const part *t, nn_sums *sums, int8_t *out) {
    const nn_conv_carry *p = t->p;
    const int32_t words = p->kernel_w * p->in_c, pairs = (p->out_c + 1) >> 1;
    const int16_t *weights = p->weights + 2 * t->row * pairs * words;
    for (int32_t pair = 0; pair < pairs; pair++, weights += 2 * words) {
        memcpy(t->weights, weights, (size_t)(4 * words));
        run_pair(t, 2 * pair, sums + (t->x >> 1) * pairs + pair, pairs, out ? out + t->x * p->out_c : NULL);
    }
}

void nn_conv_carry_s8(const nn_conv_carry *p, const int8_t *const rows[], int8_t *out, int32_t *scratch,
                      int32_t *state, int32_t step) {
    const int32_t last = p->kernel_h - 1, row_sums = ((p->out_w + 1) >> 1) * ((p->out_c + 1) >> 1);
    nn_sums *sums = (nn_sums *)state;
    int16_t *weights = (int16_t *)scratch, *columns = weights + 2 * p->kernel_w * p->in_c;
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        part t = {.p = p, .columns = columns, .weights = weights, .x = x};
        t.count = nn_clamp(p->out_w - x, 0, p->tile);
        for (int32_t i = step == 0 ? 0 : last; i <= last; i++) {
            widen_columns(p, rows[i], x - p->pad_left, t.count + p->kernel_w - 1, columns);
            for (int32_t ahead = 0; ahead <= i && step + ahead < p->out_h; ahead++) {
                t.row = i - ahead;
                run_part(&t, sums + (step + ahead) % last * row_sums, t.row == last ? out : NULL);
            }
        }
    }
    nn_clamp_row(out, p->out_w * p->out_c, p->out_min, p->out_max);
}
