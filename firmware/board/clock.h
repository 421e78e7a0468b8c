/* Clock tree and flash accelerator. */
#ifndef MCU_VISION_CLOCK_H
#define MCU_VISION_CLOCK_H

#include <stdint.h>

/* Runs the core at BOARD_CLOCK_HZ from the external clock; from the internal one where no external clock
 * answers. Returns always: where not even the PLL answers, the core stays on the internal oscillator. */
void clock_init(void);

uint32_t clock_core_hz(void);
uint32_t clock_uart_hz(void); /* of the bus of the console's USART */

#endif
