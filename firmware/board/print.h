/* Text and numbers to the console, without printf(). */
#ifndef MCU_VISION_PRINT_H
#define MCU_VISION_PRINT_H

#include <stdbool.h>
#include <stdint.h>

void print_text(const char *text);
void print_line(const char *text); /* the text and CR LF */
void print_unsigned(uint64_t value);
void print_signed(int32_t value);
void print_hexadecimal(uint32_t value); /* 0x and eight digits, lower case */
void print_hexadecimal_digits(uint32_t value, int digits, bool upper_case);
void print_thousandths(
    float value); /* three decimals, rounded half away from zero; nan, and +-2000000 at most */

#endif
