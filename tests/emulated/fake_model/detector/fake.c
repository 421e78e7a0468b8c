#include "model_glue.h"

enum { MAX_BOXES = 3 };
model_box fake_boxes[MAX_BOXES];

static int8_t input[16] __attribute__((section(".arena.sram"), aligned(8)));

/* Volatile keeps the compiler from seeing the failures. */
static volatile uintptr_t nowhere = 0x30000000u;
static volatile uint32_t deepest = 0xFFFFFFFFu;

static uint32_t overflow_stack(uint32_t depth) {
    volatile uint32_t frame[64];
    frame[0] = depth;
    return depth < deepest ? overflow_stack(depth + 1) + frame[0] : 0;
}

int8_t *fake_input(void) { return input; }

int fake_invoke(void) {
    switch (input[15]) {
    case -128:
        return *(volatile int *)nowhere;
    case -127:
        return (int)overflow_stack(0);
    case -126:
        __asm__ volatile("udf #0");
        return 0;
    case -125:
        return 1;
    default:
        return 0;
    }
}

int fake_box_count(void) {
    int count = 0;
    for (int i = 0; i < 15 && count < MAX_BOXES; i++) {
        if (input[i] > 0) {
            const int16_t x = (int16_t)(i % 4 * 16), y = (int16_t)(i / 4 * 16);
            fake_boxes[count++] = (model_box){x, y, -16, 24, (int16_t)(input[i] * 256)};
        }
    }
    return count;
}
