/* Int8 row kernels: each computes one output row (all W x C values) from pointers to input rows.
 * Arithmetic: TensorFlow Lite "8-bit quantization specification" with gemmlowp's two roundings, bit for bit
 * as its reference kernels, except nn_rnn_pool_s8, nn_decode_boxes_s8 and nn_nms_s16, whose integer
 * definitions are in mcu_vision/ops/.
 * Layout: activations HWC; a row is W*C values. Rows and outputs may have any alignment.
 * rows[i] == NULL is a row of padding. in_zero, out_zero: zero points. multiplier, shift: Q31 and power of
 * two, positive = left. out_min, out_max: clamp of the fused activation, within int8.
 * Order of parameters: constants, inputs, output, scratch, state, step.
 * scratch: 4-byte aligned, contents undefined before and after a call; sizes are given below in bytes, with
 * even(n) and quad(n) for n rounded up to a multiple of 2 and of 4.
 * state: 4-byte aligned, kept from step 0 to the last step; its contents before step 0 do not matter.
 * Inputs and outputs must not overlap unless a kernel says so. */
#ifndef NN_H
#define NN_H

#include <stdint.h>

/* Convolutions and dense layers. tile: output pixels of a row that share one expansion of the weights, and
 * for which scratch must have room. bias is folded: bias[o] - in_zero * sum(weights of o). Bound of each
 * output channel: |bias[o]| + 128 * sum|weights of o| < 2^30. shift -31..30. */
typedef struct {
    int16_t in_w, in_c, out_w, out_c, tile;
    int8_t kernel_h, kernel_w, stride_w, pad_left, dilation_w;
    int32_t in_zero, out_zero, out_min, out_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
} nn_conv;

/* CONV_2D. weights: for each pair of output channels (the last two once more if out_c is odd and not 1) both
 * biases, twice; then, a word of each channel in turn, the weights, two to a word; multiplier, offset, ties
 * and right of nn_output (nn_math.h). Inputs are kept times 2^input_bits, 0 or 8, accumulators and biases
 * times 2^bits of the channel, up to input_bits + 8, and its weights times 2^(bits - input_bits). right of 0:
 * bits is input_bits, offset the shift. The fast ones have a `right` of 16. Weights go by kernel column,
 * kernel row and channel, the channels in fours in the order 0 2 1 3 if in_c is a multiple of 4. A column has
 * kernel_h * in_c weights, and a zero if this and the step are odd; the last word is filled up with a zero.
 * The step, from one output pixel to the next, is stride_w columns, or kernel_w if dilation_w is above 1 or
 * stride_w above kernel_w. */
typedef struct {
    int16_t in_w, in_c, out_w, out_c, tile;
    int8_t kernel_h, kernel_w, stride_w, pad_left, dilation_w, input_bits;
    int32_t in_zero, out_zero, out_min, out_max;
    const int32_t *weights;
} nn_conv2d;

/* rows: kernel_h pointers, dilated rows already chosen.
 * scratch: 4 * (2 * w + 12) + quad(2 * c * n + 2), where c is the values of a column, w = ceil(kernel_w * c /
 * 2) and n = (min(out_w, tile) - 1) * step + kernel_w. */
void nn_conv_s8(const nn_conv2d *p, const int8_t *const rows[], int8_t *out, int32_t *scratch);

/* The same for `rows` output rows a call, an even number, in tiles of whole rows; windows overlap or touch.
 * rows: (rows
 * - 1) * stride_h + kernel_h pointers. out: `rows`, NULL for those below the map.
 * scratch: 4 * k * (2 * w + 12) + rows * quad(2 * c * n + 2), where n is of a whole row, and k is 2 for a w
 * of 14 or 15 and an out_c of 4 or more, else 1. */
typedef struct {
    nn_conv2d conv;
    int16_t rows;
    int8_t stride_h;
} nn_conv_rows;

void nn_conv_rows_s8(const nn_conv_rows *p, const int8_t *const rows[], int8_t *const out[],
                     int32_t *scratch);

/* CONV_2D with a 3x3 kernel, stride 1, no dilation and an in_c of 16, 32 or 64, four rows a call, by
 * Winograd's minimal filtering F(4x4, 3x3) in integers (mcu_vision/ops/winograd.py). weights: for each pair
 * of output channels (the last two once more if out_c is odd), a word of each channel in turn: 36 transformed
 * filters of in_c values, two to a word, channels in fours in the order 0 2 1 3; 64 times the bias;
 * multiplier; offset = 16 + 2^(right - 1)
 * + out_zero * 2^right; right = 5 - shift. out_c at least 2, right 6..22, and the bound of nn_conv is 2^25.
 * rows: 6, from pad_top above the first row to write. out: 4, NULL for rows below the map.
 * scratch: 4 * (36 * in_c + 264) + quad(in_w * in_c). */
typedef struct {
    int16_t in_w, in_c, out_w, out_c;
    int8_t pad_left;
    int32_t in_zero, out_zero, out_min, out_max;
    const int32_t *weights;
} nn_winograd;

void nn_winograd_s8(const nn_winograd *p, const int8_t *const rows[], int8_t *const out[], int32_t *scratch);

/* CONV_2D with a stride of 1, no dilation and in_c a multiple of 4, which reads each input row once: the sums
 * of the kernel_h - 1 output rows that it reaches besides the one of the step are kept. weights: by kernel
 * row and pair of output channels (the last one twice if out_c is odd), then kernel column and input channel,
 * two of one output channel and two of the other in turn; input channels in fours in the order 0 2 1 3. tile:
 * even. rows: kernel_h pointers, of which all steps but step 0 read the last alone. bias, multiplier and
 * shift: as in nn_conv.
 * scratch: 4 * kernel_w * in_c + 2 * in_c * (min(out_w, tile) + kernel_w - 1).
 * state: 4 * (kernel_h - 1) * out_w * out_c, both rounded up to multiples of 2. */
typedef struct {
    int16_t in_w, in_c, out_w, out_h, out_c, tile;
    int8_t kernel_h, kernel_w, pad_left;
    int32_t in_zero, out_zero, out_min, out_max;
    const int16_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
} nn_conv_carry;

void nn_conv_carry_s8(const nn_conv_carry *p, const int8_t *const rows[], int8_t *out, int32_t *scratch,
                      int32_t *state, int32_t step);

/* CONV_2D with a 1x1 kernel and stride 1. packed: for each pair of output channels (the last one twice if
 * their number is odd) both biases, folded as above, and for each of both multiplier, offset and right of
 * nn_output (nn_math.h); then the weights of both, four of each in turn, with zeros up to a multiple of 4.
 * right of 0: offset is the shift. scaled: accumulators are kept times 2^scaled, and biases are given so; 0,
 * or 8 where the bound is under 2^23, or more, with a bound so much less, if there are no ties: weights are
 * then doubled when they are unpacked. There are nn_outputs only if it is not 0. ties: out_min is under the
 * zero point. fours: 0, or channels may be taken four at a time, their weights doubled fours - 1 times more;
 * then scaled is 8. If out_w is at most tile, row may be the last out_w * in_c bytes of scratch. scratch: 2 *
 * quad(in_c) * (even(min(out_w, tile)) + 2) + 44, with fours 2 * quad(in_c) * (even(min(out_w, tile)) + 4)
 * + 80. */
typedef struct {
    int16_t in_c, out_w, out_c, tile;
    int8_t scaled, ties, fours;
    int32_t out_zero, out_min, out_max;
    const int32_t *packed;
} nn_pointwise;

void nn_pointwise_s8(const nn_pointwise *p, const int8_t *row, int8_t *out, int16_t *scratch);

/* DEPTHWISE_CONV_2D with multiplier 1. Either weights (kernel_h, kernel_w, in_c), bias, multiplier and shift
 * are given, with the bound of nn_conv; or `packed`, for a 3x3 kernel, dilation_w 1, stride_w 1 or 2, 4
 * channels or more and a bound under 2^23: for each channel the words of nn_depthwise_block
 * (nn_depthwise_assembly.h), its bias times 2^bits and its weights, as int16, times 2^(bits - 8), where
 * `output` is nn_output of nn_math.h with these bits; if its `right` is 0, bits is 8 and `offset` the shift.
 * The fast ones have a `right` of 16. scratch: 8 * even(kernel_h) * (w + kernel_w), where w = (min(out_w,
 * tile) - 1) * stride_w + (kernel_w - 1) * dilation_w + 1; with packed 24 * max(w, 3 * stride_w + 3). */
typedef struct {
    int16_t in_w, in_c, out_w, tile;
    int8_t kernel_h, kernel_w, stride_w, pad_left, dilation_w;
    int32_t in_zero, out_zero, out_min, out_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
    const int32_t *packed;
} nn_depthwise;

void nn_depthwise_s8(const nn_depthwise *p, const int8_t *const rows[], int8_t *out, int16_t *scratch);

/* DEPTHWISE_CONV_2D of `rows` output rows a call, an even number: a 3x3 kernel, strides of 1 or 2, no
 * dilation, 4 channels and 2 columns of outputs or more. packed: as in nn_depthwise. pad_left: 0 or more.
 * rows: (rows - 1) * stride + 3 pointers. out: `rows`, NULL for those below the map.
 * scratch: 2 * rows * (b + 4) + quad(in_w * in_c), where b = 4 * (stride + 1) * ((out_w - 1) * stride + 3);
 * and quad(out_w * in_c) more if the map has an odd number of rows. */
typedef struct {
    int16_t in_w, in_c, out_w, rows;
    int8_t stride, pad_left;
    int32_t in_zero, out_zero, out_min, out_max;
    const int32_t *packed;
} nn_depthwise_rows;

void nn_depthwise_rows_s8(const nn_depthwise_rows *p, const int8_t *const rows[], int8_t *const out[],
                          int32_t *scratch);

/* A pointwise convolution and a 3x3 DEPTHWISE_CONV_2D of what it gives, of depthwise.rows output rows a call.
 * expand: as for nn_pointwise_s8, with in_c and out_c multiples of 4, scaled 8, outputs clamped to int8
 * alone, no ties, and a `right` of 8 or more of each channel; its tile is not read. depthwise: as for
 * nn_depthwise_rows_s8, of no more padding than 1. rows: depthwise.rows * stride + 2 pointers, of which all
 * steps but step 0 do not read the first two. out: as there. With s = stride, b = 16 * (s + 1) *
 * ((depthwise.out_w - 1) * s + 3), scratch: (rows / 2) * (b + 16) + b + 12 * (rows * s / 2 + 1)
 * + 2 * in_c * (in_w for each row that there is, one more for a row that is alone in its pair if in_w is odd)
 * + 8 * in_c + 80.
 * state: NULL if there is one step; else b * ceil(out_c / 4 / (s + 1)). */
typedef struct {
    nn_pointwise expand;
    nn_depthwise_rows depthwise;
} nn_expand_depthwise;

void nn_expand_depthwise_s8(const nn_expand_depthwise *p, const int8_t *const rows[], int8_t *const out[],
                            int32_t *scratch, int32_t *state, int32_t step);

/* FULLY_CONNECTED: out_w vectors of in_c inputs, out_c outputs each, weights (out_c, in_c). in_w, tile and
 * kernel fields are not read. Accumulators are scaled with one rounding, ties away from zero.
 * scratch: 2 * in_c. */
void nn_dense_s8(const nn_conv *p, const int8_t *in, int8_t *out, int16_t *scratch);

/* A sum that is clamped to the bytes that one or two scaled inputs give, found by trial of all of them
 * (mcu_vision/ops/short_sum.py): a_factor * a + b_factor * b + start with 22 bits of fraction, plus half, and
 * plus ties if it is negative. half: 0 if there is nothing more to add. a_factor: 0 if there is no such sum.
 */
typedef struct {
    int32_t a_factor, b_factor, start, half, ties;
} nn_short_sum;

/* ADD: both inputs times 2^left_shift (20) are scaled to one scale, added, and scaled to the output's. No
 * shift is positive. out may be a or b. */
typedef struct {
    int32_t count;
    int32_t a_zero, b_zero, out_zero, out_min, out_max;
    int32_t left_shift;
    int32_t a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift;
    nn_short_sum short_sum;
} nn_add;

void nn_add_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out);

/* SUB: a - b, computed as ADD. out may be a or b. */
void nn_sub_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out);

/* SQUARED_DIFFERENCE: both inputs times 2^left_shift (7) are scaled to one scale, subtracted, squared, and
 * scaled. out may be a or b. */
void nn_squared_difference_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out);

/* MUL: (a - a_zero) * (b - b_zero), scaled. shift -31..14. out may be a or b. */
typedef struct {
    int32_t count;
    int32_t a_zero, b_zero, out_zero, out_min, out_max, multiplier, shift;
} nn_mul;

void nn_mul_s8(const nn_mul *p, const int8_t *a, const int8_t *b, int8_t *out);

/* MINIMUM and MAXIMUM of quantised values. out may be a or b. */
typedef struct {
    int32_t count;
} nn_extremum;

void nn_minimum_s8(const nn_extremum *p, const int8_t *a, const int8_t *b, int8_t *out);
void nn_maximum_s8(const nn_extremum *p, const int8_t *a, const int8_t *b, int8_t *out);

/* An inverted bottleneck: 1x1 convolution (expand), depthwise convolution, 1x1 convolution (project) and
 * addition of rows[residual] from pixel residual_x on. packed of NULL: no expand or project; residual -1: no
 * addition. rows: the
 * depthwise.kernel_h (at most NN_BOTTLENECK_ROWS) input rows of the step's window. With expand and no
 * kept_rows a step expands all of them; kept_rows = kernel_h - stride_h is how many are in state from the
 * step before, so that all but step 0 read only the rows after those, and the residual. A row is computed in
 * tiles of depthwise.tile output pixels; project.tile is the same, and there is no dilation. out may be the
 * input row of the same number if later steps do not read that one, shapes and strides are equal and
 * pad_left < kernel_w.
 * scratch: scratch_bytes = quad(b) + max(expand's with its tile as width, a + project's, depthwise's + f), or
 * quad(b) + max(expand's, a + depthwise's) without project, where b = (kernel_h - kept_rows) * hidden
 * channels * min(hidden width, (tile - 1) * stride_w + kernel_w), 0 without expand; a = quad(tile * output
 * channels), 0 without addition; f = tile * hidden channels.
 * state: kept_rows * hidden width * hidden channels. */
typedef struct {
    nn_pointwise expand, project;
    nn_depthwise depthwise;
    nn_add add;
    int16_t stride_h, kept_rows, residual, residual_x;
    int32_t scratch_bytes;
} nn_inverted_bottleneck;

#define NN_BOTTLENECK_ROWS 7

void nn_inverted_bottleneck_s8(const nn_inverted_bottleneck *p, const int8_t *const rows[], int8_t *out,
                               int16_t *scratch, int8_t *state, int32_t step);

/* Constants of a convolution as nn_conv has them; weights as for its kind. */
typedef struct {
    int32_t in_c, out_c, out_zero, out_min, out_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
} nn_filters;

/* nn_inverted_bottleneck_s8 with expand and project and no kept_rows, in little scratch: `group` hidden
 * channels at a time, their part of the projection summed up.
 * scratch: 4 * tile * output channels + group * (kernel_h * ((tile - 1) * stride_w + kernel_w) + tile). */
typedef struct {
    nn_filters expand, depthwise, project;
    nn_add add;
    int16_t in_w, out_w, tile, group, kernel_h, kernel_w, stride_w, pad_left, residual, residual_x;
} nn_bottleneck_groups;

void nn_bottleneck_groups_s8(const nn_bottleneck_groups *p, const int8_t *const rows[], int8_t *out,
                             int32_t *scratch);

/* MAX_POOL_2D and AVERAGE_POOL_2D (of the cells inside, ties away from zero). Padding does not count;
 * each window must hold at least one cell. rows: kernel_h pointers. */
typedef struct {
    int16_t in_w, channels, out_w;
    int8_t kernel_h, kernel_w, stride_w, pad_left;
    int32_t out_min, out_max;
} nn_pool;

void nn_max_pool_s8(const nn_pool *p, const int8_t *const rows[], int8_t *out);
void nn_average_pool_s8(const nn_pool *p, const int8_t *const rows[], int8_t *out);

/* MEAN over height and width: step 0..rows-1 adds a row; the last writes out (channels values). The division
 * by the number of pixels is part of multiplier and shift. SUM alike, without division and with one rounding.
 * state: 4 * channels bytes. */
typedef struct {
    int32_t in_w, channels, rows;
    int32_t in_zero, out_zero, multiplier, shift;
} nn_mean;

void nn_mean_s8(const nn_mean *p, const int8_t *row, int8_t *out, int32_t *state, int32_t step);
void nn_sum_s8(const nn_mean *p, const int8_t *row, int8_t *out, int32_t *state, int32_t step);

/* L2_NORMALIZATION of each of `width` pixels; output scale 2^-out_bits, zero point 0. out may be row. */
typedef struct {
    int32_t width, channels, in_zero, out_bits;
} nn_l2_normalize;

void nn_l2_normalize_s8(const nn_l2_normalize *p, const int8_t *row, int8_t *out);

/* Group normalisation of a whole map; step 0 measures it, each step writes a row. multiplier, shift and
 * offset (of the scale, and with the output's zero point): one a channel. epsilon: of n^2 variances, 2^31 *
 * high + low. Definition: mcu_vision/ops/group_norm.py. state: 12 * channels bytes. */
typedef struct {
    int32_t height, width, channels, groups;
    int32_t in_zero, out_min, out_max, epsilon_high, epsilon_low;
    const int32_t *multiplier, *shift, *offset;
} nn_group_norm;

void nn_group_norm_s8(const nn_group_norm *p, const int8_t *in, int8_t *out, int32_t *state, int32_t step);

/* QUANTIZE from int8 to int8, with a clamp. out may be row. */
typedef struct {
    int32_t count, in_zero, out_zero, multiplier, shift, out_min, out_max;
    nn_short_sum short_sum; /* b_factor: 0 */
} nn_requant;

void nn_requantize_s8(const nn_requant *p, const int8_t *row, int8_t *out);

/* SOFTMAX over the channels of each of `width` pixels, in float32; output scale 1/256, zero point -128.
 * exp_table: exp(-beta * scale * d) for d = 0..255. out may be row. Definition: mcu_vision/ops/softmax.py. */
typedef struct {
    int32_t width, channels;
    const float *exp_table;
} nn_softmax;

void nn_softmax_s8(const nn_softmax *p, const int8_t *row, int8_t *out);

/* LOG_SOFTMAX over the channels (up to 2048) of each of `width` pixels; output scale 1/16, zero point 127.
 * Tables over how far a value lies under the largest. out may be row. Definition:
 * mcu_vision/ops/log_softmax.py. */
typedef struct {
    int32_t width, channels, radius, multiplier, shift;
    const int32_t *distances, *exponentials;
} nn_log_softmax;

void nn_log_softmax_s8(const nn_log_softmax *p, const int8_t *row, int8_t *out);

/* CONCATENATION along channels: channels[i] of each pixel from rows[i]. */
typedef struct {
    int32_t inputs, width;
    const int32_t *channels;
} nn_concat;

void nn_concat_s8(const nn_concat *p, const int8_t *const rows[], int8_t *out);

/* out[i] = table[row[i] + 128]. table (256). out may be row. */
typedef struct {
    int32_t count;
    const int8_t *table;
} nn_lookup;

void nn_lookup_s8(const nn_lookup *p, const int8_t *row, int8_t *out);

/* Row `step` of a permutation of a whole tensor: `runs` times `run` values of the input that are run_step
 * apart, from element starts[step] on; counts and steps of the `axes` loops around a run, outermost first. */
#define NN_REARRANGE_AXES 6

typedef struct {
    const int32_t *starts;
    int32_t runs, run, run_step, axes;
    const int32_t *counts, *steps;
} nn_rearrange;

void nn_rearrange_s8(const nn_rearrange *p, const int8_t *in, int8_t *out, int32_t step);

/* Picked places of a row (in_c channels a pixel): `channels` values of each pixel columns[x] (x < width),
 * those from `first` on if picked is NULL, else those that picked names. A place of -1, and a row of NULL,
 * give `fill`. nn_select_s8: rows: one pointer. nn_select_rows_s8: row rows[step] of a whole tensor of in_row
 * a row. */
typedef struct {
    int32_t width, channels, in_c, first, fill, in_row;
    const int16_t *rows, *columns, *picked;
} nn_select;

void nn_select_s8(const nn_select *p, const int8_t *const rows[], int8_t *out);
void nn_select_rows_s8(const nn_select *p, const int8_t *in, int8_t *out, int32_t step);

/* Row `step` of RESIZE_BILINEAR of a whole image, `width` pixels. Row step lies between input rows
 * row_low[step] and row_high[step], whose share is row_share[step] / 1024; columns alike. */
typedef struct {
    int32_t in_w, channels, width;
    const int16_t *row_low, *row_high, *row_share, *column_low, *column_high, *column_share;
} nn_resize_bilinear;

void nn_resize_bilinear_s8(const nn_resize_bilinear *p, const int8_t *in, int8_t *out, int32_t step);

/* ARG_MAX, or ARG_MIN if smallest is set: of the channels of each of `width` pixels of row `step` of a whole
 * tensor; the first of several. */
typedef struct {
    int32_t width, channels, smallest;
} nn_arg_extremum;

void nn_arg_extremum_s8(const nn_arg_extremum *p, const int8_t *in, int32_t *out, int32_t step);

/* PRELU: what is below zero times (slope - slope_zero). out may be row or slope. */
typedef struct {
    int32_t count, in_zero, slope_zero, out_zero;
    int32_t multiplier, shift, slope_multiplier, slope_shift;
} nn_prelu;

void nn_prelu_s8(const nn_prelu *p, const int8_t *row, const int8_t *slope, int8_t *out);

/* Product `step` of BATCH_MATMUL of whole tensors: a (rows, depth), b (columns, depth), out (rows, columns).
 * depth up to 2^13. */
typedef struct {
    int32_t rows, columns, depth, a_zero, b_zero, out_zero, multiplier, shift;
} nn_batch_matmul;

void nn_batch_matmul_s8(const nn_batch_matmul *p, const int8_t *a, const int8_t *b, int8_t *out,
                        int32_t step);

/* Row `step` of constant values, `count` a row. */
typedef struct {
    int32_t count;
    const int8_t *values;
} nn_constant;

void nn_constant_s8(const nn_constant *p, int8_t *out, int32_t step);

/* Copies a row of `count` values. out may be row. */
typedef struct {
    int32_t count;
} nn_copy;

void nn_copy_s8(const nn_copy *p, const int8_t *row, int8_t *out);

/* Kernels of int16 activations with zero points of 0 (TensorFlow Lite's 16x8): rows and inputs are int16,
 * given as bytes, and aligned to 2. Weights are int8; accumulators have 64 bits and are scaled with one
 * rounding, ties up, by multiplier (within 15 bits) * 2^(shift - 15), shift -31..14; no scratch, no tile,
 * bias not folded. Dense layers scale sums under 2^32 as those of int8. Element-wise operators round as those
 * of int8, and their output may be an input. */
void nn_conv_s16(const nn_conv *p, const int8_t *const rows[], int16_t *out);
void nn_depthwise_s16(const nn_conv *p, const int8_t *const rows[], int16_t *out);
void nn_dense_s16(const nn_conv *p, const int8_t *in, int16_t *out);
void nn_add_s16(const nn_add *p, const int8_t *a, const int8_t *b, int16_t *out);
void nn_sub_s16(const nn_add *p, const int8_t *a, const int8_t *b, int16_t *out);
void nn_mul_s16(const nn_mul *p, const int8_t *a, const int8_t *b, int16_t *out);
void nn_minimum_s16(const nn_extremum *p, const int8_t *a, const int8_t *b, int16_t *out);
void nn_maximum_s16(const nn_extremum *p, const int8_t *a, const int8_t *b, int16_t *out);
void nn_average_pool_s16(const nn_pool *p, const int8_t *const rows[], int16_t *out);
void nn_max_pool_s16(const nn_pool *p, const int8_t *const rows[], int16_t *out);
void nn_mean_s16(const nn_mean *p, const int8_t *row, int16_t *out, int32_t *state, int32_t step);
void nn_requantize_s16(const nn_requant *p, const int8_t *row, int16_t *out);

/* From int8 to int16: out[i] = table[row[i] + 128]. table (256). */
typedef struct {
    int32_t count;
    const int16_t *table;
} nn_lookup_wide;

void nn_lookup_s16(const nn_lookup_wide *p, const int8_t *row, int16_t *out);

/* LOGISTIC, or TANH if hyperbolic is set; table (256): 2^16 * sigmoid(i / 24). */
typedef struct {
    int32_t count, multiplier, shift, hyperbolic;
    const int32_t *table;
} nn_gate;

void nn_gate_s16(const nn_gate *p, const int8_t *row, int16_t *out);

/* SOFTMAX; output scale 2^-15. Tables of 513 entries in Q0.15: exp of -10..0, 1 / (1 + x) of 0..1. */
typedef struct {
    int32_t width, channels, multiplier, shift;
    const int16_t *exponentials, *inverses;
} nn_softmax_wide;

void nn_softmax_s16(const nn_softmax_wide *p, const int8_t *row, int16_t *out);

/* One FastGRNN cell; w (hidden, inputs), u (hidden, hidden), w_offset[i] = -zero point * sum of row i of w.
 * Shifts 1..31, pre_bits 5..13. So that sums keep within 32 bits: for each row of u, and of the second
 * cell's w, the sum of magnitudes is under 2^16 (under 2^17 if zeta = 1, nu = 0); of the first cell's w
 * under 2^22.
 * simple: whether nn_rnn_simple.h holds for the cell, and for what it gives to the next. u_spare, w_spare: by
 * how many bits u and w can be scaled up such that results are the high halves of their sums and none
 * saturates; -1 if they cannot. sweep, project, pixels: code made for the zeros of u, and of w for states and
 * for pixels (nn_rnn_sparse.h), and the words that it reads; NULL where there is none. */
struct nn_rnn_simple;
struct nn_rnn_inputs;
struct nn_rnn_pixels;

typedef void nn_rnn_sweep_code(const struct nn_rnn_simple *c, const struct nn_rnn_inputs *in, int16_t *spare,
                               int first);
typedef void nn_rnn_pixels_code(const struct nn_rnn_pixels *p);
typedef void nn_rnn_project_code(const int16_t *x, const int16_t *w, int16_t *out0, int16_t *out1);

typedef struct {
    int32_t inputs, hidden, pre_bits, w_shift, u_shift, zeta, nu;
    const int16_t *w, *u;
    const int32_t *w_offset;
    const int16_t *bias_z, *bias_h;
    int8_t simple, u_spare, w_spare;
    nn_rnn_sweep_code *sweep;
    const int32_t *sweep_stream;
    nn_rnn_project_code *project;
    const int32_t *project_stream;
    nn_rnn_pixels_code *pixels;
    const int32_t *pixels_stream;
    int32_t sweep_words, project_words, pixels_words;
} nn_rnn_cell;

/* RNNPool. Step s pools rows [s * stride, s * stride + patch_h), given in `rows` (patch_h pointers), to
 * out_w patches of 4 * cell2.hidden channels; if repeat_last is set the last patch is written twice. sigmoid
 * and tanh: gate tables of 513 entries, or NULL for piecewise-linear gates. pixel_shift: by how many bits
 * pixels are scaled up such that input products are the high halves of their sums, -1 if they are widened to
 * int16 first. keep_products: input products of rows that the next step reads too are kept. Definition:
 * mcu_vision/ops/rnn_pool.py. state: 2 * max(patch_h - stride, 0) * (out_w * h2 + u * h1), where h1, h2, k =
 * quad(cell1.hidden, cell2.hidden, in_c) and u = (out_w - 1) * stride + patch_w if keep_products, else 0.
 * scratch: 2 * (h1 * (k + h1 + 6) + h2 * (h1 + h2 + 6) + 2 * k + (b + 2) * max(h1, h2) + patch_h * max(b *
 * h1, h2)
 * + patch_w * h2 + 2 * ceil(patch_w / stride) * ceil(patch_h / 2) * h1), b = 4 if stride > 2, else 2. */
typedef struct {
    int16_t in_w, in_c, out_w, patch_h, patch_w, stride, repeat_last, out_bits, pixel_shift, keep_products;
    nn_rnn_cell cell1, cell2;
    const int16_t *sigmoid, *tanh;
} nn_rnn_pool;

void nn_rnn_pool_s8(const nn_rnn_pool *p, const int8_t *const rows[], int8_t *out, int16_t *scratch,
                    int16_t *state, int32_t step);

/* Boxes are (left, top, width, height, score): int16, in 1/16 pixel, score in Q15; a score of 0 marks the
 * end of a list. Definitions: mcu_vision/ops/decode_boxes.py and non_max_suppression.py. */
#define NN_BOX_VALUES 5

/* Decodes row `step` of one detection level into the list out (top_k boxes), best first. sizes (anchors,
 * 256), scores (511), center_multipliers (anchors). */
typedef struct {
    int32_t width, anchors, backgrounds, stride, image_w, image_h, top_k, min_score, offset_zero;
    const int32_t *center_multipliers;
    const int16_t *sizes, *scores;
} nn_decode_boxes;

void nn_decode_boxes_s8(const nn_decode_boxes *p, const int8_t *offsets, const int8_t *logits, int16_t *out,
                        int32_t step);

/* Merges up to NN_NMS_LISTS lists, each best first, of sizes[i] places, and keeps at most max_boxes boxes
 * that do not overlap a better one: intersection * 1024 <= threshold * union. */
#define NN_NMS_LISTS 16

typedef struct {
    int32_t lists, max_boxes, threshold;
    const int32_t *sizes;
} nn_nms;

void nn_nms_s16(const nn_nms *p, const int16_t *const lists[], int16_t *out);

#endif
