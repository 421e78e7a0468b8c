/* pulled: int8 neural network, 2,160 multiply-accumulates, 436 bytes of RAM.
 * Not reentrant. The image is never in RAM as a whole: an inference asks for one row after the other. */
#ifndef PULLED_H
#define PULLED_H

#include <stdint.h>

#define PULLED_NAME "pulled"
#define PULLED_INPUT_HEIGHT 7
#define PULLED_INPUT_WIDTH 8
#define PULLED_INPUT_CHANNELS 3
#define PULLED_INPUT_BYTES 168
#define PULLED_INPUT_SCALE 0.00392156863f
#define PULLED_INPUT_ZERO_POINT (-128)
#define PULLED_INPUT_ROW_BYTES 24
#define PULLED_INPUT_PASSES 1 /* how often an inference asks for all rows */
#define PULLED_OUTPUTS 1
#define PULLED_STEPS 13
#define PULLED_ARENA_SRAM_BYTES 436
#define PULLED_OUTPUT0_BYTES 12 /* 2 x 2 x 3 int8 */
#define PULLED_OUTPUT0_SCALE 0.0550827719f
#define PULLED_OUTPUT0_ZERO_POINT (95)

/* Working memory; define NN_ARENA_SECTION(region) to place it, e.g. as __attribute__((section(region))). */
extern int8_t pulled_arena_sram[PULLED_ARENA_SRAM_BYTES];

/* You write this function. It puts row `row` of the image into to[0..PULLED_INPUT_ROW_BYTES - 1]: width x channels,
 * each value pixel - 128. An inference calls it once for each row, in order from 0, and waits for it.
 * The function returns 0, or another value to end the inference, which pulled_invoke() then returns. */
int pulled_read_row(int32_t row, int8_t *to);

/* Run one inference; 0 when done. Otherwise a row was not there: the outputs hold nothing of use, and the next
 * inference starts anew, from row 0. */
int pulled_invoke(void);

/* Run the index-th of the steps of an inference, and return as pulled_invoke() does, which runs
 * 0..PULLED_STEPS - 1 in order. */
int pulled_step(int index);

/* Output i as raw bytes, valid until the next inference; NULL and 0 if there is none. */
const int8_t *pulled_output(int i);
int pulled_output_bytes(int i);

#endif
