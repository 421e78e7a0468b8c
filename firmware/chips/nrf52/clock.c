#include "clock.h"

#include "chip.h"

enum { WAIT_LOOPS = 100000 };

/* The core runs at 64 MHz from reset. */
uint32_t clock_core_hz(void) { return BOARD_CLOCK_HZ; }

uint32_t clock_uart_hz(void) { return BOARD_CLOCK_HZ; }

/* The crystal's frequency is exact enough for a UART, the internal oscillator's barely. */
void clock_init(void) {
    NVMC_ICACHECNF = NVMC_ICACHECNF_CACHEEN;
    CLOCK_EVENTS_HFCLKSTARTED = 0;
    CLOCK_TASKS_HFCLKSTART = 1;
    for (int i = 0; i < WAIT_LOOPS && CLOCK_EVENTS_HFCLKSTARTED == 0; i++) {
    }
}
