/* Counts the bytes that code reads and writes in one memory (traffic.py). */
#include "block_counter.h"

typedef struct {
    counter *state;
    uint64_t read_bytes, written_bytes;
} traffic;

void count_traffic_read(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    traffic *memory = user;
    (void)type, (void)address, (void)value;
    leave_it_block(memory->state, engine);
    memory->read_bytes += (uint32_t)size;
}

void count_traffic_write(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    traffic *memory = user;
    (void)type, (void)address, (void)value;
    leave_it_block(memory->state, engine);
    memory->written_bytes += (uint32_t)size;
}
