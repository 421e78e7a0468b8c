/* A model for tests of the firmware alone: 4x4x1 in; output 0 is the input reversed, output 1 its first two
 * bytes. */
#ifndef MODEL_GLUE_H
#define MODEL_GLUE_H

#include <stdint.h>

#define MODEL_NAME "fake"
#ifndef MODEL_ID
#define MODEL_ID "fake"
#define CONSOLE_MLPERF 0
#endif
#define MODEL_INPUT_AS_INT8 0
#define MODEL_INPUT_WIDTH 4
#define MODEL_INPUT_HEIGHT 4
#define MODEL_INPUT_CHANNELS 1
#define MODEL_INPUT_BYTES 16
#define MODEL_PULLS_ROWS 0
#define MODEL_STEPS 1
#define MODEL_OUTPUTS 2
#define MODEL_RESULTS 16
#define MODEL_IS_DETECTOR 0

int8_t *fake_input(void);
int fake_invoke(void);
const int8_t *fake_output(int i);
int fake_output_bytes(int i);

static inline int8_t *model_input(void) { return fake_input(); }
static inline int model_invoke(void) { return fake_invoke(); }
static inline int model_step(int index) { return index == 0 ? fake_invoke() : -1; }
static inline const int8_t *model_output(int i) { return fake_output(i); }
static inline int model_output_bytes(int i) { return fake_output_bytes(i); }
static inline float model_output_dequantized(int i, int k) {
    return (float)(fake_output(i)[k] + 128) / 256.0f;
}

#endif
