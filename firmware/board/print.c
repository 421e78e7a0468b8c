#include "print.h"

#include <string.h>

#include "uart.h"

void print_text(const char *text) { uart_write(text, strlen(text)); }

void print_line(const char *text) {
    print_text(text);
    uart_write("\r\n", 2);
}

void print_unsigned(uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    uart_write(&digits[at], sizeof digits - at);
}

void print_signed(int32_t value) {
    if (value < 0) {
        uart_write("-", 1);
    }
    print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void print_hexadecimal_digits(uint32_t value, int digits, bool upper_case) {
    const char *alphabet = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
    while (digits-- > 0) {
        uart_write(&alphabet[value >> 4 * digits & 0xFu], 1);
    }
}

void print_hexadecimal(uint32_t value) {
    uart_write("0x", 2);
    print_hexadecimal_digits(value, 8, false);
}

void print_thousandths(float value) {
    const float limit = 2000000.0f; /* a thousand times this is within int32_t */
    if (value != value) {
        print_text("nan");
        return;
    }
    if (value < 0.0f) {
        value = -value;
        if (value >= 0.0005f) {
            uart_write("-", 1);
        }
    }
    const uint32_t thousandths = (uint32_t)((value < limit ? value : limit) * 1000.0f + 0.5f);
    print_unsigned(thousandths / 1000u);
    const uint32_t decimals = thousandths % 1000u;
    const char text[4] = {'.', (char)('0' + decimals / 100u), (char)('0' + decimals / 10u % 10u),
                          (char)('0' + decimals % 10u)};
    uart_write(text, sizeof text);
}
