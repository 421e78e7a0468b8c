"""Blocks of pixels: to channels and back, to batches and back, and the dilated convolutions made of the latter."""

from __future__ import annotations

from dataclasses import replace

from mcu_vision.frontends.tflite.builder import Activation, GraphBuilder, check, tensor_quantization
from mcu_vision.frontends.tflite.layers import VALID, emit_conv, emit_depthwise, image, read_layer
from mcu_vision.frontends.tflite.movement import pick
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.frontends.tflite.schema import FileOperator
from mcu_vision.ops.common import Padding, Pair
from mcu_vision.ops.select import FILL


@imports(SPACE_TO_DEPTH="permutation of the whole tensor")
def import_space_to_depth(builder: GraphBuilder) -> None:
    x, block, out = image(builder), builder.operator.integer(0), builder.result()
    _, h, w, c = x.shape
    check(block > 0 and h % block == 0 and w % block == 0, f"of {list(x.shape)} in blocks of {block}")
    view = (h // block, block, w // block, block, c)
    shape = (1, h // block, w // block, block * block * c)
    builder.finish(builder.rearrange(x, view, (0, 2, 1, 3, 4), shape, tensor_quantization(out)))


@imports(DEPTH_TO_SPACE="permutation of the whole tensor")
def import_depth_to_space(builder: GraphBuilder) -> None:
    x, block, out = image(builder), builder.operator.integer(0), builder.result()
    _, h, w, c = x.shape
    check(block > 0 and c % (block * block) == 0, f"of {list(x.shape)} in blocks of {block}")
    view = (h, w, block, block, c // block // block)
    shape = (1, h * block, w * block, c // block // block)
    builder.finish(builder.rearrange(x, view, (0, 2, 1, 3, 4), shape, tensor_quantization(out)))


@imports(SPACE_TO_BATCH_ND="permutation; before a convolution and BATCH_TO_SPACE_ND one dilated convolution")
def import_space_to_batch(builder: GraphBuilder) -> None:
    """Alone a permutation; before a convolution and BATCH_TO_SPACE_ND all three are a dilated convolution."""
    x, operator = image(builder), builder.operator
    block, (top, left, bottom, right) = _block(builder)
    _, h, w, c = x.shape
    tall, wide = top + h + bottom, left + w + right
    check(tall % block[0] == 0 and wide % block[1] == 0, f"of {list(x.shape)} in blocks of {list(block)}")
    chain = _dilated_chain(builder, operator)
    if chain and _import_dilated(builder, x, block, (top, left, bottom, right), *chain):
        return
    places = {1: (FILL,) * top + tuple(range(h)) + (FILL,) * bottom}
    places[2] = (FILL,) * left + tuple(range(w)) + (FILL,) * right
    padded = pick(builder, x, places, x.quant.zero_point)
    view = (tall // block[0], block[0], wide // block[1], block[1], c)
    shape = (block[0] * block[1], view[0], view[2], c)
    quant = tensor_quantization(builder.result())
    builder.finish(builder.rearrange(padded, view, (1, 3, 0, 2, 4), shape, quant))


@imports(BATCH_TO_SPACE_ND="permutation")
def import_batch_to_space(builder: GraphBuilder) -> None:
    x, quant = builder.activation(), tensor_quantization(builder.result())
    block, (top, left, bottom, right) = _block(builder)
    check(len(x.shape) == 4 and x.shape[0] == block[0] * block[1], f"of {list(x.shape)} in blocks of {list(block)}")
    _, h, w, c = x.shape
    tall, wide = h * block[0], w * block[1]
    check(top + bottom < tall and left + right < wide, f"of {list(x.shape)} without its edges")
    whole = builder.rearrange(x, (*block, h, w, c), (2, 0, 3, 1, 4), (1, tall, wide, c), quant)
    inside = {1: tuple(range(top, tall - bottom)), 2: tuple(range(left, wide - right))}
    builder.finish(pick(builder, whole, inside))


def _block(builder: GraphBuilder) -> tuple[Pair, Padding]:
    """The operator's block (rows, columns), and its paddings or crops."""
    block, edges = builder.indices(1), builder.indices(2)
    valid = len(block) == 2 and len(edges) == 4 and min(block) > 0
    check(valid and max(block) <= 127 and 0 <= min(edges) <= max(edges) <= 32767, f"in blocks {block}, edges {edges}")
    return (block[0], block[1]), (edges[0], edges[2], edges[1], edges[3])


def _dilated_chain(builder: GraphBuilder, operator: FileOperator) -> tuple[FileOperator, FileOperator] | None:
    """The convolution and the BATCH_TO_SPACE_ND behind `operator`, if nothing else reads what is between them."""
    conv = builder.only_reader(operator.outputs[0])
    if conv is None or conv.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D") or conv.inputs[0] != operator.outputs[0]:
        return None
    back = builder.only_reader(conv.outputs[0]) if len(conv.outputs) == 1 else None
    return (conv, back) if back is not None and back.kind == "BATCH_TO_SPACE_ND" else None


def _import_dilated(
    builder: GraphBuilder, x: Activation, block: Pair, pads: Padding, conv: FileOperator, back: FileOperator
) -> bool:
    """Emit the three as one, if they are a convolution without padding of its own, stride and dilation."""
    forth, builder.operator = builder.operator, back
    crop_block, crops = _block(builder)
    quant = tensor_quantization(builder.result())
    builder.operator = conv
    depthwise = conv.kind == "DEPTHWISE_CONV_2D"
    between = replace(x, shape=tuple(builder.file_input(0).shape))
    padding = tuple(pad - crop for pad, crop in zip(pads, crops, strict=True))
    plain = len(between.shape) == 4 and conv.integer(0, 0, "i1") == VALID
    if plain:
        layer = read_layer(builder, between, 3 if depthwise else 0)
        plain = layer.stride == layer.dilation == (1, 1)
    same = crop_block == block and quant == tensor_quantization(builder.result())
    if not (plain and same and 0 <= min(padding) <= max(padding) <= 127):
        builder.operator = forth
        return False
    layer = replace(layer, dilation=block, padding=(padding[0], padding[1], padding[2], padding[3]))
    shape = builder.model.tensors[back.outputs[0]].shape
    value = (emit_depthwise if depthwise else emit_conv)(builder, x, layer, shape)
    builder.operator = back
    builder.finish(value)
    builder.finished |= {conv.index, back.index}
    builder.operator = forth
    return True
