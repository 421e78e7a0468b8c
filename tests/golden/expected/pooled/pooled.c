#include "pooled.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pooled_weights.h"
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

ALIGNED NN_ARENA_SECTION(".arena.sram") int8_t pooled_arena_sram[POOLED_ARENA_SRAM_BYTES];

/* image: 16 x 16 x 2 int8 */
static const nn_ring tensor_0 = {pooled_arena_sram + 0, NULL, 32, 16, 16};
/* rnn_pool0.out: 4 x 4 x 16 int8 */
static int8_t *const tensor_1_slots[] = {
    pooled_arena_sram + 608, pooled_arena_sram + 608, pooled_arena_sram + 80, pooled_arena_sram + 144,
};
static const nn_ring tensor_1 = {pooled_arena_sram + 608, tensor_1_slots, 64, 4, 4};
/* mean1.out: 16 int8 */
static const nn_ring tensor_2 = {pooled_arena_sram + 0, NULL, 16, 1, 1};
/* dense2.out: 2 int8 */
static const nn_ring tensor_3 = {pooled_arena_sram + 48, NULL, 2, 1, 1};
/* rnn_pool0: scratch */
static int8_t *const scratch_0_slots[] = {
    pooled_arena_sram + 672, pooled_arena_sram + 672, pooled_arena_sram + 608, pooled_arena_sram + 608,
};
static const nn_ring scratch_0 = {pooled_arena_sram + 672, scratch_0_slots, 736, 4, 4};

/* rnn_pool0: rnn_pool -> 4 x 4 x 16 */
static void run_0(int32_t step) {
    if (step >= 3) {
        memcpy(nn_row(&tensor_1, step), nn_row(&tensor_1, step - 1), (size_t)tensor_1.row_bytes);
        return;
    }
    const int8_t *rows[8];
    nn_window(&tensor_0, step * 4, 1, 8, rows);
    nn_rnn_pool_s8(&pooled_op0, rows, nn_row(&tensor_1, step), (void *)nn_row(&scratch_0, step), (void *)(pooled_arena_sram + 512), step);
}

/* mean1: mean -> 16 */
static void run_1(int32_t step) {
    nn_mean_s8(&pooled_op1, nn_row(&tensor_1, step), nn_row(&tensor_2, 0), (void *)(pooled_arena_sram + 16), step);
}

/* dense2: dense -> 2 */
static void run_2(int32_t step) {
    nn_dense_s8(&pooled_op2, nn_row(&tensor_2, 0), nn_row(&tensor_3, 0), (void *)(pooled_arena_sram + 16));
    (void)step;
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[POOLED_STEPS] = {
    0, 1, 0, 1, 0, 1, 0, 1, 2,
};

static uint8_t steps_done[3];

int8_t *pooled_input(void) { return pooled_arena_sram + 0; }

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int pooled_step(int index) {
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
int pooled_invoke(void) {
    for (int index = 0; index < POOLED_STEPS; ++index) {
        const int error = pooled_step(index);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static const nn_ring *const outputs[] = {&tensor_3};

const int8_t *pooled_output(int i) {
    return (i >= 0 && i < POOLED_OUTPUTS) ? outputs[i]->base : NULL;
}

int pooled_output_bytes(int i) {
    return (i >= 0 && i < POOLED_OUTPUTS) ? outputs[i]->rows * outputs[i]->row_bytes : 0;
}
