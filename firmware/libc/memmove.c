#include <string.h>

#include "word.h"

void *memmove(void *destination, const void *source, size_t count) {
    unsigned char *to = destination;
    const unsigned char *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= count) { /* no byte is written before it is read */
        for (; count >= 4; count -= 4, to += 4, from += 4) {
            *(word *)to = *(const word *)from;
        }
        while (count-- > 0) {
            *to++ = *from++;
        }
        return destination;
    }
    to += count;
    from += count;
    for (; count >= 4; count -= 4) {
        to -= 4;
        from -= 4;
        *(word *)to = *(const word *)from;
    }
    while (count-- > 0) {
        *--to = *--from;
    }
    return destination;
}
