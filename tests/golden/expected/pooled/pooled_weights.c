#include "pooled_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* rnn_pool0: rnn_pool -> 4 x 4 x 16 */
ALIGNED static const int16_t pooled_op0_cell1_w[8] = {
    2634, -2077, -3186, 5847, -3888, -2176, 1711, 3462,
};
ALIGNED static const int16_t pooled_op0_cell1_u[16] = {
    1676, 4438, -5421, -1307, 883, -746, -1337, -1528, -5519, -4717, 511, -253, 5497, -3104, 4186, -2915,
};
ALIGNED static const int32_t pooled_op0_cell1_w_offset[4] = {
    71296, 340608, -776192, 662144,
};
ALIGNED static const int16_t pooled_op0_cell1_bias_z[4] = {
    -2925, -2583, -838, -2508,
};
ALIGNED static const int16_t pooled_op0_cell1_bias_h[4] = {
    3241, 2570, 2494, -631,
};
ALIGNED static const int16_t pooled_op0_cell2_w[16] = {
    -5636, -2929, -654, 1090, -602, 1251, -1457, 1762, -5672, 4936, 431, -4198, 3785, -1544, 4507, -2585,
};
ALIGNED static const int16_t pooled_op0_cell2_u[16] = {
    4719, -5799, -805, -3822, -766, -1264, 5847, -1281, 3088, 1400, -1344, -573, -5073, 1287, -1240, -3324,
};
ALIGNED static const int32_t pooled_op0_cell2_w_offset[4] = {
    0, 0, 0, 0,
};
ALIGNED static const int16_t pooled_op0_cell2_bias_z[4] = {
    -2760, -2999, 3253, -1399,
};
ALIGNED static const int16_t pooled_op0_cell2_bias_h[4] = {
    3057, -3309, -3526, -1100,
};
const nn_rnn_pool pooled_op0 = {
    .in_w = 16,
    .in_c = 2,
    .out_w = 3,
    .patch_h = 8,
    .patch_w = 8,
    .stride = 4,
    .repeat_last = 1,
    .out_bits = 7,
    .keep_products = 0,
    .cell1.inputs = 2,
    .cell1.hidden = 4,
    .cell1.pre_bits = 12,
    .cell1.w_shift = 6,
    .cell1.u_shift = 16,
    .cell1.zeta = 16384,
    .cell1.nu = 0,
    .cell1.w = pooled_op0_cell1_w,
    .cell1.u = pooled_op0_cell1_u,
    .cell1.w_offset = pooled_op0_cell1_w_offset,
    .cell1.bias_z = pooled_op0_cell1_bias_z,
    .cell1.bias_h = pooled_op0_cell1_bias_h,
    .cell1.simple = 1,
    .cell1.u_spare = 0,
    .cell1.w_spare = -1,
    .cell2.inputs = 4,
    .cell2.hidden = 4,
    .cell2.pre_bits = 12,
    .cell2.w_shift = 16,
    .cell2.u_shift = 16,
    .cell2.zeta = 16384,
    .cell2.nu = 0,
    .cell2.w = pooled_op0_cell2_w,
    .cell2.u = pooled_op0_cell2_u,
    .cell2.w_offset = pooled_op0_cell2_w_offset,
    .cell2.bias_z = pooled_op0_cell2_bias_z,
    .cell2.bias_h = pooled_op0_cell2_bias_h,
    .cell2.simple = 1,
    .cell2.u_spare = 0,
    .cell2.w_spare = 0,
    .pixel_shift = -1,
};

/* mean1: mean -> 16 */
const nn_mean pooled_op1 = {
    .in_w = 4,
    .channels = 16,
    .rows = 4,
    .in_zero = 0,
    .out_zero = 51,
    .multiplier = 1305210169,
    .shift = -6,
};

/* dense2: dense -> 2 */
ALIGNED static const int8_t pooled_op2_weights[32] = {
    56, 29, 94, -44, -114, -89, 116, -101, 56, -13, 125, 115, -97, -124, -32, -21,
    1, -83, 63, 9, -48, -98, -13, 103, -57, -50, -13, 63, 3, 29, 17, -8,
};
ALIGNED static const int32_t pooled_op2_bias[2] = {
    3060, 3020,
};
ALIGNED static const int32_t pooled_op2_multiplier[2] = {
    1381433372, 1451378468,
};
ALIGNED static const int8_t pooled_op2_shift[2] = {
    -7, -6,
};
const nn_conv pooled_op2 = {
    .in_zero = 51,
    .out_zero = -105,
    .out_min = -128,
    .out_max = 127,
    .weights = pooled_op2_weights,
    .bias = pooled_op2_bias,
    .multiplier = pooled_op2_multiplier,
    .shift = pooled_op2_shift,
    .in_c = 16,
    .out_c = 2,
    .out_w = 1,
};
