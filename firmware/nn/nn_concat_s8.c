#include "nn.h"

#include <stddef.h>
#include <string.h>

void nn_concat_s8(const nn_concat *p, const int8_t *const rows[], int8_t *out) {
    for (int32_t x = 0; x < p->width; x++) {
        for (int32_t i = 0; i < p->inputs; i++) {
            memcpy(out, rows[i] + x * p->channels[i], (size_t)p->channels[i]);
            out += p->channels[i];
        }
    }
}
