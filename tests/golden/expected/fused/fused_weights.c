#include "fused_weights.h"

#include <stdint.h>

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(4)))
#else
#define ALIGNED
#endif

/* conv2d0: conv2d -> 5 x 4 x 4 */
ALIGNED static const int32_t fused_op0_weights[60] = {
    2402464, 5999104, 2402464, 5999104, 197197184, -134208000, 148899168, -1056958976, 192941472, 612428928, -113242432, -33546368, 115344512, 704697088, 224397056, -394249600,
    54588352, -931122432, 222301504, 1031857536, -253693824, 436223232, 1835387672, 2073616043, 1802248, 1802272, 16, 64, 16, 16, 3526304, 113472,
    3526304, 113472, -106950912, 58721600, 151060320, -138410496, 205583264, 314632000, 127926368, 453043520, 260049600, 113250176, 220204000, -327149376, -117436704, -440395072,
    260110048, -25164416, 111152096, -469697088, 1883708397, 1302258398, 1802248, 1802256, 16, 32, 16, 16,
};
const nn_conv2d fused_op0 = {
    .in_zero = -128,
    .out_zero = 27,
    .out_min = 27,
    .out_max = 102,
    .weights = fused_op0_weights,
    .kernel_h = 3,
    .kernel_w = 3,
    .stride_w = 2,
    .pad_left = 1,
    .dilation_w = 1,
    .in_c = 2,
    .in_w = 8,
    .out_w = 4,
    .out_c = 4,
    .tile = 4,
    .input_bits = 0,
};

/* add4: inverted_bottleneck -> 5 x 4 x 4 */
ALIGNED static const int32_t fused_op1_expand_packed[30] = {
    44544, -608512, 2123882125, 141376, 12, 1891066688, 565312, 14, 1030656149, 148000835, 1861120, -259840, 1206117834, 565312, 14, 1479252443,
    282688, 13, -1172799055, -1044028392, 219136, -725248, 1136826486, 70720, 11, 1657675010, 141376, 12, 692377004, 1028492076,
};
ALIGNED static const int32_t fused_op1_depthwise_packed[60] = {
    -35954688, 243273344, -243266432, -247399904, 157348416, 2304, 2035406367, 5998592, 16, 4096, -47661056, 37750528, 6353344, -83885248, 102761696, 3232,
    1298016971, 5998592, 16, 4096, 11110400, -57082592, 51969256, 47250464, 26739280, 65128, 2044718568, 5997056, 16, 1024, 58032128, 157347968,
    29422624, 90179904, -245301376, 64160, 1793142563, 5998592, 16, 4096, 31326208, 27325216, -46073760, -117440032, -92273600, 3840, 2021344358, 5998592,
    16, 4096, -44023808, 32570896, 18876016, -25165392, 75498480, 944, 1798928747, 5997568, 16, 2048,
};
ALIGNED static const int32_t fused_op1_project_packed[24] = {
    -467456, 732928, 1564167605, -294848, 16, 1414425042, -147392, 15, 1186486706, -2113648881, 277, 9687, 4613376, -7747840, 1228194333, -589760,
    17, 1382797992, -147392, 15, -1778344731, 305611537, 4370, 17022,
};
const nn_inverted_bottleneck fused_op1 = {
    .stride_h = 1,
    .kept_rows = 2,
    .residual = 1,
    .residual_x = 0,
    .scratch_bytes = 192,
    .expand.in_c = 4,
    .expand.out_w = 4,
    .expand.out_c = 6,
    .expand.tile = 4,
    .expand.out_zero = 34,
    .expand.out_min = 34,
    .expand.out_max = 127,
    .expand.scaled = 8,
    .expand.ties = 0,
    .expand.fours = 0,
    .expand.packed = fused_op1_expand_packed,
    .depthwise.in_zero = 34,
    .depthwise.out_zero = 91,
    .depthwise.out_min = 91,
    .depthwise.out_max = 127,
    .depthwise.kernel_h = 3,
    .depthwise.kernel_w = 3,
    .depthwise.stride_w = 1,
    .depthwise.pad_left = 1,
    .depthwise.dilation_w = 1,
    .depthwise.in_c = 6,
    .depthwise.in_w = 4,
    .depthwise.out_w = 4,
    .depthwise.tile = 4,
    .depthwise.packed = fused_op1_depthwise_packed,
    .project.in_c = 6,
    .project.out_w = 4,
    .project.out_c = 4,
    .project.tile = 4,
    .project.out_zero = -5,
    .project.out_min = -128,
    .project.out_max = 127,
    .project.scaled = 8,
    .project.ties = 1,
    .project.fours = 0,
    .project.packed = fused_op1_project_packed,
    .add.count = 16,
    .add.a_zero = 27,
    .add.b_zero = -5,
    .add.out_zero = -11,
    .add.out_min = -128,
    .add.out_max = 127,
    .add.left_shift = 20,
    .add.a_multiplier = 1997650880,
    .add.a_shift = -1,
    .add.b_multiplier = 1073741824,
    .add.b_shift = 0,
    .add.out_multiplier = 1432133479,
    .add.out_shift = -18,
    .add.short_sum.a_factor = 1332211636,
    .add.short_sum.b_factor = 1432133479,
    .add.short_sum.start = -112535337,
    .add.short_sum.half = -44039986,
    .add.short_sum.ties = -311,
};

/* conv2d6: inverted_bottleneck -> 3 x 2 x 2 */
ALIGNED static const int32_t fused_op2_depthwise_packed[40] = {
    -11626496, -46136688, -30932880, -3080728, -58655336, 64944, 1777081713, -1342976, 16, 1024, 6318080, 9502016, -9436392, 29360568, 57671832, 928,
    2068772820, -1342976, 16, 1024, -7995392, -98501136, 82838112, -124779472, -49282816, 768, 1868473289, -1342464, 16, 2048, 6506496, 49807656,
    -46137272, 57671968, 2097416, 64760, 1901086308, -1342976, 16, 1024,
};
ALIGNED static const int32_t fused_op2_project_packed[10] = {
    -224000, -26880, 1264685589, 565312, 14, 1282798302, 282688, 13, -1599467191, 666954818,
};
const nn_inverted_bottleneck fused_op2 = {
    .stride_h = 2,
    .kept_rows = 0,
    .residual = -1,
    .residual_x = 0,
    .scratch_bytes = 224,
    .depthwise.in_zero = -11,
    .depthwise.out_zero = -21,
    .depthwise.out_min = -21,
    .depthwise.out_max = 127,
    .depthwise.kernel_h = 3,
    .depthwise.kernel_w = 3,
    .depthwise.stride_w = 2,
    .depthwise.pad_left = 1,
    .depthwise.dilation_w = 1,
    .depthwise.in_c = 4,
    .depthwise.in_w = 4,
    .depthwise.out_w = 2,
    .depthwise.tile = 2,
    .depthwise.packed = fused_op2_depthwise_packed,
    .project.in_c = 4,
    .project.out_w = 2,
    .project.out_c = 2,
    .project.tile = 2,
    .project.out_zero = 34,
    .project.out_min = -128,
    .project.out_max = 127,
    .project.scaled = 8,
    .project.ties = 1,
    .project.fours = 0,
    .project.packed = fused_op2_project_packed,
};
