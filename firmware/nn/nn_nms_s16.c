#include "nn.h"

#include <stddef.h>
#include <string.h>

static int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }

/* Length of the overlap of two sides, at least 0. */
static int32_t overlap(int32_t a, int32_t a_size, int32_t b, int32_t b_size) {
    return max_i32(min_i32(a + a_size, b + b_size) - max_i32(a, b), 0);
}

static int overlaps(const int16_t *a, const int16_t *b, int32_t threshold) {
    int64_t width = overlap(a[0], a[2], b[0], b[2]), height = overlap(a[1], a[3], b[1], b[3]);
    int64_t intersection = width * height;
    int64_t united = (int64_t)a[2] * a[3] + (int64_t)b[2] * b[3] - intersection;
    return intersection * 1024 > threshold * united;
}

/* Takes the best box that no list has given yet; of equal ones that of the first list. NULL at the end. */
static const int16_t *take_best(const nn_nms *p, const int16_t *const lists[], int32_t taken[NN_NMS_LISTS]) {
    const int16_t *best = NULL;
    int32_t from = 0;
    for (int32_t i = 0; i < p->lists; i++) {
        const int16_t *box = lists[i] + NN_BOX_VALUES * taken[i];
        if (taken[i] < p->sizes[i] && box[4] > (best ? best[4] : 0)) {
            best = box;
            from = i;
        }
    }
    taken[from]++;
    return best;
}

void nn_nms_s16(const nn_nms *p, const int16_t *const lists[], int16_t *out) {
    int32_t taken[NN_NMS_LISTS] = {0}, kept = 0;
    memset(out, 0, (size_t)p->max_boxes * NN_BOX_VALUES * sizeof *out);
    while (kept < p->max_boxes) {
        const int16_t *box = take_best(p, lists, taken);
        if (!box)
            return;
        int32_t i = 0;
        while (i < kept && !overlaps(out + NN_BOX_VALUES * i, box, p->threshold))
            i++;
        if (i == kept)
            memcpy(out + NN_BOX_VALUES * kept++, box, NN_BOX_VALUES * sizeof *out);
    }
}
