#include <string.h>

#include "word.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t count) {
    unsigned char *to = destination;
    const unsigned char *from = source;
    for (; count >= 16; count -= 16, to += 16, from += 16) {
        const word *in = (const word *)from;
        word *out = (word *)to;
        const uint32_t a = in[0], b = in[1], c = in[2], d = in[3];
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
    }
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        *(word *)to = *(const word *)from;
    }
    while (count-- > 0) {
        *to++ = *from++;
    }
    return destination;
}
