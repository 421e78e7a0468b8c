/* Registers of the STM32L4+ that the firmware uses (ST RM0432). */
#ifndef MCU_VISION_CHIP_H
#define MCU_VISION_CHIP_H

#include "board.h"
#include "registers.h"

#define CHIP_TIMER_RUNS_ASLEEP 1

/* Reset and clock control: RM0432 section 6.4 */
#define RCC_CR REGISTER(0x40021000u)
#define RCC_CR_MSION (1u << 0)
#define RCC_CR_MSIRDY (1u << 1)
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR REGISTER(0x40021008u)
#define RCC_CFGR_SW_HSI 1u
#define RCC_CFGR_SW_PLL 3u
#define RCC_CFGR_SW_MASK 3u
#define RCC_CFGR_HPRE_HALF (8u << 4)
#define RCC_CFGR_HPRE_MASK (15u << 4)
#define RCC_PLLCFGR REGISTER(0x4002100Cu)
#define RCC_PLLCFGR_SOURCE_HSI 2u
#define RCC_PLLCFGR_PLLREN (1u << 24)
#define RCC_AHB2ENR REGISTER(0x4002104Cu)
#define RCC_APB1ENR1 REGISTER(0x40021058u)
#define RCC_APB1ENR1_PWREN (1u << 28)
#define RCC_APB1ENR2 REGISTER(0x4002105Cu)
#define RCC_APB2ENR REGISTER(0x40021060u)

/* Power control: RM0432 section 5.4 */
#define PWR_CR2 REGISTER(0x40007004u)
#define PWR_CR2_IOSV (1u << 9) /* supply of PG2 to PG15 is there */
#define PWR_CR5 REGISTER(0x40007080u)
#define PWR_CR5_R1MODE (1u << 8) /* 0: boost, above 80 MHz */

/* Flash interface: RM0432 section 3.7.1 */
#define FLASH_ACR REGISTER(0x40022000u)
#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ACR_ICRST (1u << 11)
#define FLASH_ACR_DCRST (1u << 12)

/* General-purpose pins: RM0432 section 8.4 */
#define GPIO_MODER(port) REGISTER((port) + 0x00u)
#define GPIO_OSPEEDR(port) REGISTER((port) + 0x08u)
#define GPIO_PUPDR(port) REGISTER((port) + 0x0Cu)
#define GPIO_AFR(port, pin) REGISTER((port) + 0x20u + 4u * ((pin) / 8u))

/* USART and LPUART: RM0432 sections 50.8 and 51.7 */
#define USART_CR1 REGISTER(BOARD_UART_BASE + 0x00u)
#define USART_CR1_UE (1u << 0)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_BRR REGISTER(BOARD_UART_BASE + 0x0Cu)
#define USART_ISR REGISTER(BOARD_UART_BASE + 0x1Cu)
#define USART_ISR_ORE (1u << 3)
#define USART_ISR_RXNE (1u << 5)
#define USART_ISR_TC (1u << 6)
#define USART_ISR_TXE (1u << 7)
#define USART_ICR REGISTER(BOARD_UART_BASE + 0x20u)
#define USART_RDR REGISTER(BOARD_UART_BASE + 0x24u)
#define USART_TDR REGISTER(BOARD_UART_BASE + 0x28u)

#endif
