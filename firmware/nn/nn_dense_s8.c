#include "nn.h"
#include "nn_math.h"

/* Inputs are widened once into the order in which SXTB16 gives the weights: bytes 0 and 2, then 1 and 3. */
static void widen_inputs(int16_t *to, const int8_t *in, int32_t n) {
    for (; n >= 4; n -= 4, in += 4, to += 4) {
        uint32_t bytes = nn_load32(in);
        nn_store32(to, nn_sxtb16(bytes));
        nn_store32(to + 2, nn_sxtb16_odd(bytes));
    }
    for (; n > 0; n--)
        *to++ = *in++;
}

#if NN_ASSEMBLY
#define DOT_FOUR(acc, weights)                                                                               \
    "ldr %[w], [%[" weights "]], #4\nsxtb16 %[v], %[w]\nsxtb16 %[w], %[w], ror #8\n"                         \
    "smlad %[" acc "], %[a], %[v], %[" acc "]\nsmlad %[" acc "], %[b], %[w], %[" acc "]\n"
#define DOT_TWICE "ldrd %[a], %[b], [%[x]], #8\n" DOT_FOUR("acc0", "w0") DOT_FOUR("acc1", "w1")
#else
static inline int32_t dot_four(const int16_t *inputs, const int8_t *weights, int32_t acc) {
    uint32_t bytes = nn_load32(weights);
    acc = nn_smlad(nn_load32(inputs), nn_sxtb16(bytes), acc);
    return nn_smlad(nn_load32(inputs + 2), nn_sxtb16_odd(bytes), acc);
}
#endif

/* Two outputs at a time share the inputs. */
static void dot_pair(const int16_t *inputs, const int8_t *w0, const int8_t *w1, int32_t n, int32_t acc[2]) {
    int32_t acc0 = acc[0], acc1 = acc[1];
#if NN_ASSEMBLY
    uint32_t a, b, v, w;
    int32_t eights = n >> 2;
    __asm__ volatile("lsrs %[n], %[n], #1\n"
                     "bcc 1f\n" DOT_TWICE "1: cbz %[n], 3f\n"
                     "2:\n" DOT_TWICE DOT_TWICE "subs %[n], %[n], #1\nbne 2b\n"
                     "3:\n"
                     : [acc0] "+r"(acc0), [acc1] "+r"(acc1), [x] "+r"(inputs), [w0] "+r"(w0), [w1] "+r"(w1),
                       [n] "+l"(eights), [a] "=&r"(a), [b] "=&r"(b), [v] "=&r"(v), [w] "=&r"(w)
                     :
                     : "cc", "memory");
    n &= 3;
#else
    for (; n >= 4; n -= 4, inputs += 4, w0 += 4, w1 += 4) {
        acc0 = dot_four(inputs, w0, acc0);
        acc1 = dot_four(inputs, w1, acc1);
    }
#endif
    for (; n > 0; n--, inputs++) {
        acc0 += *inputs * *w0++;
        acc1 += *inputs * *w1++;
    }
    acc[0] = acc0, acc[1] = acc1;
}

static void one_vector(const nn_conv *p, int8_t *out, const int16_t *inputs) {
    int32_t in_c = p->in_c, out_c = p->out_c;
    for (int32_t o = 0; o < out_c; o += 2) {
        int32_t n = o + 1 < out_c ? 2 : 1, other = o + n - 1;
        int32_t acc[2] = {p->bias[o], p->bias[other]};
        dot_pair(inputs, p->weights + o * in_c, p->weights + other * in_c, in_c, acc);
        for (int32_t i = 0; i < n; i++) {
            int32_t value = nn_requantize_once(acc[i], p->multiplier[o + i], p->shift[o + i]);
            out[o + i] = (int8_t)nn_clamp(value + p->out_zero, p->out_min, p->out_max);
        }
    }
}

void nn_dense_s8(const nn_conv *p, const int8_t *in, int8_t *out, int16_t *scratch) {
    for (int32_t i = 0; i < p->out_w; i++) {
        widen_inputs(scratch, in + i * p->in_c, p->in_c);
        one_vector(p, out + i * p->out_c, scratch);
    }
}
