/* tiny-classifier: int8 neural network, 19,488 multiply-accumulates, 1,672 bytes of RAM.
 * Not reentrant. The image buffer is part of the working memory, which an inference overwrites. */
#ifndef TINY_CLASSIFIER_H
#define TINY_CLASSIFIER_H

#include <stdint.h>

#define TINY_CLASSIFIER_NAME "tiny-classifier"
#define TINY_CLASSIFIER_INPUT_HEIGHT 17
#define TINY_CLASSIFIER_INPUT_WIDTH 19
#define TINY_CLASSIFIER_INPUT_CHANNELS 3
#define TINY_CLASSIFIER_INPUT_BYTES 969
#define TINY_CLASSIFIER_INPUT_SCALE 0.00392156863f
#define TINY_CLASSIFIER_INPUT_ZERO_POINT (-128)
#define TINY_CLASSIFIER_INPUT_PRESERVED 0 /* 1: the image survives an inference */
#define TINY_CLASSIFIER_OUTPUTS 1
#define TINY_CLASSIFIER_STEPS 36
#define TINY_CLASSIFIER_ARENA_SRAM_BYTES 1672
#define TINY_CLASSIFIER_OUTPUT0_BYTES 3 /* 3 int8 */
#define TINY_CLASSIFIER_OUTPUT0_SCALE 0.00390625f
#define TINY_CLASSIFIER_OUTPUT0_ZERO_POINT (-128)

/* Working memory; define NN_ARENA_SECTION(region) to place it, e.g. as __attribute__((section(region))). */
extern int8_t tiny_classifier_arena_sram[TINY_CLASSIFIER_ARENA_SRAM_BYTES];

/* Where to write the image: height x width x channels, each value pixel - 128. */
int8_t *tiny_classifier_input(void);

/* Run one inference; 0 when done. */
int tiny_classifier_invoke(void);

/* Run the index-th of the steps of an inference, and return as tiny_classifier_invoke() does, which runs
 * 0..TINY_CLASSIFIER_STEPS - 1 in order. */
int tiny_classifier_step(int index);

/* Output i as raw bytes, valid until the next inference; NULL and 0 if there is none. */
const int8_t *tiny_classifier_output(int i);
int tiny_classifier_output_bytes(int i);

#endif
