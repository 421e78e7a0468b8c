/* db load, db HEX, db print */
#include <string.h>

#include "commands.h"
#include "model_glue.h"
#include "parse.h"
#include "print.h"

enum { BYTES_PER_LINE = 8 };

void print_bytes(const uint8_t *bytes, uint32_t count, uint8_t flip) {
    for (uint32_t i = 0; i < count; i++) {
        print_text(i % BYTES_PER_LINE == 0 ? "m-buffer-" : "-");
        print_hexadecimal_digits((uint32_t)(bytes[i] ^ flip), 2, false);
        if (i % BYTES_PER_LINE == BYTES_PER_LINE - 1 || i == count - 1) {
            print_line("");
        }
    }
}

#if MODEL_PULLS_ROWS
void command_db(char *arguments) {
    (void)arguments;
    report_error("this model takes its image row by row; send rows uart%");
}
#else
static uint32_t expected_bytes, loaded_bytes, printed_bytes = MODEL_INPUT_BYTES;

static void load(char *arguments) {
    uint32_t count;
    const uint32_t least = CONSOLE_MLPERF ? 1 : MODEL_INPUT_BYTES;
    if (!parse_unsigned(&arguments, &count) || count < least || count > MODEL_INPUT_BYTES) {
        print_text("e-[db load needs the size of the input, ");
        print_unsigned(MODEL_INPUT_BYTES);
        print_line("]");
        return;
    }
    expected_bytes = printed_bytes = count;
    loaded_bytes = 0;
    forget_inference(); /* its outputs may lie where the image goes */
    print_text("m-[Expecting ");
    print_unsigned(count);
    print_line(" bytes]");
}

/* All bytes of a command are taken, or none; MLPerf Tiny drops those after the last one expected. */
static void append(const char *digits) {
    size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (parse_hexadecimal_digit(digits[i]) < 0) {
            report_error("not a hexadecimal digit");
            return;
        }
    }
    if (length == 0 || length % 2 != 0) {
        report_error("db needs load, print or pairs of hexadecimal digits");
        return;
    }
    if (CONSOLE_MLPERF && expected_bytes != 0 && length / 2 > expected_bytes - loaded_bytes) {
        length = 2 * (expected_bytes - loaded_bytes);
    }
    if (length / 2 > expected_bytes - loaded_bytes) {
        report_error(expected_bytes == 0 ? "no db load before" : "more bytes than db load announced");
        return;
    }
    uint8_t *input = (uint8_t *)model_input() + loaded_bytes;
    for (size_t i = 0; i < length; i += 2) {
        const int byte = parse_hexadecimal_digit(digits[i]) * 16 + parse_hexadecimal_digit(digits[i + 1]);
        *input++ = (uint8_t)(byte ^ PIXEL_TO_INPUT);
    }
    loaded_bytes += length / 2;
    if (loaded_bytes == expected_bytes) {
        expected_bytes = loaded_bytes = 0;
        print_line("m-load-done");
    }
}

void command_db(char *arguments) {
    const char *word = parse_word(&arguments);
    if (strcmp(word, "load") == 0) {
        load(arguments);
    } else if (strcmp(word, "print") == 0) {
        print_bytes((const uint8_t *)model_input(), printed_bytes, PIXEL_TO_INPUT);
    } else {
        append(word);
    }
}
#endif
