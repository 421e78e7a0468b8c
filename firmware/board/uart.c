#include "uart.h"

#include "board.h"
#include "clock.h"
#include "registers.h"
#include "timestamp.h"
#include "vectors.h"

enum {
    RING_BYTES = 256,   /* a power of two; three of the longest commands */
    WAIT_LOOPS = 100000 /* a byte takes 15,000 cycles at 115200 baud */
};

static volatile char ring[RING_BYTES];
static volatile unsigned received,
    taken; /* running counts; the interrupt writes the first, uart_read() the second */
static volatile bool lost;

static void connect_pin(unsigned pin) {
    const unsigned two_bits = 2u * pin, four_bits = 4u * (pin % 8u);
    GPIO_AFR(BOARD_UART_PORT, pin) =
        (GPIO_AFR(BOARD_UART_PORT, pin) & ~(0xFu << four_bits)) | BOARD_UART_ALTERNATE << four_bits;
    GPIO_PUPDR(BOARD_UART_PORT) = (GPIO_PUPDR(BOARD_UART_PORT) & ~(3u << two_bits)) | 1u << two_bits; /* up */
    GPIO_OSPEEDR(BOARD_UART_PORT) |= 2u << two_bits;
    GPIO_MODER(BOARD_UART_PORT) = (GPIO_MODER(BOARD_UART_PORT) & ~(3u << two_bits)) | 2u << two_bits;
}

void uart_init(void) {
    RCC_AHB1ENR |= 1u << BOARD_UART_PORT_BIT;
    BOARD_UART_ENABLE |= 1u << BOARD_UART_ENABLE_BIT;
    (void)BOARD_UART_ENABLE; /* the clock is on two cycles after the write: RM0090 section 6.2.15 */
    connect_pin(BOARD_UART_TX_PIN);
    connect_pin(BOARD_UART_RX_PIN);
    USART_BRR = (clock_uart_hz() + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD;
    USART_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    NVIC_ISER(BOARD_UART_IRQ / 32u) = 1u << BOARD_UART_IRQ % 32u;
}

static void wait_for(unsigned flag) {
    for (int i = 0; i < WAIT_LOOPS && (USART_SR & flag) == 0; i++) {
    }
}

void uart_write(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        wait_for(USART_SR_TXE);
        USART_DR = (unsigned char)text[i];
    }
}

void uart_flush(void) { wait_for(USART_SR_TC); }

/* Reading the status and then the data clears both the received and the overrun flag. */
void uart_handler(void) {
    const unsigned status = USART_SR;
    const char byte = (char)USART_DR;
    if (status & USART_SR_ORE) {
        lost = true;
    }
    if (!(status & USART_SR_RXNE)) {
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
