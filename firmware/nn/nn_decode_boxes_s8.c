#include "nn.h"
#include "nn_math.h"

#define CENTER_BITS 12
#define SUBPIXELS 16

/* Puts a box behind those of equal or higher score; the last of a full list goes. */
static void insert_box(int16_t *list, int32_t places, const int16_t box[NN_BOX_VALUES]) {
    int32_t at = places;
    while (at > 0 && list[(at - 1) * NN_BOX_VALUES + 4] < box[4])
        at--;
    if (at == places)
        return;
    int16_t *place = list + at * NN_BOX_VALUES;
    memmove(place + NN_BOX_VALUES, place, (size_t)(places - 1 - at) * NN_BOX_VALUES * sizeof *list);
    memcpy(place, box, NN_BOX_VALUES * sizeof *list);
}

/* Clips the side of length `size` about `center` to the image; returns the length left, *start its start. */
static int32_t clip_side(int32_t center, int32_t size, int32_t limit, int32_t *start) {
    int32_t low = center - (size >> 1);
    *start = nn_clamp(low, 0, limit);
    return nn_clamp(low + size, 0, limit) - *start;
}

static int32_t center_of(int32_t cell, int32_t stride, int32_t offset, int32_t multiplier) {
    int32_t anchor = cell * stride * SUBPIXELS + stride * SUBPIXELS / 2;
    return anchor + ((offset * multiplier + (1 << (CENTER_BITS - 1))) >> CENTER_BITS);
}

static void decode(const nn_decode_boxes *p, const int8_t *offsets, int32_t score, int32_t x, int32_t y,
                   int32_t anchor, int16_t *out) {
    int32_t multiplier = p->center_multipliers[anchor], left, top;
    const int16_t *sizes = p->sizes + 256 * anchor + 128;
    int32_t center_x = center_of(x, p->stride, offsets[0] - p->offset_zero, multiplier);
    int32_t center_y = center_of(y, p->stride, offsets[1] - p->offset_zero, multiplier);
    int32_t width = clip_side(center_x, sizes[offsets[2]], p->image_w, &left);
    int32_t height = clip_side(center_y, sizes[offsets[3]], p->image_h, &top);
    int16_t box[NN_BOX_VALUES] = {(int16_t)left, (int16_t)top, (int16_t)width, (int16_t)height,
                                  (int16_t)score};
    if (width > 0 && height > 0)
        insert_box(out, p->top_k, box);
}

void nn_decode_boxes_s8(const nn_decode_boxes *p, const int8_t *offsets, const int8_t *logits, int16_t *out,
                        int32_t step) {
    if (step == 0)
        memset(out, 0, (size_t)p->top_k * NN_BOX_VALUES * sizeof *out);
    for (int32_t x = 0; x < p->width; x++) {
        for (int32_t anchor = 0; anchor < p->anchors; anchor++, offsets += 4, logits += p->backgrounds + 1) {
            int32_t background = logits[0];
            for (int32_t i = 1; i < p->backgrounds; i++)
                background = logits[i] > background ? logits[i] : background;
            int32_t score = p->scores[logits[p->backgrounds] - background + 255];
            if (score >= p->min_score)
                decode(p, offsets, score, x, step, anchor, out);
        }
    }
}
