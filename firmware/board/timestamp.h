/* Time since reset. */
#ifndef MCU_VISION_TIMESTAMP_H
#define MCU_VISION_TIMESTAMP_H

#include <stdint.h>

void timestamp_init(void);
uint64_t timestamp_us(void);

/* Sleeps until an interrupt, at most one SysTick period; the time asleep counts. */
void timestamp_sleep(void);

#endif
