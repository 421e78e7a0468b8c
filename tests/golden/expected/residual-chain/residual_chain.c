#include "residual_chain.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "residual_chain_weights.h"
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

ALIGNED NN_ARENA_SECTION(".arena.sram") int8_t residual_chain_arena_sram[RESIDUAL_CHAIN_ARENA_SRAM_BYTES];

/* image: 9 x 8 x 1 int8 */
static const nn_ring tensor_0 = {residual_chain_arena_sram + 0, NULL, 8, 9, 9};
/* conv2d0.out: 5 x 4 x 4 int8 */
static const nn_ring tensor_1 = {residual_chain_arena_sram + 216, NULL, 16, 3, 5};
/* depthwise_conv2d1.out: 5 x 4 x 4 int8 */
static const nn_ring tensor_2 = {residual_chain_arena_sram + 0, NULL, 16, 1, 5};
/* conv2d2.out: 5 x 4 x 4 int8 */
static const nn_ring tensor_3 = {residual_chain_arena_sram + 356, NULL, 16, 5, 5};
/* add3.out: 5 x 4 x 4 int8 */
static const nn_ring tensor_4 = {residual_chain_arena_sram + 356, NULL, 16, 5, 5};
/* conv2d4.out: 5 x 4 x 2 int8 */
static const nn_ring tensor_5 = {residual_chain_arena_sram + 340, NULL, 8, 5, 5};

/* conv2d0: conv2d -> 5 x 4 x 4 */
static void run_0(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_0, step * 2 - 1, 1, 3, rows);
    nn_conv_s8(&residual_chain_op0, rows, nn_row(&tensor_1, step), (void *)(residual_chain_arena_sram + 72));
}

/* depthwise_conv2d1: depthwise_conv2d -> 5 x 4 x 4 */
static void run_1(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_1, step - 1, 1, 3, rows);
    nn_depthwise_s8(&residual_chain_op1, rows, nn_row(&tensor_2, step), (void *)(residual_chain_arena_sram + 72));
}

/* conv2d2: conv2d -> 5 x 4 x 4 */
static void run_2(int32_t step) {
    nn_pointwise_s8(&residual_chain_op2, nn_row(&tensor_2, step), nn_row(&tensor_3, step), (void *)(residual_chain_arena_sram + 72));
}

/* add3: add -> 5 x 4 x 4 */
static void run_3(int32_t step) {
    nn_add_s8(&residual_chain_op3, nn_row(&tensor_1, step), nn_row(&tensor_3, step), nn_row(&tensor_4, step));
}

/* conv2d4: conv2d -> 5 x 4 x 2 */
static void run_4(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_4, step - 1, 1, 3, rows);
    nn_conv_s8(&residual_chain_op4, rows, nn_row(&tensor_5, step), (void *)(residual_chain_arena_sram + 0));
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
    run_3,
    run_4,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[RESIDUAL_CHAIN_STEPS] = {
    0, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 4, 4, 4, 4, 4,
};

static uint8_t steps_done[5];

int8_t *residual_chain_input(void) { return residual_chain_arena_sram + 0; }

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int residual_chain_step(int index) {
    if (index == 0) {
        memset(steps_done, 0, sizeof steps_done);
    }
    const uint8_t op = schedule[index];
    operators[op](steps_done[op]++);
    return 0;
}

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int residual_chain_invoke(void) {
    for (int index = 0; index < RESIDUAL_CHAIN_STEPS; ++index) {
        const int error = residual_chain_step(index);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static const nn_ring *const outputs[] = {&tensor_5};

const int8_t *residual_chain_output(int i) {
    return (i >= 0 && i < RESIDUAL_CHAIN_OUTPUTS) ? outputs[i]->base : NULL;
}

int residual_chain_output_bytes(int i) {
    return (i >= 0 && i < RESIDUAL_CHAIN_OUTPUTS) ? outputs[i]->rows * outputs[i]->row_bytes : 0;
}
