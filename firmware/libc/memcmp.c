#include <string.h>

#include "word.h"

int memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (; count >= 4 && *(const word *)a == *(const word *)b; count -= 4) {
        a += 4;
        b += 4;
    }
    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}
