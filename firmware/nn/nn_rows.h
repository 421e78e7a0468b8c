/* Row rings: a tensor's rows live in a ring of `capacity` slots; row y is in slot y mod capacity. */
#ifndef NN_ROWS_H
#define NN_ROWS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int8_t *base;         /* of the first slot; the others follow it if slots is NULL */
    int8_t *const *slots; /* where each slot lies, or NULL */
    int32_t row_bytes;
    int16_t capacity; /* slots */
    int16_t rows;     /* rows of the whole tensor */
} nn_ring;

/* The address of an existing row. */
static inline int8_t *nn_row(const nn_ring *ring, int32_t row) {
    const int32_t slot = row % ring->capacity;
    return ring->slots ? ring->slots[slot] : ring->base + slot * ring->row_bytes;
}

/* Point rows[0..count-1] at rows first, first + spacing, ...; NULL for rows of padding. */
static inline void nn_window(const nn_ring *ring, int32_t first, int32_t spacing, int32_t count,
                             const int8_t *rows[]) {
    for (int32_t i = 0; i < count; ++i) {
        const int32_t row = first + i * spacing;
        rows[i] = (row >= 0 && row < ring->rows) ? nn_row(ring, row) : NULL;
    }
}

/* Point out[0..count-1] at rows first, first + 1, ...; NULL for those that the tensor does not have. */
static inline void nn_places(const nn_ring *ring, int32_t first, int32_t count, int8_t *out[]) {
    for (int32_t i = 0; i < count; ++i)
        out[i] = first + i < ring->rows ? nn_row(ring, first + i) : NULL;
}

#endif
