#include "uart.h"

#include "board.h"
#include "registers.h"
#include "timestamp.h"
#include "uart_line.h"
#include "vectors.h"

enum { RING_BYTES = 256 /* a power of two; three of the longest commands */ };

static volatile char ring[RING_BYTES];
static volatile unsigned received,
    taken; /* running counts; the interrupt writes the first, uart_read() the second */
static volatile bool lost;

void uart_init(void) {
    uart_line_init();
    NVIC_ISER(BOARD_UART_IRQ / 32u) = 1u << BOARD_UART_IRQ % 32u;
}

void uart_write(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uart_line_send(text[i]);
    }
}

void uart_flush(void) { uart_line_flush(); }

void uart_handler(void) {
    char byte;
    if (!uart_line_receive(&byte, &lost)) {
        return;
    }
    if (received - taken == RING_BYTES) {
        lost = true;
        return;
    }
    ring[received % RING_BYTES] = byte;
    received++;
}

static char take(void) {
    const char byte = ring[taken % RING_BYTES];
    taken++;
    return byte;
}

/* A byte that comes between the test and the sleep waits for SysTick at most. */
char uart_read(void) {
    while (received == taken) {
        timestamp_sleep();
    }
    return take();
}

bool uart_read_within(uint32_t timeout_us, char *byte) {
    const uint64_t end = received == taken ? timestamp_us() + timeout_us : 0;
    while (received == taken) {
        if (timestamp_us() >= end) {
            return false;
        }
        timestamp_sleep();
    }
    *byte = take();
    return true;
}

bool uart_holds(char byte) {
    const unsigned end = received;
    for (unsigned i = taken; i != end; i++) {
        if (ring[i % RING_BYTES] == byte) {
            return true;
        }
    }
    return lost;
}

void uart_discard(void) {
    taken = received;
    lost = false;
}

bool uart_lost_bytes(void) {
    const bool answer = lost;
    lost = false;
    return answer;
}
