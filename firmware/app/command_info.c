/* name, profile, timestamp, help, model, ram, reset */
#include "board.h"
#include "commands.h"
#include "model_glue.h"
#include "print.h"
#include "restart.h"
#include "sections.h"
#include "timestamp.h"
#include "uart.h"

void command_name(char *arguments) {
    (void)arguments;
    print_line("m-name-dut-[" BOARD_NAME "]");
}

void command_profile(char *arguments) {
    (void)arguments;
    print_line("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
    print_line("m-model-[" MODEL_ID "]");
}

void command_timestamp(char *arguments) {
    (void)arguments;
    print_text("m-lap-us-");
    print_unsigned(timestamp_us());
    print_line("");
}

void command_help(char *arguments) {
    (void)arguments;
    print_line("name% profile% timestamp% help%");
    print_line("db load BYTES%   announce an input image");
    print_line("db HEX%          its next bytes: pixels, 0 to 255");
    print_line("db print%        show it");
    print_line("rows SOURCE%     rows of the image come from uart or memory, where they are not in RAM");
    print_line(CONSOLE_MLPERF
                   ? "infer N W%       infer N times after W warm-up runs, 10 unless given"
                   : "infer N W%       infer N times after W warm-up runs; each uses up the input");
    print_line("steps%           infer once, and show the cycles of each step of the schedule");
    print_line("results%         scores of the last inference");
    print_line("model%           name, input and outputs of the model");
    print_line("boxes%           detections: x y width height in 1/16 pixel, score times 32768");
    print_line("output I% crc I% bytes and CRC-32 of output I; crc input% that of the input");
    print_line("ram%             stack used so far and its size, in bytes");
    print_line("reset%           restart");
}

void command_model(char *arguments) {
    (void)arguments;
    print_line("m-model-[" MODEL_NAME "]");
    print_text("m-input-[");
    print_unsigned(MODEL_INPUT_WIDTH);
    print_text(" ");
    print_unsigned(MODEL_INPUT_HEIGHT);
    print_text(" ");
    print_unsigned(MODEL_INPUT_CHANNELS);
    print_text(" ");
    print_unsigned(MODEL_INPUT_BYTES);
    print_line("]");
    print_text("m-outputs-[");
    print_unsigned(MODEL_OUTPUTS);
    print_line("]");
}

/* Start-up painted the stack: what has lost the paint was used. */
void command_ram(char *arguments) {
    (void)arguments;
    const uint32_t *used = __stack_bottom;
    while (used < __stack_top && *used == STACK_PAINT) {
        used++;
    }
    print_text("m-stack-[");
    print_unsigned((uint32_t)(__stack_top - used) * sizeof(uint32_t));
    print_text(" ");
    print_unsigned((uint32_t)(__stack_top - __stack_bottom) * sizeof(uint32_t));
    print_line("]");
}

void command_reset(char *arguments) {
    (void)arguments;
    uart_flush();
    restart();
}
