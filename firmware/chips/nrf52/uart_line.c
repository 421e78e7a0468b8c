#include "uart_line.h"

#include "chip.h"

enum { WAIT_LOOPS = 100000 /* a byte takes 5,600 cycles at 115200 baud */ };

static bool sending;

/* The register's unit is 2^-32 of 16 MHz, rounded to its upper 20 bits (section 6.33.10). */
static uint32_t baud_rate(void) {
    const uint64_t rate = ((uint64_t)BOARD_UART_BAUD << 32) / 16000000u;
    return (uint32_t)((rate + 0x800u) & 0xFFFFF000u);
}

void uart_line_init(void) {
    GPIO_OUTSET = 1u << BOARD_UART_TX_PIN; /* the line is high while it is idle */
    GPIO_PIN_CNF(BOARD_UART_TX_PIN) = GPIO_PIN_CNF_OUTPUT;
    GPIO_PIN_CNF(BOARD_UART_RX_PIN) = GPIO_PIN_CNF_INPUT_UP;
    UART_PSELTXD = BOARD_UART_TX_PIN;
    UART_PSELRXD = BOARD_UART_RX_PIN;
    UART_BAUDRATE = baud_rate();
    UART_ENABLE = UART_ENABLE_ENABLED;
    UART_EVENTS_RXDRDY = 0;
    UART_INTENSET = UART_INTENSET_RXDRDY;
    UART_TASKS_STARTRX = 1;
    UART_TASKS_STARTTX = 1;
    sending = false;
}

/* TXDRDY tells that the last byte has left; before the first there is nothing to wait for. */
void uart_line_flush(void) {
    for (int i = 0; i < WAIT_LOOPS && sending && UART_EVENTS_TXDRDY == 0; i++) {
    }
    sending = false;
}

void uart_line_send(char byte) {
    uart_line_flush();
    UART_EVENTS_TXDRDY = 0;
    UART_TXD = (unsigned char)byte;
    sending = true;
}

/* Each byte that RXD held back in its queue makes its own event when the one before is read. */
bool uart_line_receive(char *byte, volatile bool *lost) {
    if (UART_EVENTS_ERROR != 0) {
        UART_EVENTS_ERROR = 0;
        const uint32_t source = UART_ERRORSRC;
        UART_ERRORSRC = source;
        *lost = *lost || (source & UART_ERRORSRC_OVERRUN) != 0;
    }
    if (UART_EVENTS_RXDRDY == 0) {
        return false;
    }
    UART_EVENTS_RXDRDY = 0;
    *byte = (char)UART_RXD;
    return true;
}
