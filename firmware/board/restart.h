/* The chip as after power-on. */
#ifndef MCU_VISION_RESTART_H
#define MCU_VISION_RESTART_H

__attribute__((noreturn)) void restart(void);

#endif
