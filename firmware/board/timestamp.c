/* The cycle counter gives the time: a read costs no interrupt. SysTick extends it to 64 bits while a long
 * computation runs, and measures sleep, during which the cycle counter stands still. */
#include "timestamp.h"

#include <stdbool.h>

#include "chip.h"
#include "clock.h"
#include "registers.h"
#include "vectors.h"

enum { PERIOD_CYCLES = 8400000 }; /* 50 ms at 168 MHz; SysTick has 24 bits */

static uint64_t cycles;
static uint32_t last_count;

static inline void lock(void) { __asm__ volatile("cpsid i" ::: "memory"); }

static inline void unlock(void) { __asm__ volatile("cpsie i" ::: "memory"); }

static void advance(void) {
    const uint32_t count = DWT_CYCCNT;
    cycles += count - last_count;
    last_count = count;
}

void timestamp_init(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    SYST_RVR = PERIOD_CYCLES - 1;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

uint32_t cycle_count(void) { return DWT_CYCCNT; }

void timestamp_handler(void) { advance(); }

uint64_t timestamp_us(void) {
    lock();
    advance();
    const uint64_t now = cycles;
    unlock();
    return now / (clock_core_hz() / 1000000u);
}

#if CHIP_TIMER_RUNS_ASLEEP
void timestamp_sleep(void) {
    lock();
    advance();
    const uint64_t asleep_since = cycles;
    const uint32_t start = SYST_CVR;
    (void)SYST_CSR; /* forgets that it has been at 0 */
    unlock();
    __asm__ volatile("wfi");
    lock();
    const bool wrapped = (SYST_CSR & SYST_CSR_COUNTFLAG) != 0;
    const uint32_t end = SYST_CVR;
    cycles = asleep_since + (wrapped || end > start ? start + PERIOD_CYCLES - end : start - end);
    last_count = DWT_CYCCNT;
    unlock();
}
#else
/* Nothing would measure the sleep, or end it. */
void timestamp_sleep(void) {
    lock();
    advance();
    unlock();
}
#endif
