/* From reset to main(). */
#include "clock.h"
#include "registers.h"
#include "sections.h"
#include "vectors.h"

int main(void);

/* Volatile, because a compiler may make a memset() of this loop, whose own frame lies in the painted part. */
static inline void paint_stack(void) {
    uint32_t *stack_pointer;
    __asm__ volatile("mov %0, sp" : "=r"(stack_pointer));
    for (volatile uint32_t *word = __stack_bottom; word < stack_pointer; word++) {
        *word = STACK_PAINT;
    }
}

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

static void initialise_statics(void) {
    copy_words(_sdata, _edata, _sidata);
    copy_words(_sweights_sram, _eweights_sram, _siweights_sram);
    copy_words(_sweights_ccm, _eweights_ccm, _siweights_ccm);
    for (uint32_t *to = _sbss; to < _ebss; to++) {
        *to = 0;
    }
}

/* A bootloader that jumps here may have left interrupts enabled and its own vector table in use. */
static void initialise_interrupts(void) {
    for (uint32_t word = 0; word * 32 < INTERRUPT_COUNT; word++) {
        NVIC_ICER(word) = 0xFFFFFFFFu;
        NVIC_ICPR(word) = 0xFFFFFFFFu;
    }
    SYST_CSR = 0;
    SCB_VTOR = (uint32_t)&vector_table;
    SCB_SHCSR |= SCB_SHCSR_FAULTS;
}

void reset_handler(void) {
    __asm__ volatile("cpsid i" ::: "memory");
    /* Lazy stacking of floating-point registers is on after reset (FPCCR.LSPEN). */
    SCB_CPACR |= SCB_CPACR_FPU;
    __asm__ volatile("dsb\n isb" ::: "memory");
    paint_stack();
    initialise_statics();
    initialise_interrupts();
    clock_init();
    __asm__ volatile("cpsie i" ::: "memory");
    main();
    for (;;) {
        __asm__ volatile("wfi");
    }
}
