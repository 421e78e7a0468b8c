#include "uart_line.h"

#include "chip.h"
#include "clock.h"

enum { WAIT_LOOPS = 100000 /* a byte takes 10,500 cycles at 115200 baud */ };

static void connect_pin(unsigned pin) {
    const unsigned two_bits = 2u * pin, four_bits = 4u * (pin % 8u);
    GPIO_AFR(BOARD_UART_PORT, pin) =
        (GPIO_AFR(BOARD_UART_PORT, pin) & ~(0xFu << four_bits)) | BOARD_UART_ALTERNATE << four_bits;
    GPIO_PUPDR(BOARD_UART_PORT) = (GPIO_PUPDR(BOARD_UART_PORT) & ~(3u << two_bits)) | 1u << two_bits; /* up */
    GPIO_OSPEEDR(BOARD_UART_PORT) |= 2u << two_bits;
    GPIO_MODER(BOARD_UART_PORT) = (GPIO_MODER(BOARD_UART_PORT) & ~(3u << two_bits)) | 2u << two_bits;
}

/* A low-power UART counts in 256ths of its clock (RM0432 section 51.4.7). */
static uint32_t divider(void) {
    const uint64_t clock = (uint64_t)clock_uart_hz() * (BOARD_UART_IS_LOW_POWER ? 256u : 1u);
    return (uint32_t)((clock + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD);
}

void uart_line_init(void) {
    RCC_AHB2ENR |= 1u << BOARD_UART_PORT_BIT;
    BOARD_UART_ENABLE |= 1u << BOARD_UART_ENABLE_BIT;
    (void)BOARD_UART_ENABLE; /* the clock is on two cycles after the write: RM0432 section 6.2.19 */
    connect_pin(BOARD_UART_TX_PIN);
    connect_pin(BOARD_UART_RX_PIN);
    USART_CR1 = 0;
    USART_BRR = divider();
    USART_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
}

static void wait_for(unsigned flag) {
    for (int i = 0; i < WAIT_LOOPS && (USART_ISR & flag) == 0; i++) {
    }
}

void uart_line_send(char byte) {
    wait_for(USART_ISR_TXE);
    USART_TDR = (unsigned char)byte;
}

void uart_line_flush(void) { wait_for(USART_ISR_TC); }

bool uart_line_receive(char *byte, volatile bool *lost) {
    const unsigned status = USART_ISR;
    if (status & USART_ISR_ORE) {
        USART_ICR = USART_ISR_ORE;
        *lost = true;
    }
    if (!(status & USART_ISR_RXNE)) {
        return false;
    }
    *byte = (char)USART_RDR;
    return true;
}
