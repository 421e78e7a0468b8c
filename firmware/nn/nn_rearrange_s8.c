#include "nn.h"

void nn_rearrange_s8(const nn_rearrange *p, const int8_t *in, int8_t *out, int32_t step) {
    int32_t index[NN_REARRANGE_AXES] = {0};
    const int32_t run = p->run, run_step = p->run_step;
    in += p->starts[step];
    for (int32_t left = p->runs; left > 0; left--) {
        for (int32_t i = 0, at = 0; i < run; i++, at += run_step)
            *out++ = in[at];
        int32_t axis = p->axes - 1;
        for (; axis >= 0 && ++index[axis] == p->counts[axis]; axis--) {
            in -= (p->counts[axis] - 1) * p->steps[axis];
            index[axis] = 0;
        }
        if (axis >= 0)
            in += p->steps[axis];
    }
}
