#include "nn.h"
#include "nn_math.h"

static int32_t dot(const nn_batch_matmul *p, const int8_t *a, const int8_t *b) {
    int32_t sum = 0, a_zero = p->a_zero, b_zero = p->b_zero;
    for (int32_t i = 0, depth = p->depth; i < depth; i++)
        sum += (a[i] - a_zero) * (b[i] - b_zero);
    return sum;
}

void nn_batch_matmul_s8(const nn_batch_matmul *p, const int8_t *a, const int8_t *b, int8_t *out,
                        int32_t step) {
    a += step * p->rows * p->depth;
    b += step * p->columns * p->depth;
    for (int32_t row = 0; row < p->rows; row++)
        for (int32_t column = 0; column < p->columns; column++) {
            int32_t sum = dot(p, a + row * p->depth, b + column * p->depth);
            *out++ = (int8_t)nn_saturate8(nn_requantize(sum, p->multiplier, p->shift) + p->out_zero);
        }
}
