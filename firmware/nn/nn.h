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

/* Convolutions and dense layers. bias is folded: bias[o] - in_zero * sum(weights of o).
 * Bound of each output channel: |bias[o]| + 128 * sum|weights of o| < 2^30. shift -31..30. */
typedef struct {
    int16_t in_w, in_c, out_w, out_c;
    int8_t kernel_h, kernel_w, stride_w, pad_left, dilation_w;
    int32_t in_zero, out_zero, out_min, out_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
} nn_conv;

/* Output pixels that share one expansion of the weights, for which scratch must have room. */
#define NN_TILE_PIXELS 24
#define NN_DEPTHWISE_TILE_PIXELS 48

/* CONV_2D. rows: kernel_h pointers, dilated rows already chosen. weights (out_c, kernel_h, kernel_w, in_c).
 * scratch: 2 * (kernel_h * even(w * in_c) + 4) + 4 * kernel_h * n, where n = quad(kernel_w * in_c) if
 * dilation_w is 1, else kernel_w * quad(in_c); w = (min(out_w, NN_TILE_PIXELS) - 1) * stride_w +
 * (kernel_w - 1) * dilation_w + 1. */
void nn_conv_s8(const nn_conv *p, const int8_t *const rows[], int8_t *out, int16_t *scratch);

/* CONV_2D with a 1x1 kernel and stride 1. Kernel fields are not read.
 * scratch: 2 * quad(in_c) * (even(min(out_w, NN_TILE_PIXELS)) + 2). */
void nn_pointwise_s8(const nn_conv *p, const int8_t *row, int8_t *out, int16_t *scratch);

/* DEPTHWISE_CONV_2D with multiplier 1 (in_c == out_c). weights (kernel_h, kernel_w, in_c).
 * scratch: 8 * even(kernel_h) * (w + kernel_w) + 64, where w = (min(out_w, NN_DEPTHWISE_TILE_PIXELS) - 1)
 * * stride_w + (kernel_w - 1) * dilation_w + 1. */
void nn_depthwise_s8(const nn_conv *p, const int8_t *const rows[], int8_t *out, int16_t *scratch);

/* FULLY_CONNECTED: in_c inputs, out_c outputs, weights (out_c, in_c). Width and kernel fields are not read.
 * scratch: 2 * in_c. */
void nn_dense_s8(const nn_conv *p, const int8_t *in, int8_t *out, int16_t *scratch);

/* ADD: both inputs times 2^left_shift (20) are scaled to one scale, added, and scaled to the output's. No
 * shift is positive. out may be a or b. */
typedef struct {
    int32_t count;
    int32_t a_zero, b_zero, out_zero, out_min, out_max;
    int32_t left_shift;
    int32_t a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift;
} nn_add;

void nn_add_s8(const nn_add *p, const int8_t *a, const int8_t *b, int8_t *out);

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
 * by the number of pixels is part of multiplier and shift.
 * state: 4 * channels bytes. */
typedef struct {
    int32_t in_w, channels, rows;
    int32_t in_zero, out_zero, multiplier, shift;
} nn_mean;

void nn_mean_s8(const nn_mean *p, const int8_t *row, int8_t *out, int32_t *state, int32_t step);

/* L2_NORMALIZATION of each of `width` pixels; output scale 2^-out_bits, zero point 0. out may be row. */
typedef struct {
    int32_t width, channels, in_zero, out_bits;
} nn_l2_normalize;

void nn_l2_normalize_s8(const nn_l2_normalize *p, const int8_t *row, int8_t *out);

/* QUANTIZE from int8 to int8, with a clamp. out may be row. */
typedef struct {
    int32_t count, in_zero, out_zero, multiplier, shift, out_min, out_max;
} nn_requant;

void nn_requantize_s8(const nn_requant *p, const int8_t *row, int8_t *out);

/* Softmax over the channels of each of `width` pixels; output scale 1/256, zero point -128. exp_table:
 * exp(-d * scale) in Q23 for d = 0..255. out may be row. Definition: mcu_vision/ops/softmax.py. */
typedef struct {
    int32_t width, channels;
    const int32_t *exp_table;
} nn_softmax;

void nn_softmax_s8(const nn_softmax *p, const int8_t *row, int8_t *out);

/* CONCATENATION along channels: channels[i] of each pixel from rows[i]. */
typedef struct {
    int32_t inputs, width;
    const int32_t *channels;
} nn_concat;

void nn_concat_s8(const nn_concat *p, const int8_t *const rows[], int8_t *out);

/* Copies a row of `count` values. */
typedef struct {
    int32_t count;
} nn_copy;

void nn_copy_s8(const nn_copy *p, const int8_t *row, int8_t *out);

/* One FastGRNN cell; w (hidden, inputs), u (hidden, hidden), w_offset[i] = -zero point * sum of row i of w.
 * Shifts 1..31, pre_bits 5..13. So that sums keep within 32 bits: for each row of u, and of the second
 * cell's w, the sum of magnitudes is under 2^16 (under 2^17 if zeta = 1, nu = 0); of the first cell's w
 * under 2^22. */
typedef struct {
    int32_t inputs, hidden, pre_bits, w_shift, u_shift, zeta, nu;
    const int16_t *w, *u;
    const int32_t *w_offset;
    const int16_t *bias_z, *bias_h;
} nn_rnn_cell;

/* RNNPool. Step s pools rows [s * stride, s * stride + patch_h), given in `rows` (patch_h pointers), to
 * out_w patches of 4 * cell2.hidden channels; if repeat_last is set the last patch is written twice. sigmoid
 * and tanh: gate tables of 513 entries, or NULL for piecewise-linear gates. Definition:
 * mcu_vision/ops/rnn_pool.py.
 * state: 2 * patch_h * out_w * h2, where h1, h2, k = quad(cell1.hidden, cell2.hidden, in_c).
 * scratch: 2 * (h1 * (k + h1 + 6) + h2 * (h1 + h2 + 6) + 2 * k + 4 * max(h1, h2) + max(2 * patch_h,
 * patch_w + stride) * h1 + patch_w * h2). */
typedef struct {
    int16_t in_w, in_c, out_w, patch_h, patch_w, stride, repeat_last, out_bits;
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
