/* The console's USART: 8 data bits, no parity, 1 stop bit. */
#ifndef MCU_VISION_UART_H
#define MCU_VISION_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void uart_init(void);

/* Waits until the last byte is in the transmit register. */
void uart_write(const char *text, size_t count);

/* Waits until the last byte has left the pin. */
void uart_flush(void);

/* The next received byte, asleep until there is one. */
char uart_read(void);

/* The next received byte; false if none comes within `timeout_us`. */
bool uart_read_within(uint32_t timeout_us, char *byte);

/* Whether that byte is among those received and not read, or may be among those lost. */
bool uart_holds(char byte);

/* Forgets what was received and not read, and that bytes were lost. */
void uart_discard(void);

/* Whether bytes were lost since the last call. */
bool uart_lost_bytes(void);

#endif
