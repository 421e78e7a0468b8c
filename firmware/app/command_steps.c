/* steps */
#include "commands.h"
#include "model_glue.h"
#include "print.h"
#include "timestamp.h"

static void print_step(uint32_t step, uint32_t cycles) {
    print_text("m-step-[");
    print_unsigned(step);
    print_text(" ");
    print_unsigned(cycles);
    print_line("]");
}

/* An inference whose steps are timed one by one; what is printed between them takes no part. */
void command_steps(char *arguments) {
    (void)arguments;
    for (uint32_t step = 0; step < MODEL_STEPS; step++) {
        const uint32_t start = cycle_count();
        const int error = model_step((int)step);
        const uint32_t cycles = cycle_count() - start;
        if (error != 0) {
            conclude_inference(false);
            return;
        }
        print_step(step, cycles);
    }
    conclude_inference(true);
    print_text("m-steps-[");
    print_unsigned(MODEL_STEPS);
    print_line("]");
}
