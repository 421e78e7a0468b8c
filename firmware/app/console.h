/* The command loop. */
#ifndef MCU_VISION_CONSOLE_H
#define MCU_VISION_CONSOLE_H

__attribute__((noreturn)) void console_run(void);

#endif
