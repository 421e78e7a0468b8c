/* The state that the emulator's hooks share; Python reads the structures through ctypes (block_counter.py
 * repeats their layout). Compiled on the machine that emulates; needs no libc. */
#ifndef BLOCK_COUNTER_H
#define BLOCK_COUNTER_H

#include <stdint.h>

enum { INSTRUCTION_LINES = 64, DATA_LINES = 8, LINE_SHIFT = 4, NO_LINE = 0xFFFFFFFFu };
static const uint32_t IT_BITS = 0x0600FC00u; /* of xPSR: Armv7-M ARM B1.4.2 */

/* One entry of an open hash table with (address, size) as its key; size 0: free. */
typedef struct {
    uint32_t address, size;
    uint32_t instructions, cycles; /* of one execution, without wait states; set by describe() */
    uint32_t branch_cycles;        /* on top, where the next block is not the one that follows in memory */
    uint32_t watched, conditional, reserved; /* conditional: holds an IT instruction */
    uint64_t executions, fallthroughs, stall_cycles, misaligned_cycles;
} counter_block;

/* Fully associative, the least recently used line goes (RM0090 section 3.5.2). */
typedef struct {
    uint32_t ways, enabled, newest;
    uint32_t line[INSTRUCTION_LINES];
    uint64_t used[INSTRUCTION_LINES], clock, misses;
    uint8_t *way_of_line;     /* way + 1 of each line of flash; 0: not held */
    uint32_t *misses_of_line; /* how often each line of flash was missed */
} line_cache;

typedef struct {
    counter_block *blocks, *last;
    uint32_t mask, count;                /* of the table: entries - 1, entries in use */
    uint32_t next;                       /* address behind the last block */
    uint32_t stopped, full, conditional; /* conditional: the running block may execute under IT */
    uint64_t instructions, cycles, stall_cycles, deadline; /* deadline: of cycles + stall_cycles */
    uint32_t flash_base, flash_bytes, miss_cycles;
    uint32_t misaligned, misaligned_pc, misaligned_address; /* an access that needs alignment and had none */
    line_cache instruction_cache, data_cache;
    void (*describe)(counter_block *block);
    void (*watch)(uint32_t address);
    int (*stop)(void *engine);
    int (*read_register)(void *engine, int number, void *value);
    int (*write_register)(void *engine, int number, const void *value);
    int (*read_memory)(void *engine, uint64_t address, void *bytes, uint64_t size);
    int32_t pc_register, xpsr_register;
} counter;

/* Before a hook on data, the engine (2.1.4) puts back the IT bits that held at the instruction and leaves
 * them there, so that a block it looks up next would start under that condition. Running code does not read
 * them: clear them. */
static inline void leave_it_block(counter *state, void *engine) {
    uint32_t xpsr = 0;
    if (state->conditional && state->read_register(engine, state->xpsr_register, &xpsr) == 0 &&
        (xpsr & IT_BITS)) {
        xpsr &= ~IT_BITS;
        state->write_register(engine, state->xpsr_register, &xpsr);
    }
}

#endif
