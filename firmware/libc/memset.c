#include <string.h>

#include "word.h"

void *memset(void *destination, int value, size_t count) {
    unsigned char *to = destination;
    const uint32_t pattern = (uint32_t)(unsigned char)value * 0x01010101u;
    for (; count >= 16; count -= 16, to += 16) {
        word *out = (word *)to;
        out[0] = pattern;
        out[1] = pattern;
        out[2] = pattern;
        out[3] = pattern;
    }
    for (; count >= 4; count -= 4, to += 4) {
        *(word *)to = pattern;
    }
    while (count-- > 0) {
        *to++ = (unsigned char)value;
    }
    return destination;
}
