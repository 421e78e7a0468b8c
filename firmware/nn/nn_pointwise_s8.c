#include "nn_pointwise.h"

/* Pixels in pairs, a word of each in turn; the last of an odd number is its own partner. */
static void widen_row(const nn_pointwise *p, int16_t *to, const int8_t *from, int32_t count) {
    int32_t in_c = p->in_c, rest = in_c & 3, quads = in_c >> 2;
    if (p->scaled && rest == 0 && count > 1) {
        nn_widen_pixels(to, from, quads, count >> 1);
        to += 8 * quads * (count >> 1), from += (count & ~1) * in_c, count &= 1;
    }
    for (; count > 0; count -= 2, from += 2 * in_c) {
        const int8_t *pixels[2] = {from, count > 1 ? from + in_c : from};
        for (int32_t i = 0; i < 2 * quads; i++)
            nn_widen_bytes(to + 8 * (i >> 1) + 2 * (i & 1), nn_load32(pixels[i & 1] + 4 * (i >> 1)),
                           p->scaled);
        to += 8 * quads;
        if (rest == 0)
            continue;
        for (int32_t i = 0; i < 2; i++)
            nn_widen_bytes(to + 2 * i, nn_load_bytes(pixels[i] + 4 * quads, rest), p->scaled);
        to += 8;
    }
}

static int8_t output_any(const nn_pointwise *p, const nn_output *output, int32_t acc) {
    if (output->right > 0)
        return (int8_t)nn_output_scaled(output, acc, p->ties ? 1 << (p->scaled - 1) : 0);
    acc >>= p->scaled;
    return (int8_t)nn_saturate8(nn_requantize(acc, output->multiplier, output->offset) + p->out_zero);
}

/* `count` pixels of two channels, or of one if `second` is 0. */
static NN_NOINLINE void run_any(const nn_pointwise *p, const nn_pair *pair, const int16_t *pixels,
                                const int16_t *stream, int8_t *out, int32_t count, int32_t second) {
    int32_t length = nn_quad(p->in_c);
    for (; count > 0; count -= 2, pixels += 2 * length, out += 2 * p->out_c) {
        nn_sums sums = {pair->bias[0], pair->bias[1], pair->bias[0], pair->bias[1]};
        int32_t next = count > 1 ? p->out_c : 0;
        nn_dot_pairs(&sums, pixels, stream + NN_STREAM_BIAS, length);
        out[0] = output_any(p, &pair->output[0], sums.p0c0);
        out[next] = output_any(p, &pair->output[0], sums.p1c0);
        out[second] = output_any(p, &pair->output[1], sums.p0c1);
        out[second + next] = output_any(p, &pair->output[1], sums.p1c1);
    }
}

/* A tile of widened pixels: those in pairs, and the last of an odd number. */
typedef struct {
    const nn_pointwise *p;
    const int16_t *pixels;
    int32_t count;
#if NN_ASSEMBLY
    nn_pixel_pairs pairs, last;
    nn_pair_function *loops[2]; /* nn_outputs of both channels with a `right` of 16, or not */
    nn_pixel_pairs fours, last_four;
    nn_pair_function *four_loops[2];
#endif
} pixel_tile;

static void start_tile(pixel_tile *t, const nn_pointwise *p, const int16_t *pixels, int32_t count,
                       const int16_t *stream) {
    t->p = p, t->pixels = pixels, t->count = count;
#if NN_ASSEMBLY
    int32_t length = nn_quad(p->in_c), quads = length >> 2;
    const int16_t *paired = pixels + (count & ~1) * length;
    t->pairs.next = p->out_c, t->last.next = 0;
    t->pairs.end = paired, t->last.end = paired + 2 * length;
    t->pairs.quads = t->last.quads = ((quads - 1) & 15) + 1;
    t->pairs.weights_end = t->last.weights_end = stream + NN_STREAM_BIAS + 2 * length;
    for (int high = 0; high < 2; high++)
        t->loops[high] = nn_pair_loop(quads, p->ties, high);
    if (p->fours) {
        t->fours = t->pairs, t->last_four = t->last;
        t->fours.quads = t->last_four.quads = ((quads - 1) & (NN_FOUR_ROUND - 1)) + 1;
        t->fours.weights_end = t->last_four.weights_end = stream + NN_FOUR_BIAS + 4 * length;
        for (int high = 0; high < 2; high++)
            t->four_loops[high] = nn_four_loop(quads, p->ties, high);
    }
#else
    (void)stream;
#endif
}

static inline void run_pair(const pixel_tile *t, const nn_pair *pair, const int16_t *stream, int8_t *out,
                            int32_t second) {
#if NN_ASSEMBLY
    if (second && pair->output[0].right > 0) {
        nn_pair_function *loop = t->loops[pair->output[0].right == 16 && pair->output[1].right == 16];
        if (t->count > 1)
            loop(t->pixels, stream, out, &t->pairs);
        if (t->count & 1)
            loop(t->pairs.end, stream, out + (t->count - 1) * t->p->out_c, &t->last);
        return;
    }
#endif
    run_any(t->p, pair, t->pixels, stream, out, t->count, second);
}

/* Four channels at a time, from channel *o on, as long as there are as many with nn_outputs. Returns where
 * those after them are packed. */
static const int32_t *run_fours(const pixel_tile *t, const int32_t *packed, int16_t *stream, int8_t *out,
                                int32_t *o) {
#if NN_ASSEMBLY
    const nn_pointwise *p = t->p;
    const int32_t pair_words = NN_PAIR_WORDS + nn_quad(p->in_c) / 2;
    for (; p->fours && *o + 4 <= p->out_c; *o += 4) {
        const nn_pair *first = (const nn_pair *)packed, *second = (const nn_pair *)(packed + pair_words);
        if (first->output[0].right <= 0 || second->output[0].right <= 0)
            break;
        const int32_t quads = nn_quad(p->in_c) >> 2;
        const nn_four_kind kind = nn_choose_four(p, packed, quads, t->count);
        nn_pair_function *loop = t->four_loops[kind != NN_FOUR_PLAIN];
        /* Loops for any number of quads have no high halves. */
        packed = nn_unpack_four_as(loop == t->four_loops[0] ? NN_FOUR_PLAIN : kind, stream, packed, quads);
        if (t->count > 1)
            loop(t->pixels, stream, out + *o, &t->fours);
        if (t->count & 1)
            loop(t->fours.end, stream, out + (t->count - 1) * p->out_c + *o, &t->last_four);
    }
#else
    (void)t, (void)stream, (void)out, (void)o;
#endif
    return packed;
}

void nn_pointwise_s8(const nn_pointwise *p, const int8_t *row, int8_t *out, int16_t *scratch) {
    int32_t in_c = p->in_c, out_c = p->out_c, length = nn_quad(in_c);
    /* Weights come last: pixels at the end of scratch are widened before these overwrite them. */
    int16_t *stream = scratch + ((nn_clamp(p->tile, 0, p->out_w) + 1) & ~1) * length;
    for (int32_t x = 0; x < p->out_w; x += p->tile) {
        pixel_tile t;
        start_tile(&t, p, scratch, nn_clamp(p->out_w - x, 0, p->tile), stream);
        widen_row(p, scratch, row + x * in_c, t.count);
        int32_t o = 0;
        const int32_t *packed = run_fours(&t, p->packed, stream, out + x * out_c, &o);
        for (; o < out_c; o += 2) {
            const nn_pair *pair = (const nn_pair *)packed;
            packed = nn_unpack_pair(stream, packed, length >> 2);
            if (p->scaled > NN_POINTWISE_BITS)
                nn_double_weights(stream + NN_STREAM_BIAS, length >> 2, p->scaled - NN_POINTWISE_BITS);
            run_pair(&t, pair, stream, out + x * out_c + o, o + 1 < out_c);
        }
    }
    nn_clamp_row(out, p->out_w * out_c, p->out_min, p->out_max);
}
