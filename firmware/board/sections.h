/* Addresses that the linker script defines; only the address of each is meaningful. */
#ifndef MCU_VISION_SECTIONS_H
#define MCU_VISION_SECTIONS_H

#include <stdint.h>

#define STACK_PAINT 0xA5A5A5A5u

extern uint32_t __stack_bottom[], __stack_top[];
extern uint32_t _sidata[], _sdata[], _edata[], _sbss[], _ebss[];
/* Weights in RAM. */
extern uint32_t _siweights_sram[], _sweights_sram[], _eweights_sram[];
extern uint32_t _siweights_ccm[], _sweights_ccm[], _eweights_ccm[];

#endif
