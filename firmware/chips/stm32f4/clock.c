#include "clock.h"

#include <stdbool.h>

#include "chip.h"

/* Reset value of the divider fields: AHB, APB1 and APB2 undivided, clocked by the internal oscillator. */
enum { WAIT_LOOPS = 100000 };

static uint32_t core_hz = BOARD_HSI_HZ;
static uint32_t uart_hz = BOARD_HSI_HZ;

uint32_t clock_core_hz(void) { return core_hz; }

uint32_t clock_uart_hz(void) { return uart_hz; }

/* Bounded, so that a missing clock or an emulator without this bit cannot hang the start. */
static bool wait_for(volatile uint32_t *address, uint32_t mask, uint32_t value) {
    for (int i = 0; i < WAIT_LOOPS; i++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

/* The PLL can only be set while it is off and nothing runs from it (RM0090 section 6.2.3). */
static void run_from_internal_oscillator(void) {
    RCC_CR |= RCC_CR_HSION;
    wait_for(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    RCC_CFGR = 0;
    wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << 2, 0);
    RCC_CR &= ~RCC_CR_PLLON;
    wait_for(&RCC_CR, RCC_CR_PLLRDY, 0);
}

static bool start_external_clock(void) {
    RCC_CR &= ~RCC_CR_HSEON;
    RCC_CR |= BOARD_HSE_BYPASS ? RCC_CR_HSEBYP : 0u;
    RCC_CR |= RCC_CR_HSEON;
    return wait_for(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

static bool start_pll(bool external) {
    const uint32_t divider = external ? BOARD_PLL_M_HSE : BOARD_PLL_M_HSI;
    RCC_PLLCFGR = divider | BOARD_PLL_N << 6 | (BOARD_PLL_P / 2u - 1u) << 16 | BOARD_PLL_Q << 24 |
                  (external ? RCC_PLLCFGR_SOURCE_HSE : 0u);
    RCC_CR |= RCC_CR_PLLON;
    return wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

/* RM0090 section 3.5.1: raise the latency before the frequency; flush the caches while they are off. */
static void start_flash_accelerator(void) {
    FLASH_ACR = BOARD_FLASH_WAIT_STATES;
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    wait_for(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, BOARD_FLASH_WAIT_STATES);
}

void clock_init(void) {
    run_from_internal_oscillator();
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    PWR_CR |= PWR_CR_VOS_SCALE_1;
    start_flash_accelerator();
    if (!start_pll(start_external_clock())) {
        return;
    }
    RCC_CFGR = BOARD_APB1_PRESCALER << 10 | BOARD_APB2_PRESCALER << 13;
    RCC_CFGR |= RCC_CFGR_SW_PLL;
    wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << 2, RCC_CFGR_SW_PLL << 2);
    core_hz = BOARD_CLOCK_HZ;
    uart_hz = BOARD_UART_CLOCK_HZ;
}
