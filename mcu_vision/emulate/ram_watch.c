/* Hooks on every access of code to a memory: what it may do there, and what it has done (ram_watch.py). */
#include "block_counter.h"

enum { READABLE = 1, WRITABLE = 2, HELD = 4, TOUCHED = 8 };

typedef struct {
    counter *state;
    uint8_t *cells; /* one for each byte of the memory, and a few behind its end */
    uint32_t base;
    void (*report)(uint32_t pc, uint32_t address, uint32_t size, uint32_t writes);
} ram_watch;

static void check(ram_watch *watch, void *engine, uint32_t address, uint32_t size, uint8_t needed,
                  uint8_t gained) {
    uint8_t *cells = watch->cells + (address - watch->base), common = needed;
    leave_it_block(watch->state, engine);
    for (uint32_t i = 0; i < size; i++) {
        common &= cells[i];
        cells[i] |= gained;
    }
    if (common != needed) {
        uint32_t pc = 0;
        watch->state->read_register(engine, watch->state->pc_register, &pc);
        watch->report(pc & ~1u, address, size, needed & WRITABLE);
    }
}

void watch_read(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    (void)type, (void)value;
    check(user, engine, (uint32_t)address, (uint32_t)size, READABLE | HELD, TOUCHED);
}

void watch_write(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    (void)type, (void)value;
    check(user, engine, (uint32_t)address, (uint32_t)size, WRITABLE, HELD | TOUCHED);
}
