/* Transforms of tiles and of sums for nn_winograd_s8: in assembly, and their twins in C. */
#ifndef NN_WINOGRAD_TRANSFORMS_H
#define NN_WINOGRAD_TRANSFORMS_H

#include "nn_dsp.h"

#define NN_WINOGRAD_TILE 4     /* outputs of a side */
#define NN_WINOGRAD_WINDOW 6   /* inputs of a side */
#define NN_WINOGRAD_COLUMNS 10 /* input columns of two tiles */
#define NN_WINOGRAD_INVERSE_OF_9 954437177

/* What follows the filters of a pair of channels, two words each. */
enum { NN_WINOGRAD_BIASES = 0, NN_WINOGRAD_MULTIPLIERS = 2, NN_WINOGRAD_OFFSETS = 4, NN_WINOGRAD_SHIFTS = 6 };

/* Six words of two lanes each. */
static inline void nn_winograd_transform(const uint32_t *from, uint32_t *to, int32_t to_step) {
    const uint32_t d0 = from[0], d1 = from[1], d2 = from[2], d3 = from[3], d4 = from[4], d5 = from[5];
    const uint32_t c = nn_sub16(d4, d2), f = nn_sub16(d3, d1), twice_f = nn_add16(f, f);
    uint32_t g = nn_sub16(d0, d2), h = nn_add16(d2, d2), k = nn_add16(d1, d1);
    g = nn_add16(g, g), h = nn_add16(h, h), k = nn_add16(k, k);
    h = nn_sub16(d4, h), k = nn_sub16(d3, k);
    to[0] = nn_add16(nn_add16(g, g), c);
    to[to_step] = nn_add16(h, k);
    to[2 * to_step] = nn_sub16(h, k);
    to[3 * to_step] = nn_add16(c, twice_f);
    to[4 * to_step] = nn_sub16(c, twice_f);
    to[5 * to_step] = nn_sub16(nn_sub16(d5, d3), nn_add16(twice_f, twice_f));
}

/* Six sums, `step` apart, to four. */
static inline void nn_winograd_transform_sums(const uint32_t *from, int32_t step, uint32_t to[4]) {
    const uint32_t m1 = from[step], m2 = from[2 * step], m3 = from[3 * step], m4 = from[4 * step];
    const uint32_t sum = m1 + m2, difference = m1 - m2, outer_sum = m3 + m4, outer_difference = m3 - m4;
    to[0] = from[0] + sum + outer_sum;
    to[1] = difference + (outer_difference << 1);
    to[2] = sum + (outer_sum << 2);
    to[3] = difference + (outer_difference << 3) + (from[5 * step] << 1);
}

/* One tile of one channel of the pair: its sums are 4 words apart. rows: where it begins in each of four
 * rows. Writes `count` columns, `next` bytes apart, the last row first. ties: 32 where sums below zero count,
 * else 0. */
static inline void nn_winograd_write_any(uint32_t *sums, const int32_t *ends, int8_t *const rows[],
                                         int32_t next, int32_t count, int32_t ties) {
    const int32_t multiplier = ends[NN_WINOGRAD_MULTIPLIERS], offset = ends[NN_WINOGRAD_OFFSETS];
    for (int32_t j = 0; j < NN_WINOGRAD_WINDOW; j++) {
        uint32_t column[NN_WINOGRAD_TILE];
        nn_winograd_transform_sums(sums + 4 * j, 4 * NN_WINOGRAD_WINDOW, column);
        for (int32_t i = 0; i < NN_WINOGRAD_TILE; i++)
            sums[4 * (i * NN_WINOGRAD_WINDOW + j)] = column[i];
    }
    for (int32_t i = NN_WINOGRAD_TILE - 1; i >= 0; i--) {
        uint32_t row[NN_WINOGRAD_TILE];
        nn_winograd_transform_sums(sums + 4 * i * NN_WINOGRAD_WINDOW, 4, row);
        for (int32_t j = 0; j < count; j++) {
            int32_t acc = (int32_t)(row[j] * NN_WINOGRAD_INVERSE_OF_9 + (uint32_t)ends[NN_WINOGRAD_BIASES]);
            int32_t value = nn_smmla(acc, multiplier, offset) - ((acc >> 31) & ties);
            rows[i][j * next] = (int8_t)nn_saturate8(value >> ends[NN_WINOGRAD_SHIFTS]);
        }
    }
}

#if NN_ASSEMBLY

/* Of r4-r9 to r4, r7, r8, r5, r6, r9. */
#define NN_WINOGRAD_TRANSFORM                                                                                \
    "ssub16 r10, r8, r6\nssub16 r11, r7, r5\nssub16 r12, r9, r7\n"                                           \
    "ssub16 r4, r4, r6\nsadd16 r4, r4, r4\nsadd16 r4, r4, r4\nsadd16 r4, r4, r10\n"                          \
    "sadd16 r6, r6, r6\nsadd16 r6, r6, r6\nssub16 r6, r8, r6\n"                                              \
    "sadd16 r5, r5, r5\nsadd16 r5, r5, r5\nssub16 r5, r7, r5\n"                                              \
    "sadd16 r7, r6, r5\nssub16 r8, r6, r5\n"                                                                 \
    "sadd16 r11, r11, r11\nsadd16 r5, r10, r11\nssub16 r6, r10, r11\n"                                       \
    "sadd16 r11, r11, r11\nssub16 r9, r12, r11\n"

/* Two channels of a column; `turn` chooses them, `to` is where they go from r2 on. */
#define NN_WINOGRAD_HALF_COLUMN(turn, t0, t1, t2, t3, t4, t5)                                                \
    "ldm r0, {r4-r9}\n"                                                                                      \
    "ldr r4, [r4, r1]\nldr r5, [r5, r1]\nldr r6, [r6, r1]\n"                                                 \
    "ldr r7, [r7, r1]\nldr r8, [r8, r1]\nldr r9, [r9, r1]\n"                                                 \
    "sxtb16 r4, r4" turn "\nsxtb16 r5, r5" turn "\nsxtb16 r6, r6" turn "\n"                                  \
    "sxtb16 r7, r7" turn "\nsxtb16 r8, r8" turn "\nsxtb16 r9, r9" turn "\n" NN_WINOGRAD_TRANSFORM            \
    "str r4, [r2, #" t0 "]\nstr r7, [r2, #" t1 "]\nstr r8, [r2, #" t2 "]\n"                                  \
    "str r5, [r2, #" t3 "]\nstr r6, [r2, #" t4 "]\nstr r9, [r2, #" t5 "]\n"

static __attribute__((naked, noinline, unused)) void
nn_winograd_columns_assembly(const int8_t *const rows[] NN_UNUSED, int32_t offset NN_UNUSED,
                             uint32_t *to NN_UNUSED, int32_t in_c NN_UNUSED, int32_t count NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldr lr, [sp, #36]\n"
                     "1:\n" NN_WINOGRAD_HALF_COLUMN("", "0", "40", "80", "120", "160", "200")
                         NN_WINOGRAD_HALF_COLUMN(", ror #8", "240", "280", "320", "360", "400",
                                                 "440") "add r1, r1, r3\nadd r2, r2, #4\n"
                                                        "subs lr, lr, #1\nbne 1b\n"
                                                        "pop {r4-r11, pc}\n");
}

/* A window at `from` bytes from r0; its places are r2 bytes apart, from r1 on. */
#define NN_WINOGRAD_ROW                                                                                      \
    "ldm r0, {r4-r9}\n" NN_WINOGRAD_TRANSFORM "add r3, r1, r2\n"                                             \
    "str r4, [r1]\nstr r7, [r1, r2]\nstr r8, [r1, r2, lsl #1]\nstr r5, [r3, r2, lsl #1]\n"                   \
    "str r6, [r1, r2, lsl #2]\nstr r9, [r3, r2, lsl #2]\n"

static __attribute__((naked, noinline, unused)) void
nn_winograd_rows_assembly(const uint32_t *columns NN_UNUSED, uint32_t *tiles NN_UNUSED,
                          int32_t step NN_UNUSED) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "mov lr, #6\n"
                     "1:\n" NN_WINOGRAD_ROW "add r0, r0, #16\nadd r1, r1, #4\n" NN_WINOGRAD_ROW
                     "add r0, r0, #24\n"
                     "add r1, r3, r2, lsl #2\nadd r1, r1, r2\nsub r1, r1, #4\n"
                     "subs lr, lr, #1\nbne 1b\n"
                     "pop {r4-r11, pc}\n");
}

/* Of r4-r9 to r4, r8, r6, r5. */
#define NN_WINOGRAD_TRANSFORM_SUMS                                                                           \
    "add r6, r5, r6\nrsb r5, r6, r5, lsl #1\nadd r8, r7, r8\nrsb r7, r8, r7, lsl #1\n"                       \
    "add r4, r4, r6\nadd r4, r4, r8\nadd r6, r6, r8, lsl #2\nadd r8, r5, r7, lsl #1\n"                       \
    "add r5, r5, r7, lsl #3\nadd r5, r5, r9, lsl #1\n"
#define NN_WINOGRAD_SUMS_COLUMN                                                                              \
    "ldr r4, [r0]\nldr r5, [r0, #96]\nldr r6, [r0, #192]\n"                                                  \
    "ldr r7, [r0, #288]\nldr r8, [r0, #384]\nldr r9, [r0, #480]\n" NN_WINOGRAD_TRANSFORM_SUMS                \
    "str r8, [r0, #96]\nstr r6, [r0, #192]\nstr r5, [r0, #288]\nstr r4, [r0], #16\n"
/* r10: inverse of 9, r11: bias, r12: multiplier, lr: offset, r1: shift. */
#define NN_WINOGRAD_SCALE(y)                                                                                 \
    "mla " y ", " y ", r10, r11\nsmmla " y ", " y ", r12, lr\nasr " y ", " y ", r1\nssat " y ", #8, " y "\n"
#define NN_WINOGRAD_SCALE_TIES(y)                                                                            \
    "mla " y ", " y ", r10, r11\nasr r7, " y ", #31\nsmmla " y ", " y ", r12, lr\n"                          \
    "add " y ", " y ", r7, lsl #5\nasr " y ", " y ", r1\nssat " y ", #8, " y "\n"
/* A row; r2: where it begins, on the stack at `place`; r3: next. */
#define NN_WINOGRAD_SUMS_ROW(sums, place, scale)                                                             \
    "ldr r4, [r0, #" sums "]\nldr r5, [r0, #" sums "+16]\nldr r6, [r0, #" sums "+32]\n"                      \
    "ldr r7, [r0, #" sums "+48]\nldr r8, [r0, #" sums "+64]\nldr r9, [r0, #" sums "+80]\n"                   \
    "ldr r2, [sp, #" place "]\n" NN_WINOGRAD_TRANSFORM_SUMS scale("r4") scale("r8") scale("r6")              \
        scale("r5") "strb r4, [r2]\nstrb r8, [r2, r3]\nstrb r6, [r2, r3, lsl #1]\nadd r2, r2, r3\n"          \
                    "strb r5, [r2, r3, lsl #1]\n"

/* As nn_winograd_write_any, all columns. */
#define NN_WINOGRAD_WRITE(name, scale)                                                                       \
    static __attribute__((naked, noinline, unused)) void name(                                               \
        uint32_t *sums NN_UNUSED, const int32_t *ends NN_UNUSED, int8_t *const rows[] NN_UNUSED,             \
        int32_t next NN_UNUSED) {                                                                            \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r2, {r4-r7}\npush {r4-r7}\n"                                                   \
                         "ldr r11, [r1]\nldr r12, [r1, #8]\nldr lr, [r1, #16]\nldr r1, [r1, #24]\n"          \
                         "movw r10, #0x8E39\nmovt r10, #0x38E3\n"                                            \
                         "add r2, r0, #96\n"                                                                 \
                         "1:\n" NN_WINOGRAD_SUMS_COLUMN NN_WINOGRAD_SUMS_COLUMN "cmp r0, r2\nbne 1b\n"       \
                         "sub r0, r0, #96\n" NN_WINOGRAD_SUMS_ROW("288", "12", scale)                        \
                             NN_WINOGRAD_SUMS_ROW("192", "8", scale) NN_WINOGRAD_SUMS_ROW("96", "4", scale)  \
                                 NN_WINOGRAD_SUMS_ROW("0", "0", scale) "add sp, sp, #16\n"                   \
                                                                       "pop {r4-r11, pc}\n");                \
    }

NN_WINOGRAD_WRITE(nn_winograd_write, NN_WINOGRAD_SCALE)
NN_WINOGRAD_WRITE(nn_winograd_write_ties, NN_WINOGRAD_SCALE_TIES)

#endif

/* Four channels of `count` columns, in_c bytes apart, at `offset` in six rows, transformed downwards: two
 * rows of lanes with NN_WINOGRAD_COLUMNS words a row. */
static inline void nn_winograd_columns(const int8_t *const rows[], int32_t offset, uint32_t *to, int32_t in_c,
                                       int32_t count) {
#if NN_ASSEMBLY
    nn_winograd_columns_assembly(rows, offset, to, in_c, count);
#else
    for (; count > 0; count--, offset += in_c, to++) {
        uint32_t even[NN_WINOGRAD_WINDOW], odd[NN_WINOGRAD_WINDOW];
        for (int32_t i = 0; i < NN_WINOGRAD_WINDOW; i++) {
            uint32_t bytes = nn_load32(rows[i] + offset);
            even[i] = nn_sxtb16(bytes), odd[i] = nn_sxtb16_odd(bytes);
        }
        nn_winograd_transform(even, to, NN_WINOGRAD_COLUMNS);
        nn_winograd_transform(odd, to + NN_WINOGRAD_WINDOW * NN_WINOGRAD_COLUMNS, NN_WINOGRAD_COLUMNS);
    }
#endif
}

/* Transforms the rows of two tiles; their places are `step` words apart. */
static inline void nn_winograd_rows(const uint32_t *columns, uint32_t *tiles, int32_t step) {
#if NN_ASSEMBLY
    nn_winograd_rows_assembly(columns, tiles, 4 * step);
#else
    for (int32_t i = 0; i < NN_WINOGRAD_WINDOW; i++, columns += NN_WINOGRAD_COLUMNS)
        for (int32_t tile = 0; tile < 2; tile++)
            nn_winograd_transform(columns + tile * NN_WINOGRAD_TILE,
                                  tiles + i * NN_WINOGRAD_WINDOW * step + tile, step);
#endif
}

#endif
