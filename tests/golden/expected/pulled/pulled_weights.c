#include "pulled_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 4 x 4 x 4 */
ALIGNED static const int8_t pulled_op1_weights[108] = {
    -20, 94, 118, -54, -98, 26, 43, 71, 36, 55, 106, 106, 109, 92, 56, 107,
    -124, -121, 76, -16, 63, -4, 102, -111, 44, -126, -90, 84, -53, 123, -39, 73,
    117, -47, 122, 52, 120, -51, 3, 61, 119, -56, -5, 72, 86, 124, -73, 124,
    -99, 98, 95, 105, 95, 53, 21, 14, -107, 108, 107, -105, 24, -33, 62, 27,
    22, -6, -99, 75, 99, -78, -9, -112, -16, -95, -23, 118, -91, -94, 52, -70,
    -126, -31, -82, 31, 13, 72, 27, -107, -112, 110, 61, 67, 80, -46, 8, -79,
    -127, 24, -70, 24, 100, -59, -63, -84, -43, 68, 41, 44,
};
ALIGNED static const int32_t pulled_op1_bias[4] = {
    68004, 164813, -42432, -18307,
};
ALIGNED static const int32_t pulled_op1_multiplier[4] = {
    1759882374, 1277149159, 1611112637, 1434505900,
};
ALIGNED static const int8_t pulled_op1_shift[4] = {
    -10, -11, -10, -12,
};
const nn_conv pulled_op1 = {
    .in_zero = -128,
    .out_zero = -61,
    .out_min = -61,
    .out_max = 14,
    .weights = pulled_op1_weights,
    .bias = pulled_op1_bias,
    .multiplier = pulled_op1_multiplier,
    .shift = pulled_op1_shift,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 3,
    .in_w = 8,
    .out_w = 4,
    .out_c = 4,
    .tile = 4,
};

/* conv2d1: conv2d -> 2 x 2 x 3 */
ALIGNED static const int8_t pulled_op2_weights[108] = {
    10, 36, 30, -61, 24, -69, 35, -55, -45, 116, 56, -92, -124, -103, -31, 100,
    -114, -99, -95, -61, 103, -47, 26, -124, 74, 15, 27, 116, 18, -109, 75, 13,
    31, -116, 3, 99, 14, -22, 18, -118, -40, 90, 43, -56, -24, -110, 39, 74,
    -4, 34, 63, 75, 49, 51, -117, -44, 72, 72, 101, -51, -43, 120, 59, -118,
    88, -47, 0, 66, -95, 38, 59, 39, 86, 124, -48, -89, -72, -3, 68, 18,
    4, 101, -124, 91, -78, 89, -72, 70, 21, 1, 15, 71, 4, -126, -41, 37,
    -27, -100, 0, -106, 18, 17, 17, 67, 55, 18, 126, 66,
};
ALIGNED static const int32_t pulled_op2_bias[3] = {
    -19623, 24060, 19988,
};
ALIGNED static const int32_t pulled_op2_multiplier[3] = {
    1086070923, 1964196043, 1705579567,
};
ALIGNED static const int8_t pulled_op2_shift[3] = {
    -5, -5, -7,
};
const nn_conv pulled_op2 = {
    .in_zero = -61,
    .out_zero = 95,
    .out_min = 95,
    .out_max = 127,
    .weights = pulled_op2_weights,
    .bias = pulled_op2_bias,
    .multiplier = pulled_op2_multiplier,
    .shift = pulled_op2_shift,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 4,
    .in_w = 4,
    .out_w = 2,
    .out_c = 3,
    .tile = 2,
};
