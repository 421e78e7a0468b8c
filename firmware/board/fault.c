/* Faults and unexpected interrupts end in one line on the console:
 * e-[fault NAME pc=0x... lr=0x... cfsr=0x... addr=0x...] */
#include "print.h"
#include "registers.h"
#include "sections.h"
#include "uart.h"
#include "vectors.h"

enum { FRAME_LR = 5, FRAME_PC = 6 };

static const char *fault_name(uint32_t exception) {
    switch (exception) {
    case 3:
        return "HardFault";
    case 4:
        return "MemManage";
    case 5:
        return "BusFault";
    case 6:
        return "UsageFault";
    default:
        return "Interrupt";
    }
}

static uint32_t fault_address(uint32_t cfsr) {
    if (cfsr & SCB_CFSR_MMARVALID) {
        return SCB_MMFAR;
    }
    return cfsr & SCB_CFSR_BFARVALID ? SCB_BFAR : 0;
}

/* `frame`: the stack pointer at entry, on the eight words that the core pushed (Armv7-M ARM B1.5.6). */
__attribute__((noreturn, used)) static void report_fault(const uint32_t *frame) {
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    const bool overflow = frame < __stack_bottom;
    const bool readable = !overflow && frame + 8 <= __stack_top;
    const uint32_t cfsr = SCB_CFSR;
    uart_init(); /* the fault may have come before, or from, the first call */
    print_text("\r\ne-[fault ");
    print_text(overflow ? "StackOverflow" : fault_name(exception & 0x1FFu));
    print_text(" pc=");
    print_hexadecimal(readable ? frame[FRAME_PC] : 0);
    print_text(" lr=");
    print_hexadecimal(readable ? frame[FRAME_LR] : 0);
    print_text(" cfsr=");
    print_hexadecimal(cfsr);
    print_text(" addr=");
    print_hexadecimal(fault_address(cfsr));
    print_line("]");
    uart_flush();
    SYST_CSR = 0;
    for (;;) {
        __asm__ volatile("wfi"); /* for good: no interrupt preempts this handler */
    }
}

/* After an overflow, or shortly before one, the report takes the stack from its top: nothing returns to it.
 */
__attribute__((naked)) void fault_handler(void) {
    __asm__ volatile("mov r0, sp\n"
                     "movw r1, #:lower16:__stack_bottom\n"
                     "movt r1, #:upper16:__stack_bottom\n"
                     "add r1, r1, #256\n"
                     "cmp r0, r1\n"
                     "bhs 1f\n"
                     "movw r1, #:lower16:__stack_top\n"
                     "movt r1, #:upper16:__stack_top\n"
                     "mov sp, r1\n"
                     "1: bl report_fault\n");
}
