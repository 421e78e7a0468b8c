#include <stddef.h>

#include "nn.h"
#include "nn_dsp.h"

static void take_pixel(const nn_select *p, const int8_t *pixel, int8_t *out) {
    for (int32_t i = 0; i < p->channels; i++)
        out[i] = (int8_t)(p->picked[i] < 0 ? p->fill : pixel[p->picked[i]]);
}

/* Whole pixels without a choice of channels. A call of memcpy takes longer than the few channels that a pixel
 * mostly has. */
static void copy_pixels(const nn_select *p, const int8_t *row, int8_t *out) {
    const uint32_t fill = (uint8_t)p->fill * 0x01010101u;
    const int32_t quads = p->channels >> 2, rest = p->channels & 3;
    for (const int16_t *column = p->columns, *last = column + p->width; column != last; column++) {
        const int8_t *from = row + *column * p->in_c + p->first;
        const int outside = *column < 0;
        for (int8_t *end = out + 4 * quads; out != end; out += 4, from += 4)
            nn_store32(out, outside ? fill : nn_load32(from));
        for (int8_t *end = out + rest; out != end; out++, from++)
            *out = (int8_t)(outside ? p->fill : *from);
    }
}

void nn_select_s8(const nn_select *p, const int8_t *const rows[], int8_t *out) {
    if (!rows[0]) {
        memset(out, (int)p->fill, (size_t)(p->width * p->channels));
        return;
    }
    if (!p->picked) {
        copy_pixels(p, rows[0], out);
        return;
    }
    for (int32_t x = 0; x < p->width; x++, out += p->channels)
        if (p->columns[x] < 0)
            memset(out, (int)p->fill, (size_t)p->channels);
        else
            take_pixel(p, rows[0] + p->columns[x] * p->in_c, out);
}
