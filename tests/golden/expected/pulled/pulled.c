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
static int8_t *const tensor_0_slots[] = {
    pulled_arena_sram + 348, pulled_arena_sram + 364, pulled_arena_sram + 348, pulled_arena_sram + 416,
};
static const nn_ring tensor_0 = {pulled_arena_sram + 348, tensor_0_slots, 16, 4, 4};
/* conv2d1.out: 2 x 2 x 3 int8 */
static const nn_ring tensor_1 = {pulled_arena_sram + 404, NULL, 6, 2, 2};
/* image.rows: 7 x 8 x 3 int8 */
static int8_t *const tensor_2_slots[] = {
    pulled_arena_sram + 324, pulled_arena_sram + 404, pulled_arena_sram + 324, pulled_arena_sram + 380,
    pulled_arena_sram + 412, pulled_arena_sram + 0, pulled_arena_sram + 380,
};
static const nn_ring tensor_2 = {pulled_arena_sram + 324, tensor_2_slots, 24, 7, 7};
/* conv2d0: scratch */
static int8_t *const scratch_1_slots[] = {
    pulled_arena_sram + 0, pulled_arena_sram + 0, pulled_arena_sram + 24, pulled_arena_sram + 24,
};
static const nn_ring scratch_1 = {pulled_arena_sram + 0, scratch_1_slots, 324, 4, 4};
/* conv2d1: scratch */
static int8_t *const scratch_2_slots[] = {
    pulled_arena_sram + 0, pulled_arena_sram + 0,
};
static const nn_ring scratch_2 = {pulled_arena_sram + 0, scratch_2_slots, 316, 2, 2};

static int read_error;

/* read_rows: read_rows -> 7 x 8 x 3 */
static void run_0(int32_t step) {
    read_error = pulled_read_row(step, nn_row(&tensor_2, step));
}

/* conv2d0: conv2d -> 4 x 4 x 4 */
static void run_1(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_2, step * 2 - 1, 1, 3, rows);
    nn_conv_s8(&pulled_op1, rows, nn_row(&tensor_0, step), (void *)nn_row(&scratch_1, step));
}

/* conv2d1: conv2d -> 2 x 2 x 3 */
static void run_2(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_0, step * 2 - 1, 1, 3, rows);
    nn_conv_s8(&pulled_op2, rows, nn_row(&tensor_1, step), (void *)nn_row(&scratch_2, step));
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[PULLED_STEPS] = {
    0, 0, 1, 0, 0, 1, 2, 0, 0, 1, 0, 1, 2,
};

static uint8_t steps_done[3];

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
