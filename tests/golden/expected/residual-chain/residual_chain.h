/* residual-chain: int8 neural network, 3,200 multiply-accumulates, 436 bytes of RAM.
 * Not reentrant. The image buffer is part of the working memory, which an inference overwrites. */
#ifndef RESIDUAL_CHAIN_H
#define RESIDUAL_CHAIN_H

#include <stdint.h>

#define RESIDUAL_CHAIN_NAME "residual-chain"
#define RESIDUAL_CHAIN_INPUT_HEIGHT 9
#define RESIDUAL_CHAIN_INPUT_WIDTH 8
#define RESIDUAL_CHAIN_INPUT_CHANNELS 1
#define RESIDUAL_CHAIN_INPUT_BYTES 72
#define RESIDUAL_CHAIN_INPUT_SCALE 0.00392156863f
#define RESIDUAL_CHAIN_INPUT_ZERO_POINT (-128)
#define RESIDUAL_CHAIN_INPUT_PRESERVED 0 /* 1: the image survives an inference */
#define RESIDUAL_CHAIN_OUTPUTS 1
#define RESIDUAL_CHAIN_STEPS 25
#define RESIDUAL_CHAIN_ARENA_SRAM_BYTES 436
#define RESIDUAL_CHAIN_OUTPUT0_BYTES 40 /* 5 x 4 x 2 int8 */
#define RESIDUAL_CHAIN_OUTPUT0_SCALE 0.0715315938f
#define RESIDUAL_CHAIN_OUTPUT0_ZERO_POINT (93)

/* Working memory; define NN_ARENA_SECTION(region) to place it, e.g. as __attribute__((section(region))). */
extern int8_t residual_chain_arena_sram[RESIDUAL_CHAIN_ARENA_SRAM_BYTES];

/* Where to write the image: height x width x channels, each value pixel - 128. */
int8_t *residual_chain_input(void);

/* Run one inference; 0 when done. */
int residual_chain_invoke(void);

/* Run the index-th of the steps of an inference, and return as residual_chain_invoke() does, which runs
 * 0..RESIDUAL_CHAIN_STEPS - 1 in order. */
int residual_chain_step(int index);

/* Output i as raw bytes, valid until the next inference; NULL and 0 if there is none. */
const int8_t *residual_chain_output(int i);
int residual_chain_output_bytes(int i);

#endif
