#include "clock.h"

#include <stdbool.h>

#include "chip.h"

enum { WAIT_LOOPS = 100000, SETTLE_LOOPS = 100 /* 1 us at half of 120 MHz, and more */ };

static uint32_t core_hz = BOARD_HSI_HZ;
static uint32_t uart_hz = BOARD_HSI_HZ;

uint32_t clock_core_hz(void) { return core_hz; }

uint32_t clock_uart_hz(void) { return uart_hz; }

static bool wait_for(volatile uint32_t *address, uint32_t mask, uint32_t value) {
    for (int i = 0; i < WAIT_LOOPS; i++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

/* The PLL can only be set while it is off and nothing runs from it (RM0432 section 6.4.4). */
static void run_from_internal_oscillator(void) {
    RCC_CR |= RCC_CR_HSION;
    wait_for(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    RCC_CFGR = RCC_CFGR_SW_HSI;
    wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << 2, RCC_CFGR_SW_HSI << 2);
    RCC_CR &= ~RCC_CR_PLLON;
    wait_for(&RCC_CR, RCC_CR_PLLRDY, 0);
}

static bool start_pll(void) {
    RCC_PLLCFGR =
        RCC_PLLCFGR_SOURCE_HSI | (BOARD_PLL_M - 1u) << 4 | BOARD_PLL_N << 8 | (BOARD_PLL_R / 2u - 1u) << 25;
    RCC_CR |= RCC_CR_PLLON;
    RCC_PLLCFGR |= RCC_PLLCFGR_PLLREN;
    return wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

/* RM0432 section 3.3.4: raise the latency before the frequency; flush the caches while they are off. */
static void start_flash_accelerator(void) {
    FLASH_ACR = BOARD_FLASH_WAIT_STATES;
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH_ACR = BOARD_FLASH_WAIT_STATES | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    wait_for(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, BOARD_FLASH_WAIT_STATES);
}

/* Above 80 MHz the core goes through half the frequency, for 1 us (RM0432 section 5.1.8). */
void clock_init(void) {
    run_from_internal_oscillator();
    RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC_APB1ENR1;
    PWR_CR2 |= PWR_CR2_IOSV;
    PWR_CR5 &= ~PWR_CR5_R1MODE;
    start_flash_accelerator();
    if (!start_pll()) {
        return;
    }
    RCC_CFGR = RCC_CFGR_SW_HSI | RCC_CFGR_HPRE_HALF | BOARD_APB1_PRESCALER << 8 | BOARD_APB2_PRESCALER << 11;
    RCC_CFGR |= RCC_CFGR_SW_PLL;
    wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << 2, RCC_CFGR_SW_PLL << 2);
    for (volatile int i = 0; i < SETTLE_LOOPS; i++) {
    }
    RCC_CFGR &= ~RCC_CFGR_HPRE_MASK;
    core_hz = BOARD_CLOCK_HZ;
    uart_hz = BOARD_UART_CLOCK_HZ;
}
