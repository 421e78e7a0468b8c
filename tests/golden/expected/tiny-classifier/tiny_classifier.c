#include "tiny_classifier.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tiny_classifier_weights.h"
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

ALIGNED NN_ARENA_SECTION(".arena.sram") int8_t tiny_classifier_arena_sram[TINY_CLASSIFIER_ARENA_SRAM_BYTES];

/* image: 17 x 19 x 3 int8 */
static const nn_ring tensor_0 = {tiny_classifier_arena_sram + 700, NULL, 57, 17, 17};
/* conv2d0.out: 9 x 10 x 8 int8 */
static int8_t *const tensor_1_slots[] = {
    tiny_classifier_arena_sram + 0, tiny_classifier_arena_sram + 80, tiny_classifier_arena_sram + 780,
};
static const nn_ring tensor_1 = {tiny_classifier_arena_sram + 0, tensor_1_slots, 80, 3, 9};
/* max_pool2d1.out: 5 x 5 x 8 int8 */
static const nn_ring tensor_2 = {tiny_classifier_arena_sram + 280, NULL, 40, 1, 5};
/* average_pool2d2.out: 5 x 5 x 8 int8 */
static const nn_ring tensor_3 = {tiny_classifier_arena_sram + 160, NULL, 40, 1, 5};
/* concat3.out: 5 x 5 x 16 int8 */
static const nn_ring tensor_4 = {tiny_classifier_arena_sram + 200, NULL, 80, 1, 5};
/* requantize4.out: 5 x 5 x 16 int8 */
static const nn_ring tensor_5 = {tiny_classifier_arena_sram + 200, NULL, 80, 1, 5};
/* mean5.out: 16 int8 */
static const nn_ring tensor_6 = {tiny_classifier_arena_sram + 764, NULL, 16, 1, 1};
/* dense6.out: 3 int8 */
static const nn_ring tensor_7 = {tiny_classifier_arena_sram + 32, NULL, 3, 1, 1};
/* softmax7.out: 3 int8 */
static const nn_ring tensor_8 = {tiny_classifier_arena_sram + 32, NULL, 3, 1, 1};

/* conv2d0: conv2d -> 9 x 10 x 8 */
static void run_0(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_0, step * 2 - 1, 1, 3, rows);
    nn_conv_s8(&tiny_classifier_op0, rows, nn_row(&tensor_1, step), (void *)(tiny_classifier_arena_sram + 160));
}

/* max_pool2d1: max_pool2d -> 5 x 5 x 8 */
static void run_1(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_1, step * 2 - 1, 1, 3, rows);
    nn_max_pool_s8(&tiny_classifier_op1, rows, nn_row(&tensor_2, step));
}

/* average_pool2d2: average_pool2d -> 5 x 5 x 8 */
static void run_2(int32_t step) {
    const int8_t *rows[3];
    nn_window(&tensor_1, step * 2 - 1, 1, 3, rows);
    nn_average_pool_s8(&tiny_classifier_op2, rows, nn_row(&tensor_3, step));
}

/* concat3: concat -> 5 x 5 x 16 */
static void run_3(int32_t step) {
    const int8_t *const rows[] = {nn_row(&tensor_2, step), nn_row(&tensor_3, step)};
    nn_concat_s8(&tiny_classifier_op3, rows, nn_row(&tensor_4, step));
}

/* requantize4: requantize -> 5 x 5 x 16 */
static void run_4(int32_t step) {
    nn_requantize_s8(&tiny_classifier_op4, nn_row(&tensor_4, step), nn_row(&tensor_5, step));
}

/* mean5: mean -> 16 */
static void run_5(int32_t step) {
    nn_mean_s8(&tiny_classifier_op5, nn_row(&tensor_5, step), nn_row(&tensor_6, 0), (void *)(tiny_classifier_arena_sram + 700), step);
}

/* dense6: dense -> 3 */
static void run_6(int32_t step) {
    nn_dense_s8(&tiny_classifier_op6, nn_row(&tensor_6, 0), nn_row(&tensor_7, 0), (void *)(tiny_classifier_arena_sram + 0));
    (void)step;
}

/* softmax7: softmax -> 3 */
static void run_7(int32_t step) {
    nn_softmax_s8(&tiny_classifier_op7, nn_row(&tensor_7, step), nn_row(&tensor_8, 0));
}

static void (*const operators[])(int32_t step) = {
    run_0,
    run_1,
    run_2,
    run_3,
    run_4,
    run_5,
    run_6,
    run_7,
};

/* Which operator runs next: its steps follow one another. */
static const uint8_t schedule[TINY_CLASSIFIER_STEPS] = {
    0, 0, 2, 1, 3, 4, 5, 0, 0, 2, 1, 3, 4, 5, 0, 0, 2, 1, 3, 4, 5, 0, 0, 2, 1, 3, 4, 5, 0, 2, 1, 3,
    4, 5, 6, 7,
};

static uint8_t steps_done[8];

int8_t *tiny_classifier_input(void) { return tiny_classifier_arena_sram + 700; }

#if defined(__GNUC__)
__attribute__((noinline))
#endif
int tiny_classifier_step(int index) {
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
int tiny_classifier_invoke(void) {
    for (int index = 0; index < TINY_CLASSIFIER_STEPS; ++index) {
        const int error = tiny_classifier_step(index);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static const nn_ring *const outputs[] = {&tensor_8};

const int8_t *tiny_classifier_output(int i) {
    return (i >= 0 && i < TINY_CLASSIFIER_OUTPUTS) ? outputs[i]->base : NULL;
}

int tiny_classifier_output_bytes(int i) {
    return (i >= 0 && i < TINY_CLASSIFIER_OUTPUTS) ? outputs[i]->rows * outputs[i]->row_bytes : 0;
}
