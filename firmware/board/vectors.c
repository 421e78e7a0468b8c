#include "vectors.h"

#include "board.h"
#include "sections.h"

/* Nobody enables the others: one that comes all the same is reported as a fault. */
__attribute__((section(".vectors"), used)) const vectors vector_table = {
    .initial_stack = __stack_top,
    .exceptions = {[0] = reset_handler, [1 ... 13] = fault_handler, [14] = timestamp_handler},
    .interrupts =
        {
            [0 ... BOARD_UART_IRQ - 1] = fault_handler,
            [BOARD_UART_IRQ] = uart_handler,
            [BOARD_UART_IRQ + 1 ... INTERRUPT_COUNT - 1] = fault_handler,
        },
};
