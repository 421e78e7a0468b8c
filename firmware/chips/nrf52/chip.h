/* Registers of the nRF52840 that the firmware uses (Nordic nRF52840 Product Specification). */
#ifndef MCU_VISION_CHIP_H
#define MCU_VISION_CHIP_H

#include "board.h"
#include "registers.h"

/* SysTick stands still while the core sleeps. */
#define CHIP_TIMER_RUNS_ASLEEP 0

/* Clock control: section 5.4 */
#define CLOCK_TASKS_HFCLKSTART REGISTER(0x40000000u)
#define CLOCK_EVENTS_HFCLKSTARTED REGISTER(0x40000100u)

/* Non-volatile memory controller: section 4.3 */
#define NVMC_ICACHECNF REGISTER(0x4001E540u)
#define NVMC_ICACHECNF_CACHEEN (1u << 0)

/* General-purpose pins of port 0: section 6.9 */
#define GPIO_OUTSET REGISTER(0x50000508u)
#define GPIO_PIN_CNF(pin) REGISTER(0x50000700u + 4u * (pin))
#define GPIO_PIN_CNF_OUTPUT 3u          /* driven, not read */
#define GPIO_PIN_CNF_INPUT_UP (3u << 2) /* read, pulled up */

/* UART: section 6.33 */
#define UART_TASKS_STARTRX REGISTER(BOARD_UART_BASE + 0x000u)
#define UART_TASKS_STARTTX REGISTER(BOARD_UART_BASE + 0x008u)
#define UART_EVENTS_RXDRDY REGISTER(BOARD_UART_BASE + 0x108u)
#define UART_EVENTS_TXDRDY REGISTER(BOARD_UART_BASE + 0x11Cu)
#define UART_EVENTS_ERROR REGISTER(BOARD_UART_BASE + 0x124u)
#define UART_INTENSET REGISTER(BOARD_UART_BASE + 0x304u)
#define UART_INTENSET_RXDRDY (1u << 2)
#define UART_ERRORSRC REGISTER(BOARD_UART_BASE + 0x480u)
#define UART_ERRORSRC_OVERRUN (1u << 0)
#define UART_ENABLE REGISTER(BOARD_UART_BASE + 0x500u)
#define UART_ENABLE_ENABLED 4u
#define UART_PSELTXD REGISTER(BOARD_UART_BASE + 0x50Cu)
#define UART_PSELRXD REGISTER(BOARD_UART_BASE + 0x514u)
#define UART_RXD REGISTER(BOARD_UART_BASE + 0x518u)
#define UART_TXD REGISTER(BOARD_UART_BASE + 0x51Cu)
#define UART_BAUDRATE REGISTER(BOARD_UART_BASE + 0x524u)

#endif
