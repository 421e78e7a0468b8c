/* A detector for tests of the firmware alone: a box for each of the first 15 input bytes above 0; the last
 * byte makes it fail: -128 reads nowhere, -127 overflows the stack, -126 executes an undefined instruction,
 * -125 returns an error. */
#ifndef MODEL_GLUE_H
#define MODEL_GLUE_H

#include <stdint.h>

#define MODEL_NAME "fake-detector"
#define MODEL_ID "fake-detector"
#define CONSOLE_MLPERF 0
#define MODEL_INPUT_AS_INT8 0
#define MODEL_INPUT_WIDTH 4
#define MODEL_INPUT_HEIGHT 4
#define MODEL_INPUT_CHANNELS 1
#define MODEL_INPUT_BYTES 16
#define MODEL_PULLS_ROWS 0
#define MODEL_STEPS 1
#define MODEL_OUTPUTS 1
#define MODEL_IS_DETECTOR 1

typedef struct {
    int16_t x, y, width, height;
    int16_t score;
} model_box;

int8_t *fake_input(void);
int fake_invoke(void);
extern model_box fake_boxes[];
int fake_box_count(void);

static inline int8_t *model_input(void) { return fake_input(); }
static inline int model_invoke(void) { return fake_invoke(); }
static inline int model_step(int index) { return index == 0 ? fake_invoke() : -1; }
static inline const int8_t *model_output(int i) {
    (void)i;
    return fake_input();
}
static inline int model_output_bytes(int i) {
    (void)i;
    return MODEL_INPUT_BYTES;
}
static inline const model_box *model_boxes(void) { return fake_boxes; }
static inline int model_box_count(void) { return fake_box_count(); }

#endif
