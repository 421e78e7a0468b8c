#include "residual_chain_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 5 x 4 x 4 */
ALIGNED static const int32_t residual_chain_op0_weights[44] = {
    38818816, 4655104, 38818816, 4655104, 26476996, 27590452, 8388948, -14417592, -18350000, -24576504, 18350268, 380, 65084, 304, 1076973584, 1615659812,
    -5996288, -5996288, 512, 512, 16, 16, -2131456, 9264896, -2131456, 9264896, -3211361, 1441778, -524232, -393090, -4063272, 5111822,
    -3735471, 131073, 125, 75, 1917633471, 1593954471, -5996480, -5996480, 128, 128, 16, 16,
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
    .input_bits = 8,
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
    .out_w = 4,
    .out_c = 4,
    .tile = 4,
    .out_zero = -115,
    .out_min = -128,
    .out_max = 127,
    .scaled = 8,
    .ties = 1,
    .fours = 0,
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
ALIGNED static const int32_t residual_chain_op4_weights[48] = {
    6253568, -2042368, 6253568, -2042368, 30212000, -14680022, -19136036, -4194268, 23068704, 8781858, 23133832, 1638384, 16777280, 13631642, 28638920, -12517616,
    -32440824, -9568010, -13369168, -8585262, 7143408, -1769484, 27001284, 8454054, -30081284, -13041706, -21233612, 5243118, -27197444, 15728748, 10748284, 12648212,
    -14679596, 7405342, -23592888, -4260082, 31522692, -14024588, 9437576, 851932, 1272899734, 1178101430, 6127872, 6127744, 512, 256, 16, 16,
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
    .input_bits = 8,
};
