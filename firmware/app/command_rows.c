/* rows: where a model that pulls the rows of its image gets them */
#include <stdbool.h>
#include <string.h>

#include "commands.h"
#include "crc32.h"
#include "model_glue.h"
#include "parse.h"
#include "print.h"
#include "uart.h"

#if MODEL_PULLS_ROWS
enum { CHECKSUM_BYTES = 4, TIMEOUT_US = 2000000, SILENCE_US = 100000 };

typedef enum { SOURCE_NONE, SOURCE_MEMORY, SOURCE_UART } row_source;

/* For debuggers and emulators, which may put an image (int8, pixel - 128) into memory that is none of the
 * chip's, and its address here, once the console is ready. */
const int8_t *volatile model_rows_pointer;

static row_source source;

static int fail(int32_t row, const char *reason) {
    print_text("e-[row ");
    print_signed(row);
    print_text(": ");
    print_text(reason);
    print_line("]");
    return -1;
}

static bool receive_byte(uint8_t *byte) { return uart_read_within(TIMEOUT_US, (char *)byte); }

/* A colon, the row's pixels, and their CRC-32 with its least significant byte first. What ended the line of
 * the command may still come before. */
static int receive_row(int32_t row, int8_t *to) {
    uint32_t crc = 0, expected = 0;
    uint8_t byte;
    do {
        if (!receive_byte(&byte)) {
            return fail(row, "2 s without a byte of it");
        }
    } while (byte == '\r' || byte == '\n');
    if (byte != ':') {
        return fail(row, "no colon before it");
    }
    for (int32_t i = 0; i < MODEL_INPUT_ROW_BYTES; i++) {
        if (!receive_byte(&byte)) {
            return fail(row, "2 s without a byte of it");
        }
        crc = crc32(crc, &byte, 1);
        to[i] = (int8_t)(byte ^ PIXEL_TO_INPUT);
    }
    for (int i = 0; i < CHECKSUM_BYTES; i++) {
        if (!receive_byte(&byte)) {
            return fail(row, "2 s without a byte of its checksum");
        }
        expected |= (uint32_t)byte << 8 * i;
    }
    return crc == expected ? 0 : fail(row, "wrong checksum");
}

/* Asks for a row, and takes what comes after that; if it is wrong, what remains of it is no command. */
static int request_row(int32_t row, int8_t *to) {
    print_text("m-row-");
    uart_discard();
    print_signed(row);
    print_line("");
    const int error = receive_row(row, to);
    if (error != 0) {
        char rest;
        while (uart_read_within(SILENCE_US, &rest)) {
        }
        uart_discard();
    }
    return error;
}

int MODEL_READ_ROW(int32_t row, int8_t *to) {
    switch (source) {
    case SOURCE_MEMORY:
        memcpy(to, model_rows_pointer + row * MODEL_INPUT_ROW_BYTES, MODEL_INPUT_ROW_BYTES);
        return 0;
    case SOURCE_UART:
        return request_row(row, to);
    default:
        return fail(row, "no source; send rows uart%");
    }
}

static const char *source_name(void) {
    return source == SOURCE_MEMORY ? "memory" : source == SOURCE_UART ? "uart" : "none";
}

void command_rows(char *arguments) {
    const char *word = parse_word(&arguments);
    if (strcmp(word, "uart") == 0) {
        source = SOURCE_UART;
    } else if (strcmp(word, "memory") == 0) {
        if (model_rows_pointer == NULL) {
            report_error("no image in memory; only an emulator or a debugger puts one there");
            return;
        }
        source = SOURCE_MEMORY;
    } else if (*word != '\0') {
        report_error("rows come from uart or memory");
        return;
    }
    print_text("m-rows-[");
    print_text(source_name());
    print_text(" ");
    print_unsigned(MODEL_INPUT_HEIGHT);
    print_text(" ");
    print_unsigned(MODEL_INPUT_ROW_BYTES);
    print_line("]");
}
#else
void command_rows(char *arguments) {
    (void)arguments;
    report_error("this model takes a whole image; send db load");
}
#endif
