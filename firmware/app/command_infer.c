/* infer, results, boxes */
#include <string.h>

#include "commands.h"
#include "model_glue.h"
#include "parse.h"
#include "print.h"
#include "uart.h"

static bool inferred;

bool require_inference(void) {
    if (!inferred) {
        report_error("no inference yet; send infer 1 0%");
    }
    return inferred;
}

void forget_inference(void) { inferred = false; }

bool conclude_inference(bool done) {
    inferred = done;
    if (!inferred) {
        report_error("the model stopped with an error");
    }
    return inferred;
}

/* Decoding and suppression of boxes belong to the inference, and to its time. A command that comes meanwhile
 * ends what remains of it: no number of runs makes the console deaf. */
static bool infer_times(uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        if (i > 0 && uart_holds(COMMAND_END)) {
            report_error("another command came before all runs were done");
            return false;
        }
        if (!conclude_inference(model_invoke() == 0)) {
            return false;
        }
    }
    return true;
}

static void print_count(const char *text, uint32_t count) {
    print_text(text);
    print_unsigned(count);
    print_line("");
}

void command_infer(char *arguments) {
    uint32_t times = 1, warm_up = CONSOLE_MLPERF ? 10 : 0; /* as in the protocol's reference implementation */
    const bool plain = *arguments == '\0';
    if (!plain && (!parse_unsigned(&arguments, &times) || times == 0)) {
        report_error("infer needs a number of runs, 1 or more");
        return;
    }
    if (*arguments != '\0' && !parse_unsigned(&arguments, &warm_up)) {
        report_error("infer needs a number of warm-up runs");
        return;
    }
    print_count("m-warmup-start-", warm_up);
    if (!infer_times(warm_up)) {
        return;
    }
    print_line("m-warmup-done");
    print_count("m-infer-start-", times);
    command_timestamp(arguments);
    if (!infer_times(times)) {
        return;
    }
    command_timestamp(arguments);
    print_line("m-infer-done");
    command_results(arguments);
}

/* A detector's results are the scores of its boxes. */
void command_results(char *arguments) {
    (void)arguments;
    if (!require_inference()) {
        return;
    }
    print_text("m-results-[");
#if MODEL_IS_DETECTOR
    const model_box *boxes = model_boxes();
    const int count = model_box_count();
#else
    const int count = MODEL_RESULTS;
#endif
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            print_text(",");
        }
#if MODEL_IS_DETECTOR
        print_thousandths((float)boxes[i].score / 32768.0f);
#else
        print_thousandths(model_output_dequantized(0, i));
#endif
    }
    print_line("]");
}

void command_boxes(char *arguments) {
    (void)arguments;
#if MODEL_IS_DETECTOR
    if (!require_inference()) {
        return;
    }
    const model_box *boxes = model_boxes();
    const int count = model_box_count();
    for (int i = 0; i < count; i++) {
        const int16_t values[5] = {boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height, boxes[i].score};
        for (int k = 0; k < 5; k++) {
            print_text(k == 0 ? "m-box-[" : " ");
            print_signed(values[k]);
        }
        print_line("]");
    }
    print_text("m-boxes-[");
    print_unsigned((uint32_t)count);
    print_line("]");
#else
    report_error("not a detector");
#endif
}
