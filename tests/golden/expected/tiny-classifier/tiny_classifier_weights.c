#include "tiny_classifier_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 9 x 10 x 8 */
ALIGNED static const int8_t tiny_classifier_op0_weights[216] = {
    -20, 94, 118, -54, -98, 26, 43, 71, 36, 55, 106, 106, 109, 92, 56, 107,
    -124, -121, 76, -16, 63, -4, 102, -111, 44, -126, -90, 84, -53, 123, -39, 73,
    117, -47, 122, 52, 120, -51, 3, 61, 119, -56, -5, 72, 86, 124, -73, 124,
    -99, 98, 95, 105, 95, 53, 21, 14, -107, 108, 107, -105, 24, -33, 62, 27,
    22, -6, -99, 75, 99, -78, -9, -112, -16, -95, -23, 118, -91, -94, 52, -70,
    -126, -31, -82, 31, 13, 72, 27, -107, -112, 110, 61, 67, 80, -46, 8, -79,
    -127, 24, -70, 24, 100, -59, -63, -84, -43, 68, 41, 44, -117, 77, 61, -72,
    25, 57, -114, -108, -71, -126, 29, -82, 20, 72, -60, 10, 36, 30, -61, 24,
    -69, 35, -55, -45, 116, 56, -92, -124, -103, -31, 100, -114, -99, -95, -61, 103,
    -47, 26, -124, 74, 15, 27, 116, 18, -109, 75, 13, 31, -116, 3, 99, 14,
    -22, 18, -118, -40, 90, 43, -56, -24, -110, 39, 74, -4, 34, 63, 75, 49,
    51, -117, -44, 72, 72, 101, -51, -43, 120, 59, -118, 88, -47, 0, 66, -95,
    38, 59, 39, 86, 124, -48, -89, -72, -3, 68, 18, 4, 101, -124, 91, -78,
    89, -72, 70, 21, 1, 15, 71, 4,
};
ALIGNED static const int32_t tiny_classifier_op0_bias[8] = {
    69223, 166746, -42041, -15116, -53554, -41564, 34209, 50962,
};
ALIGNED static const int32_t tiny_classifier_op0_multiplier[8] = {
    1274212649, 1418888483, 1723263515, 1916166425, 1905399852, 1164641904, 1557372976, 1211661710,
};
ALIGNED static const int8_t tiny_classifier_op0_shift[8] = {
    -10, -10, -10, -10, -10, -9, -9, -9,
};
const nn_conv tiny_classifier_op0 = {
    .in_zero = -128,
    .out_zero = 95,
    .out_min = 95,
    .out_max = 127,
    .weights = tiny_classifier_op0_weights,
    .bias = tiny_classifier_op0_bias,
    .multiplier = tiny_classifier_op0_multiplier,
    .shift = tiny_classifier_op0_shift,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 3,
    .in_w = 19,
    .out_w = 10,
    .out_c = 8,
};

/* max_pool2d1: max_pool2d -> 5 x 5 x 8 */
const nn_pool tiny_classifier_op1 = {
    .in_w = 10,
    .channels = 8,
    .out_w = 5,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .out_min = -128,
    .out_max = 127,
};

/* average_pool2d2: average_pool2d -> 5 x 5 x 8 */
const nn_pool tiny_classifier_op2 = {
    .in_w = 10,
    .channels = 8,
    .out_w = 5,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .out_min = -128,
    .out_max = 127,
};

/* concat3: concat -> 5 x 5 x 16 */
ALIGNED static const int32_t tiny_classifier_op3_channels[2] = {
    8, 8,
};
const nn_concat tiny_classifier_op3 = {
    .inputs = 2,
    .width = 5,
    .channels = tiny_classifier_op3_channels,
};

/* requantize4: requantize -> 5 x 5 x 16 */
const nn_requant tiny_classifier_op4 = {
    .count = 80,
    .in_zero = 95,
    .out_zero = -5,
    .multiplier = 1368802031,
    .shift = 0,
    .out_min = -5,
    .out_max = 127,
};

/* mean5: mean -> 16 */
const nn_mean tiny_classifier_op5 = {
    .in_w = 5,
    .channels = 16,
    .rows = 5,
    .in_zero = -5,
    .out_zero = -11,
    .multiplier = 916565426,
    .shift = -3,
};

/* dense6: dense -> 3 */
ALIGNED static const int8_t tiny_classifier_op6_weights[48] = {
    82, -88, -33, 37, 14, 99, 38, 9, -67, 55, 67, 36, -88, 18, -94, 95,
    -59, -18, 79, -88, -6, 56, -119, 110, -77, 19, 16, 33, -112, 110, -47, 4,
    -74, 116, 48, -97, -91, 67, -33, -58, -13, -56, 102, -1, -24, -61, -93, 105,
};
ALIGNED static const int32_t tiny_classifier_op6_bias[3] = {
    1666, -55, -2104,
};
ALIGNED static const int32_t tiny_classifier_op6_multiplier[3] = {
    1123234150, 1579952212, 1099125869,
};
ALIGNED static const int8_t tiny_classifier_op6_shift[3] = {
    -6, -6, -7,
};
const nn_conv tiny_classifier_op6 = {
    .in_zero = -11,
    .out_zero = 29,
    .out_min = -128,
    .out_max = 127,
    .weights = tiny_classifier_op6_weights,
    .bias = tiny_classifier_op6_bias,
    .multiplier = tiny_classifier_op6_multiplier,
    .shift = tiny_classifier_op6_shift,
    .in_c = 16,
    .out_c = 3,
};

/* softmax7: softmax -> 3 */
ALIGNED static const int32_t tiny_classifier_op7_exp_table[256] = {
    8388608, 7830368, 7309278, 6822865, 6368821, 5944993, 5549370, 5180074, 4835354, 4513574, 4213207, 3932830, 3671110, 3426808, 3198763, 2985893,
    2787190, 2601710, 2428573, 2266958, 2116098, 1975277, 1843828, 1721126, 1606590, 1499675, 1399876, 1306718, 1219759, 1138588, 1062818, 992090,
    926069, 864441, 806915, 753217, 703093, 656304, 612628, 571860, 533804, 498281, 465121, 434169, 405276, 378306, 353131, 329631,
    307695, 287218, 268105, 250263, 233609, 218063, 203551, 190005, 177361, 165558, 154541, 144256, 134657, 125696, 117331, 109523,
    102234, 95431, 89080, 83152, 77619, 72453, 67632, 63131, 58930, 55008, 51348, 47930, 44741, 41763, 38984, 36390,
    33968, 31708, 29598, 27628, 25789, 24073, 22471, 20976, 19580, 18277, 17061, 15925, 14866, 13876, 12953, 12091,
    11286, 10535, 9834, 9180, 8569, 7999, 7466, 6969, 6506, 6073, 5669, 5291, 4939, 4611, 4304, 4017,
    3750, 3500, 3267, 3050, 2847, 2658, 2481, 2316, 2162, 2018, 1883, 1758, 1641, 1532, 1430, 1335,
    1246, 1163, 1086, 1013, 946, 883, 824, 769, 718, 670, 626, 584, 545, 509, 475, 443,
    414, 386, 361, 337, 314, 293, 274, 256, 239, 223, 208, 194, 181, 169, 158, 147,
    138, 128, 120, 112, 104, 97, 91, 85, 79, 74, 69, 64, 60, 56, 52, 49,
    46, 43, 40, 37, 35, 32, 30, 28, 26, 25, 23, 21, 20, 19, 17, 16,
    15, 14, 13, 12, 12, 11, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5,
    5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2,
    2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};
const nn_softmax tiny_classifier_op7 = {
    .width = 1,
    .channels = 3,
    .exp_table = tiny_classifier_op7_exp_table,
};
