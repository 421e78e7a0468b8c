/* The console's line, as each chip has it: 8 data bits, no parity, 1 stop bit. */
#ifndef MCU_VISION_UART_LINE_H
#define MCU_VISION_UART_LINE_H

#include <stdbool.h>

/* Turns the line on, with an interrupt for each byte that comes. */
void uart_line_init(void);

/* Waits, not for ever, until a byte can be sent, and sends it. */
void uart_line_send(char byte);

/* Waits, not for ever, until the last byte has left the pin. */
void uart_line_flush(void);

/* In the interrupt: the byte that has come; false if there is none. `lost` becomes true if one before it was
 * not fetched in time. */
bool uart_line_receive(char *byte, volatile bool *lost);

#endif
