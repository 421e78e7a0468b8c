#include "residual_chain_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 5 x 4 x 4 */
ALIGNED static const int32_t residual_chain_op0_weights[36] = {
    75818, 9092, 13238498, 13827994, 4194474, -7208796, -9175000, -12255484, 9175134, 190, 65310, 152, 1076973584, 1615659812, -11712, -11712,
    7, 7, -16652, 72382, -6488258, 2818020, -1048464, -786180, -8192080, 10223644, -7470942, 262146, 250, 150, 1917633471, 1593954471,
    -46848, -46848, 9, 9,
};
const nn_conv2d residual_chain_op0 = {
    .in_zero = -128,
    .out_zero = -92,
    .out_min = -92,
    .out_max = 127,
    .weights = residual_chain_op0_weights,
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

/* depthwise_conv2d1: depthwise_conv2d -> 5 x 4 x 4 */
ALIGNED static const int32_t residual_chain_op1_packed[40] = {
    -19492864, -16777200, -20446808, -19922928, -23003644, 388, 1154427018, 6258944, 16, 512, 38894592, 33030624, 31457608, 14745360, 2359416, 65216,
    1311338552, 6258944, 16, 512, -1358080, -8060937, 3211297, -2097153, -3866540, 2, 1246062118, 6258752, 16, 128, 14220800, -13500258,
    12779490, -327742, 15597652, 224, 2005733477, 6258816, 16, 256,
};
const nn_depthwise residual_chain_op1 = {
    .in_zero = -92,
    .out_zero = 95,
    .out_min = 95,
    .out_max = 127,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 1,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 4,
    .in_w = 4,
    .out_w = 4,
    .tile = 4,
    .packed = residual_chain_op1_packed,
};

/* conv2d2: conv2d -> 5 x 4 x 4 */
ALIGNED static const int32_t residual_chain_op2_packed[20] = {
    4115712, -163072, 1168197345, -468928, 12, 1193298336, -468928, 12, -1868818139, -753278167, 2689536, -2128384, 1248184501, -468928, 12, 1312257041,
    -468928, 12, 1373808570, 2048123367,
};
const nn_pointwise residual_chain_op2 = {
    .in_c = 4,
    .out_w = 20,
    .out_c = 4,
    .tile = 8,
    .out_zero = -115,
    .out_min = -128,
    .out_max = 127,
    .scaled = 1,
    .ties = 1,
    .packed = residual_chain_op2_packed,
};

/* add3: add -> 5 x 4 x 4 */
const nn_add residual_chain_op3 = {
    .count = 16,
    .a_zero = -92,
    .b_zero = -115,
    .out_zero = -25,
    .out_min = -128,
    .out_max = 127,
    .left_shift = 20,
    .a_multiplier = 1797858693,
    .a_shift = -2,
    .b_multiplier = 1073741824,
    .b_shift = 0,
    .out_multiplier = 1811871787,
    .out_shift = -18,
    .short_sum.a_factor = 0,
    .short_sum.b_factor = 0,
    .short_sum.start = 0,
    .short_sum.half = 0,
    .short_sum.ties = 0,
};

/* conv2d4: conv2d -> 5 x 4 x 2 */
ALIGNED static const int32_t residual_chain_op4_weights[44] = {
    12214, -7978, 15138768, -14680022, -9568018, -4194268, 11534352, 8781858, 11599684, 1638384, 8388640, 13631642, 14352228, -12517616, -16187644, -9568010,
    -6684584, -8585262, 3604472, -1769484, 13500642, 8454054, -15007874, -13041706, -10616806, 5243118, -13565954, 15728748, 5374142, 12648212, -7339798, 7405342,
    -11796444, -4260082, 15794114, -14024588, 4718788, 851932, 1272899734, 1178101430, 11968, 23936, 7, 8,
};
const nn_conv2d residual_chain_op4 = {
    .in_zero = -25,
    .out_zero = 93,
    .out_min = 93,
    .out_max = 127,
    .weights = residual_chain_op4_weights,
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
