/* Exception and interrupt vectors (Armv7-M ARM B1.5.2; the chip's manual for the interrupts). */
#ifndef MCU_VISION_VECTORS_H
#define MCU_VISION_VECTORS_H

#include <stdint.h>

#include "board.h"

#define INTERRUPT_COUNT BOARD_INTERRUPTS

typedef struct {
    uint32_t *initial_stack;
    void (*exceptions[15])(void);
    void (*interrupts[INTERRUPT_COUNT])(void);
} vectors;

extern const vectors vector_table;

void reset_handler(void);
void fault_handler(void);     /* every fault, and every interrupt that nobody enabled */
void timestamp_handler(void); /* SysTick */
void uart_handler(void);

#endif
