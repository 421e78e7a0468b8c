/* Time since reset. */
#ifndef MCU_VISION_TIMESTAMP_H
#define MCU_VISION_TIMESTAMP_H

#include <stdint.h>

void timestamp_init(void);
uint64_t timestamp_us(void);

/* Cycles of the core, modulo 2^32; they stand still while it sleeps. */
uint32_t cycle_count(void);

/* Sleeps until an interrupt, at most one SysTick period; the time asleep counts. */
void timestamp_sleep(void);

#endif
