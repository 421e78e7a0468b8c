/* Words and numbers of a command. */
#ifndef MCU_VISION_PARSE_H
#define MCU_VISION_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Cuts the next word off `*text`, in place; an empty word at the end. */
char *parse_word(char **text);

/* The next word as a decimal number of at most 32 bits; false, and `*value` untouched, where it is none. */
bool parse_unsigned(char **text, uint32_t *value);

/* The value of a hexadecimal digit, -1 for any other character. */
int parse_hexadecimal_digit(char digit);

#endif
