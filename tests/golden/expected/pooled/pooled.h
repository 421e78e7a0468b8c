/* pooled: int8 neural network, 18,400 multiply-accumulates, 1,408 bytes of RAM.
 * Not reentrant. The image buffer is part of the working memory, which an inference overwrites. */
#ifndef POOLED_H
#define POOLED_H

#include <stdint.h>

#define POOLED_NAME "pooled"
#define POOLED_INPUT_HEIGHT 16
#define POOLED_INPUT_WIDTH 16
#define POOLED_INPUT_CHANNELS 2
#define POOLED_INPUT_BYTES 512
#define POOLED_INPUT_SCALE 0.00392156863f
#define POOLED_INPUT_ZERO_POINT (-128)
#define POOLED_INPUT_PRESERVED 0 /* 1: the image survives an inference */
#define POOLED_OUTPUTS 1
#define POOLED_STEPS 9
#define POOLED_ARENA_SRAM_BYTES 1408
#define POOLED_OUTPUT0_BYTES 2 /* 2 int8 */
#define POOLED_OUTPUT0_SCALE 0.0649937764f
#define POOLED_OUTPUT0_ZERO_POINT (-105)

/* Working memory; define NN_ARENA_SECTION(region) to place it, e.g. as __attribute__((section(region))). */
extern int8_t pooled_arena_sram[POOLED_ARENA_SRAM_BYTES];

/* Where to write the image: height x width x channels, each value pixel - 128. */
int8_t *pooled_input(void);

/* Run one inference; 0 when done. */
int pooled_invoke(void);

/* Run the index-th of the steps of an inference, and return as pooled_invoke() does, which runs
 * 0..POOLED_STEPS - 1 in order. */
int pooled_step(int index);

/* Output i as raw bytes, valid until the next inference; NULL and 0 if there is none. */
const int8_t *pooled_output(int i);
int pooled_output_bytes(int i);

#endif
