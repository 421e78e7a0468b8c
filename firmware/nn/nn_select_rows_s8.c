#include "nn.h"

#include <stddef.h>

void nn_select_rows_s8(const nn_select *p, const int8_t *in, int8_t *out, int32_t step) {
    const int8_t *row = p->rows[step] < 0 ? NULL : in + p->rows[step] * p->in_row;
    nn_select_s8(p, &row, out);
}
