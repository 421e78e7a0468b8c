#include "nn.h"
#include "nn_log.h"

void nn_log_softmax_s8(const nn_log_softmax *p, const int8_t *row, int8_t *out) {
    int32_t channels = p->channels;
    for (int32_t x = 0; x < p->width; x++, row += channels, out += channels) {
        int32_t largest = row[0], sum = 0;
        for (int32_t i = 1; i < channels; i++)
            largest = row[i] > largest ? row[i] : largest;
        for (int32_t i = 0; i < channels; i++)
            sum += p->exponentials[largest - row[i]];
        int32_t log = nn_log_of_sum(sum);
        int32_t limit = -nn_requantize(log + INT32_MIN, p->multiplier, p->shift);
        limit = limit < p->radius + 1 ? limit : p->radius + 1;
        for (int32_t i = 0; i < channels; i++) {
            int32_t below = largest - row[i];
            int32_t value = nn_divide_by_pot(p->distances[below] - log, 22) + 127;
            out[i] = (int8_t)(below < limit ? nn_saturate8(value) : -128);
        }
    }
}
