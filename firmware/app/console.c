#include "console.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "parse.h"
#include "print.h"
#include "uart.h"

enum { COMMAND_CHARACTERS = 80 }; /* as in the protocol's reference implementation */

typedef struct {
    const char *name;
    void (*run)(char *arguments);
} command;

static const command commands[] = {
    {"name", command_name},       {"profile", command_profile}, {"timestamp", command_timestamp},
    {"help", command_help},       {"db", command_db},           {"infer", command_infer},
    {"results", command_results}, {"model", command_model},     {"boxes", command_boxes},
    {"output", command_output},   {"crc", command_crc},         {"ram", command_ram},
    {"rows", command_rows},       {"steps", command_steps},     {"reset", command_reset},
};

void report_error(const char *text) {
    print_text("e-[");
    print_text(text);
    print_line("]");
}

static void run_command(char *text) {
    const char *name = parse_word(&text);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run(text);
            return;
        }
    }
    report_error("unknown command; try help%");
}

/* Reads to the next '%'; line ends do not count. False where the text is longer than the buffer. */
static bool read_command(char *text) {
    size_t length = 0;
    for (char byte = uart_read(); byte != COMMAND_END; byte = uart_read()) {
        if (byte == '\r' || byte == '\n') {
            continue;
        }
        if (length < COMMAND_CHARACTERS) {
            text[length] = byte;
        }
        length += length <= COMMAND_CHARACTERS;
    }
    text[length <= COMMAND_CHARACTERS ? length : 0] = '\0';
    return length <= COMMAND_CHARACTERS;
}

void console_run(void) {
    char text[COMMAND_CHARACTERS + 1];
    print_line("m-init-done");
    for (;;) {
        print_line("m-ready");
        const bool complete = read_command(text);
        if (uart_lost_bytes()) {
            report_error("characters lost; wait for m-ready before the next command");
        } else if (!complete) {
            report_error("command longer than 80 characters");
        } else {
            run_command(text);
        }
    }
}
