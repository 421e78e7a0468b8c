#include "pulled.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pulled_weights.h"
#include "nn.h"
#include "nn_rows.h"

#ifndef NN_ARENA_SECTION
#define NN_ARENA_SECTION(region)
#endif
#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(8)))
#else
#define ALIGNED
#endif

ALIGNED NN_ARENA_SECTION(".arena.sram") int8_t pulled_arena_sram[PULLED_ARENA_SRAM_BYTES];

/* conv2d0.out: 4 x 4 x 4 int8 */
static const nn_ring tensor_0 = {pulled_arena_sram + 816, NULL, 16, 4, 4};
/* conv2d1.out: 2 x 2 x 3 int8 */
static const nn_ring tensor_1 = {pulled_arena_sram + 440, NULL, 6, 2, 2};
/* image.rows: 7 x 8 x 3 int8 */
static const nn_ring tensor_2 = {pulled_arena_sram + 880, NULL, 24, 7, 7};

static int read_error;

/* read_rows: read_rows -> 7 x 8 x 3 */
static void run_0(int32_t step) {
    read_error = pulled_read_row(step, nn_row(&tensor_2, step));
}

/* conv2d0: conv2d -> 4 x 4 x 4 */
static void run_1(int32_t step) {
    const int8_t *rows[9];
    nn_window(&tensor_2, step * 8 - 1, 1, 9, rows);
    int8_t *out[4];
    nn_places(&tensor_0, step * 4, 4, out);
    nn_conv_rows_s8(&pulled_op1, rows, out, (void *)(pulled_arena_sram + 0));
}

/* conv2d1: conv2d -> 2 x 2 x 3 */
static void run_2(int32_t step) {
    const int8_t *rows[5];
    nn_window(&tensor_0, step * 4 - 1, 1, 5, rows);
    int8_t *out[2];
    nn_places(&tensor_1, step * 2, 2, out);
    nn_conv_rows_s8(&pulled_op2, rows, out, (void *)(pulled_arena_sram + 0));
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[PULLED_STEPS] = {
    0, 0, 0, 0, 0, 0, 0, 1, 2,
};

static uint16_t steps_done[3];

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int pulled_step(int index) {
    if (index == 0) {
        memset(steps_done, 0, sizeof steps_done);
        read_error = 0;
    }
    const uint8_t op = schedule[index];
    operators[op](steps_done[op]++);
    return read_error;
}

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int pulled_invoke(void) {
    for (int index = 0; index < PULLED_STEPS; ++index) {
        const int error = pulled_step(index);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static const nn_ring *const outputs[] = {&tensor_1};

const int8_t *pulled_output(int i) {
    return (i >= 0 && i < PULLED_OUTPUTS) ? outputs[i]->base : NULL;
}

int pulled_output_bytes(int i) {
    return (i >= 0 && i < PULLED_OUTPUTS) ? outputs[i]->rows * outputs[i]->row_bytes : 0;
}
