#include "fused.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fused_weights.h"
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

ALIGNED NN_ARENA_SECTION(".arena.sram") int8_t fused_arena_sram[FUSED_ARENA_SRAM_BYTES];

/* image: 9 x 8 x 2 int8 */
static const nn_ring tensor_0 = {fused_arena_sram + 0, NULL, 16, 9, 9};
/* conv2d0.out: 5 x 4 x 4 int8 */
static int8_t *const tensor_1_slots[] = {
    fused_arena_sram + 144, fused_arena_sram + 0, fused_arena_sram + 32, fused_arena_sram + 16,
    fused_arena_sram + 48,
};
static const nn_ring tensor_1 = {fused_arena_sram + 144, tensor_1_slots, 16, 5, 5};
/* add4.out: 5 x 4 x 4 int8 */
static int8_t *const tensor_2_slots[] = {
    fused_arena_sram + 144, fused_arena_sram + 0, fused_arena_sram + 32, fused_arena_sram + 16,
    fused_arena_sram + 48,
};
static const nn_ring tensor_2 = {fused_arena_sram + 144, tensor_2_slots, 16, 5, 5};
/* conv2d6.out: 3 x 2 x 2 int8 */
static const nn_ring tensor_3 = {fused_arena_sram + 112, NULL, 4, 3, 3};

/* conv2d0: conv2d -> 5 x 4 x 4 */
static void run_0(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_0, step * 2 - 1, 1, 3, rows);
    nn_conv_s8(&fused_op0, rows, nn_row(&tensor_1, step), (void *)(fused_arena_sram + 160));
}

/* add4: inverted_bottleneck -> 5 x 4 x 4 */
static void run_1(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_1, step - 1, 1, 3, rows);
    nn_inverted_bottleneck_s8(&fused_op1, rows, nn_row(&tensor_2, step), (void *)(fused_arena_sram + 160), (void *)(fused_arena_sram + 64), step);
}

/* conv2d6: inverted_bottleneck -> 3 x 2 x 2 */
static void run_2(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_2, step * 2 - 1, 1, 3, rows);
    nn_inverted_bottleneck_s8(&fused_op2, rows, nn_row(&tensor_3, step), (void *)(fused_arena_sram + 160), NULL, step);
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[FUSED_STEPS] = {
    0, 0, 0, 0, 0, 1, 1, 2, 1, 1, 2, 1, 2,
};

static uint8_t steps_done[3];

int8_t *fused_input(void) { return fused_arena_sram + 0; }

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int fused_step(int index) {
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
int fused_invoke(void) {
    for (int index = 0; index < FUSED_STEPS; ++index) {
        const int error = fused_step(index);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static const nn_ring *const outputs[] = {&tensor_3};

const int8_t *fused_output(int i) {
    return (i >= 0 && i < FUSED_OUTPUTS) ? outputs[i]->base : NULL;
}

int fused_output_bytes(int i) {
    return (i >= 0 && i < FUSED_OUTPUTS) ? outputs[i]->rows * outputs[i]->row_bytes : 0;
}
