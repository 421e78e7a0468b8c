/* output, crc */
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

void command_crc(char *arguments) {
    uint32_t index;
    if (!parse_output(arguments, &index)) {
        return;
    }
    const uint8_t *bytes = (const uint8_t *)model_output((int)index);
    print_text("m-crc-[");
    print_hexadecimal_digits(crc32(0, bytes, (uint32_t)model_output_bytes((int)index)), 8, true);
    print_line("]");
}
