/* fused: int8 neural network, 3,744 multiply-accumulates, 392 bytes of RAM.
 * Not reentrant. The image buffer is part of the working memory, which an inference overwrites. */
#ifndef FUSED_H
#define FUSED_H

#include <stdint.h>

#define FUSED_NAME "fused"
#define FUSED_INPUT_HEIGHT 9
#define FUSED_INPUT_WIDTH 8
#define FUSED_INPUT_CHANNELS 2
#define FUSED_INPUT_BYTES 144
#define FUSED_INPUT_SCALE 0.00392156863f
#define FUSED_INPUT_ZERO_POINT (-128)
#define FUSED_INPUT_PRESERVED 0 /* 1: the image survives an inference */
#define FUSED_OUTPUTS 1
#define FUSED_STEPS 13
#define FUSED_ARENA_SRAM_BYTES 392
#define FUSED_OUTPUT0_BYTES 12 /* 3 x 2 x 2 int8 */
#define FUSED_OUTPUT0_SCALE 0.0885648578f
#define FUSED_OUTPUT0_ZERO_POINT (34)

/* Working memory; define NN_ARENA_SECTION(region) to place it, e.g. as __attribute__((section(region))). */
extern int8_t fused_arena_sram[FUSED_ARENA_SRAM_BYTES];

/* Where to write the image: height x width x channels, each value pixel - 128. */
int8_t *fused_input(void);

/* Run one inference; 0 when done. */
int fused_invoke(void);

/* Run the index-th of the steps of an inference, and return as fused_invoke() does, which runs
 * 0..FUSED_STEPS - 1 in order. */
int fused_step(int index);

/* Output i as raw bytes, valid until the next inference; NULL and 0 if there is none. */
const int8_t *fused_output(int i);
int fused_output_bytes(int i);

#endif
