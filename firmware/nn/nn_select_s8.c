#include <stddef.h>

#include "nn.h"
#include "nn_dsp.h"

static void take_pixel(const nn_select *p, const int8_t *pixel, int8_t *out) {
    for (int32_t i = 0; i < p->channels; i++)
        out[i] = (int8_t)(p->picked[i] < 0 ? p->fill : pixel[p->picked[i]]);
}

/* A call of memcpy takes longer than the few channels that a pixel mostly has. */
static void copy_pixel(const int8_t *pixel, int8_t *out, int32_t count) {
    for (; count >= 4; count -= 4, pixel += 4, out += 4)
        nn_store32(out, nn_load32(pixel));
    for (; count > 0; count--)
        *out++ = *pixel++;
}

void nn_select_s8(const nn_select *p, const int8_t *const rows[], int8_t *out) {
    const size_t count = (size_t)p->channels;
    for (int32_t x = 0; x < p->width; x++, out += count) {
        const int8_t *pixel = rows[0] && p->columns[x] >= 0 ? rows[0] + p->columns[x] * p->in_c : NULL;
        if (!pixel)
            memset(out, (int)p->fill, count);
        else if (p->picked)
            take_pixel(p, pixel, out);
        else
            copy_pixel(pixel + p->first, out, p->channels);
    }
}
