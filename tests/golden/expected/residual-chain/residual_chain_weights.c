#include "residual_chain_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 5 x 4 x 4 */
ALIGNED static const int8_t residual_chain_op0_weights[36] = {
    113, 32, 47, 101, 20, 70, 85, -70, -113, -51, -55, 95, 105, -126, 0, 82,
    -94, 76, -97, -8, 81, -50, -40, -57, 56, -63, 125, -14, -6, 1, 21, 14,
    2, 126, 78, 75,
};
ALIGNED static const int32_t residual_chain_op0_bias[4] = {
    37909, 4546, -8326, 36191,
};
ALIGNED static const int32_t residual_chain_op0_multiplier[4] = {
    1076973584, 1615659812, 1917633471, 1593954471,
};
ALIGNED static const int8_t residual_chain_op0_shift[4] = {
    -7, -7, -9, -9,
};
const nn_conv residual_chain_op0 = {
    .in_zero = -128,
    .out_zero = -92,
    .out_min = -92,
    .out_max = 127,
    .weights = residual_chain_op0_weights,
    .bias = residual_chain_op0_bias,
    .multiplier = residual_chain_op0_multiplier,
    .shift = residual_chain_op0_shift,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 1,
    .in_w = 8,
    .out_w = 4,
    .out_c = 4,
    .tile = 4,
};

/* add3: inverted_bottleneck -> 5 x 4 x 4 */
ALIGNED static const int32_t residual_chain_op1_depthwise_packed[40] = {
    -19492864, -16777200, -20446808, -19922928, -23003644, 388, 1154427018, 6258944, 16, 512, 38894592, 33030624, 31457608, 14745360, 2359416, 65216,
    1311338552, 6258944, 16, 512, -1358080, -8060937, 3211297, -2097153, -3866540, 2, 1246062118, 6258752, 16, 128, 14220800, -13500258,
    12779490, -327742, 15597652, 224, 2005733477, 6258816, 16, 256,
};
ALIGNED static const int32_t residual_chain_op1_project_packed[20] = {
    4115712, -163072, 1168197345, -468928, 12, 1193298336, -468928, 12, -1868818139, -753278167, 2689536, -2128384, 1248184501, -468928, 12, 1312257041,
    -468928, 12, 1373808570, 2048123367,
};
const nn_inverted_bottleneck residual_chain_op1 = {
    .stride_h = 1,
    .kept_rows = 0,
    .residual = 1,
    .residual_x = 0,
    .scratch_bytes = 160,
    .depthwise.in_zero = -92,
    .depthwise.out_zero = 95,
    .depthwise.out_min = 95,
    .depthwise.out_max = 127,
    .depthwise.kernel_h = 3,
    .depthwise.kernel_w = 3,
    .depthwise.stride_w = 1,
    .depthwise.pad_left = 1,
    .depthwise.dilation_w = 1,
    .depthwise.in_c = 4,
    .depthwise.in_w = 4,
    .depthwise.out_w = 4,
    .depthwise.tile = 4,
    .depthwise.packed = residual_chain_op1_depthwise_packed,
    .project.in_c = 4,
    .project.out_w = 4,
    .project.out_c = 4,
    .project.tile = 4,
    .project.out_zero = -115,
    .project.out_min = -128,
    .project.out_max = 127,
    .project.scaled = 1,
    .project.ties = 1,
    .project.packed = residual_chain_op1_project_packed,
    .add.count = 16,
    .add.a_zero = -92,
    .add.b_zero = -115,
    .add.out_zero = -25,
    .add.out_min = -128,
    .add.out_max = 127,
    .add.left_shift = 20,
    .add.a_multiplier = 1797858693,
    .add.a_shift = -2,
    .add.b_multiplier = 1073741824,
    .add.b_shift = 0,
    .add.out_multiplier = 1811871787,
    .add.out_shift = -18,
};

/* conv2d4: conv2d -> 5 x 4 x 2 */
ALIGNED static const int8_t residual_chain_op2_weights[72] = {
    -24, 119, 115, -73, -126, 44, -124, -51, -1, 95, -104, 41, 8, -94, 88, 88,
    -4, 113, 27, 103, 117, 18, -56, -90, 16, -78, 64, 109, -65, 13, -115, -81,
    -31, 98, 120, 36, 21, 18, -112, -32, 123, -23, -73, -66, 54, -118, 120, 96,
    17, -8, 67, 12, -6, -45, -14, 64, -113, -121, 56, -33, 77, -120, 104, -96,
    -21, 119, -100, 40, 58, -18, -107, 6,
};
ALIGNED static const int32_t residual_chain_op2_bias[2] = {
    6107, -3989,
};
ALIGNED static const int32_t residual_chain_op2_multiplier[2] = {
    1272899734, 1178101430,
};
ALIGNED static const int8_t residual_chain_op2_shift[2] = {
    -7, -8,
};
const nn_conv residual_chain_op2 = {
    .in_zero = -25,
    .out_zero = 93,
    .out_min = 93,
    .out_max = 127,
    .weights = residual_chain_op2_weights,
    .bias = residual_chain_op2_bias,
    .multiplier = residual_chain_op2_multiplier,
    .shift = residual_chain_op2_shift,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 1,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 4,
    .in_w = 4,
    .out_w = 4,
    .out_c = 2,
    .tile = 4,
};
