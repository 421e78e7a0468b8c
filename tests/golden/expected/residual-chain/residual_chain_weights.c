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
    .add.short_sum.a_factor = 0,
    .add.short_sum.b_factor = 0,
    .add.short_sum.start = 0,
    .add.short_sum.half = 0,
    .add.short_sum.ties = 0,
};

/* conv2d4: conv2d -> 5 x 4 x 2 */
ALIGNED static const int32_t residual_chain_op2_weights[44] = {
    12214, -7978, 15138768, -14680022, -9568018, -4194268, 11534352, 8781858, 11599684, 1638384, 8388640, 13631642, 14352228, -12517616, -16187644, -9568010,
    -6684584, -8585262, 3604472, -1769484, 13500642, 8454054, -15007874, -13041706, -10616806, 5243118, -13565954, 15728748, 5374142, 12648212, -7339798, 7405342,
    -11796444, -4260082, 15794114, -14024588, 4718788, 851932, 1272899734, 1178101430, 11968, 23936, 7, 8,
};
const nn_conv2d residual_chain_op2 = {
    .in_zero = -25,
    .out_zero = 93,
    .out_min = 93,
    .out_max = 127,
    .weights = residual_chain_op2_weights,
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
