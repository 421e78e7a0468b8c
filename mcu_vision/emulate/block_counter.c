/* Hooks that the emulator calls for each basic block and each data access. */
#include "block_counter.h"

static void fetch_line(counter *state, line_cache *cache, uint32_t line) {
    if (cache->newest == line) {
        return;
    }
    cache->newest = line;
    uint32_t way = cache->way_of_line[line];
    if (way == 0 || !cache->enabled) {
        cache->misses++;
        cache->misses_of_line[line]++;
        state->stall_cycles += state->miss_cycles;
        if (state->last) {
            state->last->stall_cycles += state->miss_cycles;
        }
    }
    if (way == 0) {
        uint32_t oldest = 0;
        for (uint32_t i = 1; i < cache->ways; i++) {
            if (cache->used[i] < cache->used[oldest]) {
                oldest = i;
            }
        }
        if (cache->line[oldest] != NO_LINE) {
            cache->way_of_line[cache->line[oldest]] = 0;
        }
        cache->line[oldest] = line;
        way = oldest + 1;
        cache->way_of_line[line] = (uint8_t)way;
    }
    cache->used[way - 1] = ++cache->clock;
}

static void fetch(counter *state, line_cache *cache, uint32_t address, uint32_t size) {
    const uint32_t offset = address - state->flash_base;
    if (offset < state->flash_bytes && size > 0) {
        for (uint32_t line = offset >> LINE_SHIFT; line <= (offset + size - 1) >> LINE_SHIFT; line++) {
            fetch_line(state, cache, line);
        }
    }
}

static counter_block *find_block(counter *state, uint32_t address, uint32_t size) {
    uint32_t index = ((address >> 1) ^ (size << 11)) & state->mask;
    for (;;) {
        counter_block *block = &state->blocks[index];
        if (block->address == address && block->size == size) {
            return block;
        }
        if (block->size == 0) {
            if (state->count >= state->mask - state->mask / 4) {
                return 0;
            }
            state->count++;
            block->address = address;
            block->size = size;
            state->describe(block);
            return block;
        }
        index = (index + 1) & state->mask;
    }
}

/* The engine tests for a stop after this hook and before the block, so a block that is stopped here is not
 * counted: it comes again when emulation goes on. */
void count_block(void *engine, uint64_t address, uint32_t size, void *user) {
    counter *state = user;
    counter_block *block = 0;
    if (state->cycles + state->stall_cycles < state->deadline) {
        block = find_block(state, (uint32_t)address, size);
        state->full |= block == 0;
    }
    if (!block) {
        state->stopped = 1;
        state->stop(engine);
        return;
    }
    if (block->watched) {
        state->watch((uint32_t)address);
    }
    state->conditional = block->conditional;
    if (state->last) {
        if (state->next == (uint32_t)address) {
            state->last->fallthroughs++;
            state->conditional |= state->last->conditional; /* its IT may reach into this block */
        } else {
            state->cycles += state->last->branch_cycles;
        }
    }
    state->last = block;
    state->next = (uint32_t)address + size;
    block->executions++;
    state->instructions += block->instructions;
    state->cycles += block->cycles;
    fetch(state, &state->instruction_cache, (uint32_t)address, size);
}

/* Armv7-M ARM A3.2.1: load and store multiple, dual, exclusive and floating-point need whole words. */
static int needs_alignment(uint16_t code) {
    return (code & 0xF000u) == 0xC000u || (code & 0xFE00u) == 0xE800u || (code & 0xFE00u) == 0xEC00u;
}

static void check_alignment(counter *state, void *engine, uint32_t address, int size) {
    uint32_t pc = 0;
    uint16_t code = 0;
    const uint32_t penalty = size == 2 || (address & 3u) == 2 ? 1 : 2; /* DDI0439 section 3.3.2 */
    state->cycles += penalty;
    if (state->last) {
        state->last->misaligned_cycles += penalty;
    }
    if (size < 4 || state->misaligned || state->read_register(engine, state->pc_register, &pc) != 0 ||
        state->read_memory(engine, pc & ~1u, &code, sizeof code) != 0 || !needs_alignment(code)) {
        return;
    }
    state->misaligned = 1;
    state->misaligned_pc = pc & ~1u;
    state->misaligned_address = address;
    state->deadline = 0;
}

void count_write(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    (void)type, (void)value;
    leave_it_block(user, engine);
    if ((uint32_t)address & ((size >= 4 ? 4u : (uint32_t)size) - 1)) {
        check_alignment(user, engine, (uint32_t)address, size);
    }
}

void count_read(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
    fetch(user, &((counter *)user)->data_cache, (uint32_t)address, (uint32_t)size);
    count_write(engine, type, address, size, value, user);
}
