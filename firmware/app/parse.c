#include "parse.h"

#include <stddef.h>

char *parse_word(char **text) {
    char *start = *text;
    while (*start == ' ') {
        start++;
    }
    char *end = start;
    while (*end != '\0' && *end != ' ') {
        end++;
    }
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

bool parse_unsigned(char **text, uint32_t *value) {
    const char *word = parse_word(text);
    uint64_t number = 0;
    if (*word == '\0') {
        return false;
    }
    for (; *word != '\0'; word++) {
        if (*word < '0' || *word > '9') {
            return false;
        }
        number = number * 10u + (uint32_t)(*word - '0');
        if (number > UINT32_MAX) {
            return false;
        }
    }
    *value = (uint32_t)number;
    return true;
}

int parse_hexadecimal_digit(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}
