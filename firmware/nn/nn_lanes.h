/* A pointwise convolution of pixels one above the other, whose outputs are the words of nn_depthwise_rows.h:
 * both values of a channel as lanes, times 256. Outputs are not clamped but to int8, nor are there ties. */
#ifndef NN_LANES_H
#define NN_LANES_H

#include "nn_depthwise_rows.h"
#include "nn_pointwise.h"

/* Pixels in pairs up to `end`, as nn_pixel_pairs has them: the words of channel 0 go to `first` and on, and
 * once more to `second`, which may be the same. */
typedef struct {
    int32_t *first, *second;
    const int16_t *end;
} nn_lane_run;

/* Channels in turn, with two words of a column each; in planes, with three; or in planes with `second` not
 * read. */
typedef enum { NN_IN_TURNS, NN_IN_PLANES, NN_IN_PLANES_ONCE } nn_lane_place;

/* Runs of pixels that follow one another. plane: bytes to the next channel, where the columns of a channel
 * follow one another. */
typedef struct {
    const nn_lane_run *runs, *end;
    int32_t plane;
    int32_t quads; /* of the first round */
    const int16_t *weights_end;
} nn_lane_sweep;

#if NN_ASSEMBLY

/* Four channels of both pixels to r6 to r9: where `right` is 16 and offsets are those of bytes without sign,
 * and where it is another, less 8. */
#define NN_LANE_SCALE NN_FOUR_SCALE("r6", "r10", "r7", "r11") NN_FOUR_SCALE("r8", "r12", "r9", "lr")
#define NN_LANE_EACH(text)                                                                                   \
    text("r6", "r10", "r2") text("r7", "r11", "r3") text("r8", "r12", "r4") text("r9", "lr", "r5")
#define NN_LANE_HIGH_HALVES(p0, p1, right)                                                                   \
    "pkhtb " p0 ", " p1 ", " p0 ", asr #16\nusat16 " p0 ", #8, " p0 "\neor " p0 ", r1, " p0 ", lsl #8\n"
#define NN_LANE_SHIFT(p0, p1, right)                                                                         \
    "asr " p0 ", " p0 ", " right "\nasr " p1 ", " p1 ", " right "\n"                                         \
    "ssat " p0 ", #16, " p0 "\nssat " p1 ", #16, " p1 "\n"                                                   \
    "pkhbt " p0 ", " p0 ", " p1 ", lsl #16\nand " p0 ", " p0 ", #0xFF00FF00\n"
#define NN_LANE_HIGH NN_LANE_SCALE "mov r1, #0x80008000\n" NN_LANE_EACH(NN_LANE_HIGH_HALVES)
#define NN_LANE_ANY NN_LANE_SCALE "ldm r1, {r2-r5}\n" NN_LANE_EACH(NN_LANE_SHIFT)

/* Words of a column to `to`, which moves on to the next: channels in turn with two words each, or in planes
 * of three (r5: bytes of one). */
#define NN_LANE_STORE_TURNS(to)                                                                              \
    "str r7, [" to ", #8]\nstr r8, [" to ", #16]\nstr r9, [" to ", #24]\nstr r6, [" to "], #32\n"
#define NN_LANE_STORE_PLANES(to)                                                                             \
    "add r10, " to ", r5\nstr r7, [r10]\nstr r8, [r10, r5]\nstr r9, [r10, r5, lsl #1]\nstr r6, [" to         \
    "], #12\n"

/* The loop of NN_FOUR_LOOP. On the stack: stream; first, second, end of the run; plane, entry, and the end of
 * the weights; the next run, and the end of all. */
#define NN_LANE_LOOP(name, quads, enter, again, output, store)                                               \
    NN_POINTWISE_FUNCTION name(const int16_t *pixels NN_UNUSED, const int16_t *stream NN_UNUSED,             \
                               const nn_lane_sweep *sweep NN_UNUSED) {                                       \
        __asm__ volatile("push {r4-r11, lr}\n"                                                               \
                         "ldm r2, {r9-r12, lr}\n"                                                            \
                         "mov r5, r11\nmov r7, lr\n"                                                         \
                         "adr.w r8, 3f\n"                                                                    \
                         "mov lr, #" NN_FOUR_QUAD_BYTES "\n"                                                 \
                         "mls r6, r12, lr, r8\n"                                                             \
                         "orr r6, r6, #1\n"                                                                  \
                         "push {r1-r7, r9, r10}\n"                                                           \
                         "0: ldr r2, [sp, #28]\n"                                                            \
                         "ldmia r2!, {r3-r5}\n"                                                              \
                         "str r2, [sp, #28]\n"                                                               \
                         "add r2, sp, #4\n"                                                                  \
                         "stm r2, {r3-r5}\n"                                                                 \
                         "1: ldmia r1!, {r6-r12, lr}\n" enter ".balign 4\n"                                  \
                         "2:\n.rept " quads "\n" NN_FOUR_QUAD ".endr\n"                                      \
                         "3:\n" again output "ldm sp, {r1-r5}\n" store "strd r2, r3, [sp, #4]\n"             \
                         "cmp r0, r4\n"                                                                      \
                         "bne.w 1b\n"                                                                        \
                         "ldrd r2, r3, [sp, #28]\n"                                                          \
                         "cmp r2, r3\n"                                                                      \
                         "bne.w 0b\n"                                                                        \
                         "add sp, sp, #36\n"                                                                 \
                         "pop {r4-r11, pc}\n");                                                              \
    }
#define NN_LANE_ENTER "ldr pc, [sp, #20]\n"
#define NN_LANE_AGAIN "ldr r2, [sp, #24]\ncmp r1, r2\nbne.w 2b\n"

/* For 2, 4 and 8 quads, and any number. */
#define NN_LANE_LOOPS(name, output, store)                                                                   \
    NN_LANE_LOOP(name##_2, "2", "", "", output, store)                                                       \
    NN_LANE_LOOP(name##_4, "4", "", "", output, store)                                                       \
    NN_LANE_LOOP(name##_8, "8", "", "", output, store)                                                       \
    NN_LANE_LOOP(name##_any, "8", NN_LANE_ENTER, NN_LANE_AGAIN, output, store)

NN_LANE_LOOPS(nn_lanes_turns, NN_LANE_ANY, NN_LANE_STORE_TURNS("r2") NN_LANE_STORE_TURNS("r3"))
NN_LANE_LOOPS(nn_lanes_turns_high, NN_LANE_HIGH, NN_LANE_STORE_TURNS("r2") NN_LANE_STORE_TURNS("r3"))
NN_LANE_LOOPS(nn_lanes_planes, NN_LANE_ANY, NN_LANE_STORE_PLANES("r2") NN_LANE_STORE_PLANES("r3"))
NN_LANE_LOOPS(nn_lanes_planes_high, NN_LANE_HIGH, NN_LANE_STORE_PLANES("r2") NN_LANE_STORE_PLANES("r3"))
NN_LANE_LOOPS(nn_lanes_once, NN_LANE_ANY, NN_LANE_STORE_PLANES("r2"))
NN_LANE_LOOPS(nn_lanes_once_high, NN_LANE_HIGH, NN_LANE_STORE_PLANES("r2"))

/* `count` words, `step` bytes apart: the rest of eight, then eight a round. */
#define NN_COPY_WORD(step) "ldr r4, [r1], #" step "\nstr r4, [r0], #" step "\n"
#define NN_COPY_WORDS(name, step)                                                                            \
    NN_POINTWISE_FUNCTION name(int32_t *to NN_UNUSED, const int32_t *from NN_UNUSED,                         \
                               int32_t count NN_UNUSED) {                                                    \
        __asm__ volatile("push {r4, lr}\n"                                                                   \
                         "ands r3, r2, #7\n"                                                                 \
                         "beq 2f\n"                                                                          \
                         "1:\n" NN_COPY_WORD(step) "subs r3, r3, #1\n"                                       \
                                                   "bne 1b\n"                                                \
                                                   "2: lsrs r2, r2, #3\n"                                    \
                                                   "beq 4f\n"                                                \
                                                   "3:\n.rept 8\n" NN_COPY_WORD(step) ".endr\n"              \
                                                                                      "subs r2, r2, #1\n"    \
                                                                                      "bne 3b\n"             \
                                                                                      "4: pop {r4, pc}\n");  \
    }

NN_COPY_WORDS(nn_copy_words_s1, "8")
NN_COPY_WORDS(nn_copy_words_s2, "12")

/* Words of pixels next to one another, `count` columns: to one lane of two columns each; all four channels,
 * or one where its columns follow one another. */
#define NN_SPREAD(channel)                                                                                   \
    "ldr r3, [r1, #" channel "]\nstrh r3, [r0, #" channel "]\nlsr r3, r3, #16\nstrh r3, [r0, #32 + " channel \
    "]\n"
NN_POINTWISE_FUNCTION nn_spread_s1(int16_t *to NN_UNUSED, const int32_t *from NN_UNUSED,
                                   int32_t count NN_UNUSED) {
    __asm__ volatile("cbz r2, 2f\n"
                     "1:\n" NN_SPREAD("0") NN_SPREAD("8") NN_SPREAD("16")
                         NN_SPREAD("24") "add r0, r0, #64\nadd r1, r1, #32\n"
                                         "subs r2, r2, #1\n"
                                         "bne 1b\n"
                                         "2: bx lr\n");
}

NN_POINTWISE_FUNCTION nn_spread_s2(int16_t *to NN_UNUSED, const int32_t *from NN_UNUSED,
                                   int32_t count NN_UNUSED) {
    __asm__ volatile("cbz r2, 2f\n"
                     "1: ldr r3, [r1], #12\n"
                     "strh r3, [r0]\nlsr r3, r3, #16\nstrh r3, [r0, #12]\n"
                     "add r0, r0, #24\n"
                     "subs r2, r2, #1\n"
                     "bne 1b\n"
                     "2: bx lr\n");
}

typedef void nn_lane_function(const int16_t *, const int16_t *, const nn_lane_sweep *);

static inline void nn_run_lanes(const int16_t *pixels, const int16_t *stream, const nn_lane_sweep *sweep,
                                int32_t quads, nn_lane_place where, int high) {
    static nn_lane_function *const loops[3][2][4] = {
        {{nn_lanes_turns_2, nn_lanes_turns_4, nn_lanes_turns_8, nn_lanes_turns_any},
         {nn_lanes_turns_high_2, nn_lanes_turns_high_4, nn_lanes_turns_high_8, nn_lanes_turns_high_any}},
        {{nn_lanes_planes_2, nn_lanes_planes_4, nn_lanes_planes_8, nn_lanes_planes_any},
         {nn_lanes_planes_high_2, nn_lanes_planes_high_4, nn_lanes_planes_high_8, nn_lanes_planes_high_any}},
        {{nn_lanes_once_2, nn_lanes_once_4, nn_lanes_once_8, nn_lanes_once_any},
         {nn_lanes_once_high_2, nn_lanes_once_high_4, nn_lanes_once_high_8, nn_lanes_once_high_any}}};
    if (sweep->runs != sweep->end)
        loops[where][high][quads == 2 ? 0 : quads == 4 ? 1 : quads == 8 ? 2 : 3](pixels, stream, sweep);
}

#else

static inline void nn_copy_words(int32_t *to, const int32_t *from, int32_t count, int32_t step) {
    for (; count > 0; count--, to += step, from += step)
        *to = *from;
}

static inline void nn_copy_words_s1(int32_t *to, const int32_t *from, int32_t count) {
    nn_copy_words(to, from, count, 2);
}

static inline void nn_copy_words_s2(int32_t *to, const int32_t *from, int32_t count) {
    nn_copy_words(to, from, count, 3);
}

/* A value times 256. ends: multipliers and offsets of four channels, then what is `right`. */
static inline int32_t nn_lane_output(const int16_t *ends, int32_t channel, int32_t acc, int high) {
    int32_t sum =
        nn_smmla(acc, (int32_t)nn_load32(ends + 4 * channel), (int32_t)nn_load32(ends + 4 * channel + 2));
    if (high)
        return (int32_t)(((uint32_t)nn_clamp(sum >> 16, 0, 255) ^ 0x80) << 8);
    return nn_clamp(sum >> nn_load32(ends + 16 + 2 * channel), -32768, 32767) & 0xFF00;
}

static inline void nn_run_lanes(const int16_t *pixels, const int16_t *stream, const nn_lane_sweep *sweep,
                                int32_t quads, nn_lane_place where, int high) {
    const int16_t *const weights = stream + NN_FOUR_BIAS, *const ends = weights + 16 * quads;
    const int32_t plane = where == NN_IN_TURNS ? 2 : sweep->plane / 4, column = where == NN_IN_TURNS ? 8 : 3;
    for (const nn_lane_run *run = sweep->runs; run != sweep->end; run++) {
        int32_t *first = run->first, *second = run->second;
        for (; pixels != run->end; pixels += 8 * quads, first += column, second += column)
            for (int32_t c = 0; c < 4; c++) {
                int32_t sum0 = (int32_t)nn_load32(stream + 2 * c), sum1 = sum0;
                for (int32_t i = 0; i < 2 * quads; i++) {
                    uint32_t w = nn_load32(weights + 8 * i + 2 * c);
                    sum0 = nn_smlad(nn_load32(pixels + 4 * i), w, sum0);
                    sum1 = nn_smlad(nn_load32(pixels + 4 * i + 2), w, sum1);
                }
                const int32_t low = nn_lane_output(ends, c, sum0, high),
                              above = nn_lane_output(ends, c, sum1, high);
                first[c * plane] = second[c * plane] = (int32_t)nn_lanes(low, above);
            }
    }
}

/* Lanes of pixels next to one another, `count` words of a channel: to one lane of two columns each. */
static inline void nn_spread(int16_t *to, const int32_t *from, int32_t count, int32_t column) {
    for (; count > 0; count--, from += column, to += 4 * column) {
        nn_store16(to, (uint32_t)*from);
        nn_store16(to + 2 * column, (uint32_t)*from >> 16);
    }
}

static inline void nn_spread_s1(int16_t *to, const int32_t *from, int32_t count) {
    for (int32_t i = 0; i < 4; i++)
        nn_spread(to + 4 * i, from + 2 * i, count, 8);
}

static inline void nn_spread_s2(int16_t *to, const int32_t *from, int32_t count) {
    nn_spread(to, from, count, 3);
}

#endif

#endif
