/* output, crc */
#include <string.h>

#include "commands.h"
#include "crc32.h"
#include "model_glue.h"
#include "parse.h"
#include "print.h"

bool parse_output(char *arguments, uint32_t *index) {
    if (!parse_unsigned(&arguments, index) || *index >= MODEL_OUTPUTS) {
        report_error("no such output; model% says how many there are");
        return false;
    }
    return require_inference();
}

void command_output(char *arguments) {
    uint32_t index;
    if (!parse_output(arguments, &index)) {
        return;
    }
    const uint32_t count = (uint32_t)model_output_bytes((int)index);
    print_text("m-output-[");
    print_unsigned(index);
    print_text(" ");
    print_unsigned(count);
    print_line("]");
    print_bytes((const uint8_t *)model_output((int)index), count, 0);
}

static void print_crc(const int8_t *bytes, uint32_t count) {
    print_text("m-crc-[");
    print_hexadecimal_digits(crc32(0, (const uint8_t *)bytes, count), 8, true);
    print_line("]");
}

void command_crc(char *arguments) {
#if !MODEL_PULLS_ROWS
    if (strcmp(arguments, "input") == 0) {
        print_crc(model_input(), MODEL_INPUT_BYTES);
        return;
    }
#endif
    uint32_t index;
    if (parse_output(arguments, &index)) {
        print_crc(model_output((int)index), (uint32_t)model_output_bytes((int)index));
    }
}
