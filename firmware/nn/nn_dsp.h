/* Armv7E-M DSP instructions with a C equivalent, so that host and target compute the same bits. Source:
 * Armv7-M Architecture Reference Manual (DDI 0403), chapter A7. A word of two lanes holds 16-bit values,
 * lane 0 in the low half. */
#ifndef NN_DSP_H
#define NN_DSP_H

#include <stdint.h>
#include <string.h>

/* Whether loops may be in assembly: without optimisation compilers have too few registers for it. */
#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)
#define NN_ASSEMBLY 1
#else
#define NN_ASSEMBLY 0
#endif

/* Keeps loops apart that would not share the registers well. */
#define NN_NOINLINE __attribute__((noinline, unused))
#define NN_UNUSED __attribute__((unused))

/* Words at any address. The builtin stays one instruction where -ffreestanding makes memcpy a call. */
static inline uint32_t nn_load32(const void *from) {
    uint32_t word;
    __builtin_memcpy(&word, from, 4);
    return word;
}

static inline void nn_store32(void *to, uint32_t word) { __builtin_memcpy(to, &word, 4); }

/* Lane 0 alone. */
static inline void nn_store16(void *to, uint32_t word) {
    uint16_t lane = (uint16_t)word;
    __builtin_memcpy(to, &lane, 2);
}

/* The first n (1..4) bytes at `from`, then zeros. */
static inline uint32_t nn_load_bytes(const int8_t *from, int32_t n) {
    if (n == 4)
        return nn_load32(from);
    uint32_t bytes = 0;
    for (int32_t i = 0; i < n; i++)
        bytes |= (uint32_t)(uint8_t)from[i] << (8 * i);
    return bytes;
}

/* Lanes one by one, where no instruction serves. */
static inline int32_t nn_lane0(uint32_t lanes) { return (int16_t)(lanes & 0xFFFF); }
static inline int32_t nn_lane1(uint32_t lanes) { return (int16_t)(lanes >> 16); }
static inline int32_t nn_clamp_lane(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}
static inline uint32_t nn_lanes(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFF) | (uint32_t)high << 16;
}

#if defined(__ARM_FEATURE_DSP)

/* acc + a0*b0 + a1*b1, modulo 2^32. */
static inline int32_t nn_smlad(uint32_t a, uint32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* Bytes 0 and 2, sign-extended, as lanes. */
static inline uint32_t nn_sxtb16(uint32_t bytes) {
    uint32_t lanes;
    __asm__("sxtb16 %0, %1" : "=r"(lanes) : "r"(bytes));
    return lanes;
}

/* Bytes 1 and 3, sign-extended, as lanes. */
static inline uint32_t nn_sxtb16_odd(uint32_t bytes) {
    uint32_t lanes;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(lanes) : "r"(bytes));
    return lanes;
}

/* Lanes plus bytes 0 and 2, or 1 and 3, sign-extended; modulo 2^16. */
static inline uint32_t nn_add_bytes16(uint32_t lanes, uint32_t bytes) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(lanes), "r"(bytes));
    return sum;
}

static inline uint32_t nn_add_bytes16_odd(uint32_t lanes, uint32_t bytes) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(lanes), "r"(bytes));
    return sum;
}

/* The larger of each of four signed bytes. */
static inline uint32_t nn_max_bytes(uint32_t a, uint32_t b) {
    uint32_t larger;
    __asm__("ssub8 %0, %1, %2\n"
            "sel %0, %1, %2\n"
            : "=&r"(larger)
            : "r"(a), "r"(b)
            : "cc");
    return larger;
}

/* Lane 0 of both: lane 0 from low, lane 1 from high. */
static inline uint32_t nn_pack_low(uint32_t low, uint32_t high) {
    uint32_t lanes;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(lanes) : "r"(low), "r"(high));
    return lanes;
}

/* Lane 1 of both: lane 0 from low, lane 1 from high. */
static inline uint32_t nn_pack_high(uint32_t low, uint32_t high) {
    uint32_t lanes;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(lanes) : "r"(high), "r"(low));
    return lanes;
}

/* acc + lane 0 of a * lane 0 of b, and lane 1 of both. */
static inline int32_t nn_smla_lanes0(uint32_t a, uint32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_smla_lanes1(uint32_t a, uint32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* Sums and differences of lanes: modulo 2^16, or saturated as unsigned lanes (uq). */
static inline uint32_t nn_add16(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("sadd16 %0, %1, %2" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

static inline uint32_t nn_sub16(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("ssub16 %0, %1, %2" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

static inline uint32_t nn_uqadd16(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("uqadd16 %0, %1, %2" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

static inline uint32_t nn_uqsub16(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("uqsub16 %0, %1, %2" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

/* High word of a*b, rounded half up. */
static inline int32_t nn_smmulr(int32_t a, int32_t b) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
}

/* acc + high word of a*b, rounded down. */
static inline int32_t nn_smmla(int32_t a, int32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* acc + a * lane of b / 2^16, rounded down. */
static inline int32_t nn_smlaw_lane0(int32_t a, uint32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_smlaw_lane1(int32_t a, uint32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* Without the fraction of 22 bits. */
static inline int32_t nn_saturate8_asr22(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #22" : "=r"(result) : "r"(value));
    return result;
}

static inline int32_t nn_saturate8(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

static inline int32_t nn_saturate16(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(value));
    return result;
}

/* Lanes of values 0 and 2, and of 1 and 3, as bytes. */
static inline uint32_t nn_saturate_bytes(uint32_t even, uint32_t odd) {
    __asm__("ssat16 %0, #8, %0\nssat16 %1, #8, %1\n"
            "uxtb16 %0, %0\nuxtb16 %1, %1\norr %0, %0, %1, lsl #8\n"
            : "+r"(even), "+r"(odd));
    return even;
}

/* Clamps four signed bytes. */
static inline uint32_t nn_clamp_bytes(uint32_t bytes, uint32_t low, uint32_t high) {
    uint32_t unused;
    __asm__("ssub8 %1, %0, %2\n"
            "sel %0, %0, %2\n"
            "ssub8 %1, %3, %0\n"
            "sel %0, %0, %3\n"
            : "+r"(bytes), "=&r"(unused)
            : "r"(low), "r"(high)
            : "cc");
    return bytes;
}

/* Clamps to [0, 2^14]: USAT stops one short, its carry is added. */
static inline int32_t nn_saturate_unit(int32_t value) {
    int32_t low, carry;
    __asm__("usat %0, #14, %1" : "=r"(low) : "r"(value));
    __asm__("usat %0, #1, %1, asr #14" : "=r"(carry) : "r"(value));
    return low + carry;
}

/* Clamps to [-2^14, 2^14], in the same way. */
static inline int32_t nn_saturate_signed_unit(int32_t value) {
    int32_t low, carry;
    __asm__("ssat %0, #15, %1" : "=r"(low) : "r"(value));
    __asm__("usat %0, #1, %1, asr #14" : "=r"(carry) : "r"(value));
    return low + carry;
}

#else

static inline int32_t nn_smlad(uint32_t a, uint32_t b, int32_t acc) {
    uint32_t low = (uint32_t)(nn_lane0(a) * nn_lane0(b));
    uint32_t high = (uint32_t)(nn_lane1(a) * nn_lane1(b));
    return (int32_t)((uint32_t)acc + low + high);
}

static inline uint32_t nn_sxtb16(uint32_t bytes) {
    uint32_t low = (uint32_t)(int8_t)(bytes & 0xFF);
    uint32_t high = (uint32_t)(int8_t)((bytes >> 16) & 0xFF);
    return (low & 0xFFFF) | (high << 16);
}

static inline int32_t nn_smla_lanes0(uint32_t a, uint32_t b, int32_t acc) {
    return acc + nn_lane0(a) * nn_lane0(b);
}
static inline int32_t nn_smla_lanes1(uint32_t a, uint32_t b, int32_t acc) {
    return acc + nn_lane1(a) * nn_lane1(b);
}
static inline uint32_t nn_sxtb16_odd(uint32_t bytes) { return nn_sxtb16(bytes >> 8); }
static inline uint32_t nn_pack_low(uint32_t low, uint32_t high) { return (low & 0xFFFF) | (high << 16); }
static inline uint32_t nn_pack_high(uint32_t low, uint32_t high) {
    return (low >> 16) | (high & 0xFFFF0000u);
}
static inline uint32_t nn_add16(uint32_t a, uint32_t b) {
    return nn_lanes(nn_lane0(a) + nn_lane0(b), nn_lane1(a) + nn_lane1(b));
}
static inline uint32_t nn_sub16(uint32_t a, uint32_t b) {
    return nn_lanes(nn_lane0(a) - nn_lane0(b), nn_lane1(a) - nn_lane1(b));
}
static inline uint32_t nn_add_bytes16(uint32_t lanes, uint32_t bytes) {
    return nn_add16(lanes, nn_sxtb16(bytes));
}
static inline uint32_t nn_add_bytes16_odd(uint32_t lanes, uint32_t bytes) {
    return nn_add16(lanes, nn_sxtb16_odd(bytes));
}
static inline uint32_t nn_max_bytes(uint32_t a, uint32_t b) {
    uint32_t larger = 0;
    for (int32_t i = 0; i < 32; i += 8) {
        int32_t x = (int8_t)(a >> i & 0xFF), y = (int8_t)(b >> i & 0xFF);
        larger |= ((uint32_t)(x > y ? x : y) & 0xFF) << i;
    }
    return larger;
}
static inline uint32_t nn_uqadd16(uint32_t a, uint32_t b) {
    int32_t low = nn_clamp_lane((int32_t)((a & 0xFFFF) + (b & 0xFFFF)), 0, 65535);
    return nn_lanes(low, nn_clamp_lane((int32_t)((a >> 16) + (b >> 16)), 0, 65535));
}
static inline uint32_t nn_uqsub16(uint32_t a, uint32_t b) {
    int32_t low = nn_clamp_lane((int32_t)(a & 0xFFFF) - (int32_t)(b & 0xFFFF), 0, 65535);
    return nn_lanes(low, nn_clamp_lane((int32_t)(a >> 16) - (int32_t)(b >> 16), 0, 65535));
}
static inline int32_t nn_smmulr(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + 0x80000000LL) >> 32);
}
static inline int32_t nn_smmla(int32_t a, int32_t b, int32_t acc) {
    return (int32_t)((uint32_t)acc + (uint32_t)(((int64_t)a * b) >> 32));
}
static inline int32_t nn_smlaw_lane0(int32_t a, uint32_t b, int32_t acc) {
    return (int32_t)((uint32_t)acc + (uint32_t)(((int64_t)a * nn_lane0(b)) >> 16));
}
static inline int32_t nn_smlaw_lane1(int32_t a, uint32_t b, int32_t acc) {
    return (int32_t)((uint32_t)acc + (uint32_t)(((int64_t)a * nn_lane1(b)) >> 16));
}
static inline int32_t nn_saturate8(int32_t value) { return value < -128 ? -128 : value > 127 ? 127 : value; }
static inline int32_t nn_saturate8_asr22(int32_t value) { return nn_saturate8(value >> 22); }
static inline int32_t nn_saturate16(int32_t value) {
    return value < -32768 ? -32768 : value > 32767 ? 32767 : value;
}
static inline uint32_t nn_saturate_bytes(uint32_t even, uint32_t odd) {
    uint32_t low = nn_lanes(nn_saturate8(nn_lane0(even)), nn_saturate8(nn_lane1(even)));
    uint32_t high = nn_lanes(nn_saturate8(nn_lane0(odd)), nn_saturate8(nn_lane1(odd)));
    return (low & 0x00FF00FFu) | (high << 8 & 0xFF00FF00u);
}
static inline uint32_t nn_clamp_bytes(uint32_t bytes, uint32_t low, uint32_t high) {
    uint32_t result = 0;
    for (int32_t i = 0; i < 32; i += 8) {
        int32_t value = (int8_t)(bytes >> i & 0xFF), least = (int8_t)(low >> i & 0xFF);
        int32_t most = (int8_t)(high >> i & 0xFF);
        value = value < least ? least : value > most ? most : value;
        result |= ((uint32_t)value & 0xFF) << i;
    }
    return result;
}
static inline int32_t nn_saturate_unit(int32_t value) {
    return value < 0 ? 0 : value > 1 << 14 ? 1 << 14 : value;
}
static inline int32_t nn_saturate_signed_unit(int32_t value) {
    return value < -(1 << 14) ? -(1 << 14) : value > 1 << 14 ? 1 << 14 : value;
}

#endif

/* Widens 4 * quads bytes to 16 bits, two to a word, word k at to + k * step
 * (in int16; 2 for a dense array). */
static inline void nn_widen_quads(int16_t *to, const int8_t *from, int32_t quads, int32_t step) {
    for (; quads > 0; quads--, from += 4, to += 2 * step) {
        uint32_t bytes = nn_load32(from);
        uint32_t even = nn_sxtb16(bytes), odd = nn_sxtb16_odd(bytes);
        nn_store32(to, nn_pack_low(even, odd));
        nn_store32(to + step, nn_pack_high(even, odd));
    }
}

/* Widens n bytes, and zeros up to a multiple of 4. */
static inline void nn_widen_padded(int16_t *to, const int8_t *from, int32_t n, int32_t step) {
    int32_t rest = n & 3;
    nn_widen_quads(to, from, n >> 2, step);
    if (rest > 0) {
        to += (n >> 2) * 2 * step;
        from += n - rest;
        to[0] = from[0];
        to[1] = rest > 1 ? from[1] : 0;
        to[step] = rest > 2 ? from[2] : 0;
        to[step + 1] = 0;
    }
}

#endif
