"""What the kernels of an operator do in one inference, counted: the features of the cost model."""

from collections import Counter
from dataclasses import dataclass
from functools import singledispatch
from math import ceil, prod

from mcu_vision.ir import Graph, Op
from mcu_vision.ops.common import activation_range, even, quad
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.expand_depthwise import ExpandDepthwise
from mcu_vision.ops.inverted_bottleneck import InvertedBottleneck
from mcu_vision.ops.pack_conv import FOUR_WORDS, column_values
from mcu_vision.ops.pointwise import takes_fours
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.plan.rnn_work import count_rnn_pool
from mcu_vision.plan.work_elements import element_work


@dataclass(frozen=True)
class Work:
    """How often one inference runs each part of a kernel; `kernel` names the model that prices them."""

    kernel: str
    counts: Counter[str]


@singledispatch
def count_work(op: Op, graph: Graph) -> list[Work]:
    """The work of an operator's kernels; of one without a rule: bytes and pixels in and out, MACs, steps."""
    out = graph.tensors[op.outputs[0]]
    counts = _dispatch(op, graph)
    for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
        rows = tensor.rows if window is None else op.steps(graph) * ceil(window.size / window.dilation)
        counts["inputs"] += rows * tensor.row_elements
        counts["pixels"] += rows * tensor.row_elements // tensor.shape[-1]
    counts["outputs"] = prod(out.shape)
    counts["macs"] = op.macs(graph)
    return [Work(op.kind, counts + element_work(op, graph))]


def _dispatch(op: Op, graph: Graph) -> Counter[str]:
    """What the generated code does beside the kernel: find rows, call."""
    steps = op.steps(graph)
    inputs = zip(op.activations(graph), op.windows(graph), strict=True)
    rows = sum(1 if window is None else ceil(window.size / window.dilation) for _, window in inputs)
    return Counter(steps=steps, rows_read=steps * rows)


@count_work.register
def _(op: Conv2d, graph: Graph) -> list[Work]:
    _, rows, width, _ = graph.tensors[op.outputs[0]].shape
    if op.is_pointwise(graph):
        row = _pointwise_row(op, graph, op.step_pixels(graph), op.tile(graph))
        return [Work("pointwise", _dispatch(op, graph) + _times(row, op.steps(graph)))]
    if op.winograd:
        return [Work("winograd", _dispatch(op, graph) + _winograd(op, graph))]
    if op.step_rows:
        steps = [min(op.step_rows, rows - first) for first in range(0, rows, op.step_rows)]
        return [Work(op.kind, _dispatch(op, graph) + sum((_convolution_rows(op, graph, n) for n in steps), Counter()))]
    tile = even(op.tile(graph)) if op.carry else op.tile(graph)
    of_tile = _carrying_tile if op.carry else _convolution_tile
    row = Counter[str]()
    for first in range(0, width, tile):
        row += of_tile(op, graph, min(tile, width - first))
    return [Work("conv_carry" if op.carry else op.kind, _dispatch(op, graph) + _times(row, rows))]


def _carrying_tile(op: Conv2d, graph: Graph, width: int) -> Counter[str]:
    """A tile of an input row of nn_conv_carry_s8, which adds to kernel_h output rows."""
    out_c, kh, kw, in_c = graph.tensors[op.inputs[1]].shape
    passes, taps = kh * ceil(out_c / 2), kw * in_c
    blocks = passes * ceil(width / 2)
    counts = Counter(tiles=1, inputs=(width + kw - 1) * in_c, passes=passes, weights=passes * taps)
    return counts + Counter(blocks=blocks, fours=blocks * taps // 4, outputs=width * out_c)


def _convolution_rows(op: Conv2d, graph: Graph, rows: int) -> Counter[str]:
    """A step of nn_conv_rows_s8: the columns of all rows, then pairs of rows times pairs of channels."""
    width, pairs = graph.tensors[op.outputs[0]].shape[2], ceil(rows / 2)
    row = _convolution_tile(op, graph, width)
    counts = _times(row, rows)
    counts["passes"], counts["weights"] = pairs * row["passes"], row["weights"]
    for name in ("blocks", "words", "rounds", "slow_words", "ties"):
        counts[name] = pairs * width * row[name] // ceil(width / 2)
    words, passes = row["words"] // row["blocks"], row["passes"]
    fours = graph.tensors[op.outputs[0]].shape[3] // 4 if words in FOUR_WORDS and not row["ties"] else 0
    if fours:
        for name in ("passes", "blocks", "words", "rounds"):
            counts[name] = counts[name] * (passes - 2 * fours) // passes
        counts += Counter(four_passes=pairs * fours, four_blocks=pairs * width * fours)
        counts["four_words"] = pairs * width * fours * words
    return +counts


def _convolution_tile(op: Conv2d, graph: Graph, width: int) -> Counter[str]:
    """A tile of a row of nn_conv_s8: columns are widened, then pairs of pixels times pairs of channels."""
    out_c, kh, kw, in_c = graph.tensors[op.inputs[1]].shape
    step = op.window_step(graph)
    columns = kh * ((width - 1) * step + kw)
    column = column_values(kh, in_c, step)
    words, passes, blocks = ceil(kw * column / 2), ceil(out_c / 2), ceil(width / 2) * ceil(out_c / 2)
    counts = Counter(outputs=width * out_c, tiles=1, passes=passes, weights=passes * (2 * words + 8))
    counts += Counter(blocks=blocks, words=blocks * words, rounds=blocks * ceil(words / 8))
    if words == 1 or out_c == 1:
        counts["slow_words"] = blocks * words
    low, _ = activation_range(op.activation, graph.tensors[op.outputs[0]].quant)
    if low < graph.tensors[op.outputs[0]].quant.zero_point:
        counts["ties"] = blocks
    kind = "8" if in_c % 8 == 0 else "4" if in_c % 4 == 0 else "3" if in_c == 3 else "any"
    if (in_c, column, kh) == (1, 3, 3):
        kind = "1"
    return counts + Counter({f"columns_{kind}": columns, f"inputs_{kind}": columns * in_c})


def _winograd(op: Conv2d, graph: Graph) -> Counter[str]:
    """nn_winograd_s8: pairs of tiles are transformed, then multiplied by pairs of channels, whose tiles are written."""
    out_c, _, _, in_c = graph.tensors[op.inputs[1]].shape
    _, rows, width, _ = graph.tensors[op.outputs[0]].shape
    pairs, channel_pairs = op.steps(graph) * ceil(width / 8), ceil(out_c / 2)
    whole, rest = divmod(width, 4)
    counts = Counter(outputs=rows * width * out_c, padding=op.steps(graph) * graph.tensors[op.inputs[0]].row_elements)
    counts += Counter(pairs=pairs, quads=pairs * in_c // 4, blocks=pairs * channel_pairs)
    counts += Counter(products=pairs * channel_pairs * in_c, tiles=op.steps(graph) * whole * 2 * channel_pairs)
    low, _ = activation_range(op.activation, graph.tensors[op.outputs[0]].quant)
    if low < graph.tensors[op.outputs[0]].quant.zero_point:
        counts["ties"] = counts["tiles"]
    return counts + Counter(part_tiles=op.steps(graph) * bool(rest) * 2 * channel_pairs)


def _pointwise_row(op: Op, graph: Graph, width: int, tile: int) -> Counter[str]:
    """A step of nn_pointwise_s8."""
    out_c, _, _, in_c = graph.tensors[op.inputs[1]].shape
    whole, rest = divmod(width, tile)
    fours = out_c // 4 if takes_fours(out_c, tile) else 0
    row = _times(_pointwise_tile(tile, in_c, out_c, fours), whole)
    if rest:
        row += _pointwise_tile(rest, in_c, out_c, fours)
    out = graph.tensors[op.outputs[0]].quant
    if activation_range(getattr(op, "activation"), out)[0] < out.zero_point:  # noqa: B009 - a convolution has one
        row["ties"], row["four_ties"] = row["blocks"], row["four_blocks"]
    return +row


def _pointwise_tile(pixels: int, in_c: int, out_c: int, fours: int) -> Counter[str]:
    """Pairs of pixels times `fours` four channels, then pairs of channels, whose weights are unpacked once."""
    pairs, passes, quads = ceil(pixels / 2), ceil((out_c - 4 * fours) / 2), quad(in_c) // 4
    rounds = pairs * passes * ((quads - 1) // 16)
    counts = Counter(outputs=pixels * out_c, inputs=pixels * in_c, input_pairs=pairs, tiles=1, passes=passes)
    counts += Counter(blocks=pairs * passes, products=pairs * passes * quads, rounds=rounds)
    blocks, weights = pairs * fours, (passes + 2 * fours) * quads
    counts += Counter(four_passes=fours, four_blocks=blocks, four_products=blocks * quads, weights=weights)
    counts += Counter(four_rounds=blocks * ((quads - 1) // 8))
    if in_c % 4:
        counts += Counter(slow_inputs=pixels * in_c, slow_pairs=pairs)
    counts += Counter(single=out_c % 2 * pairs * quads, single_blocks=out_c % 2 * pairs)
    return counts + Counter(odd=pixels % 2 * (passes + fours))


@count_work.register
def _(op: DepthwiseConv2d, graph: Graph) -> list[Work]:
    _, rows, width, _ = graph.tensors[op.outputs[0]].shape
    if op.step_rows:
        return [Work("depthwise_rows", _dispatch(op, graph) + _depthwise_rows(op, graph))]
    tile = op.tile(graph)
    row = Counter[str]()
    for first in range(0, width, tile):
        row += _depthwise_tile(op, graph, min(tile, width - first))
    return [Work(op.kind, _dispatch(op, graph) + _times(row, rows))]


def _depthwise_rows(op: DepthwiseConv2d, graph: Graph) -> Counter[str]:
    """nn_depthwise_rows_s8: pairs of rows of four channels become words; then two by two outputs at a time."""
    _, rows, width, channels = graph.tensors[op.outputs[0]].shape
    in_w, stride, quads = graph.tensors[op.inputs[0]].shape[2], op.stride[1], ceil(channels / 4)
    counts = Counter(outputs=rows * width * channels)
    for first in range(0, rows, op.step_rows):
        bands = ceil(min(op.step_rows, rows - first) / 2)
        pairs, runs = bands * stride + 1, bands
        counts += Counter(passes=4 * quads, quads=quads, pairs=pairs * quads, bands=bands, runs=4 * quads * runs)
        parts = {"words": pairs * in_w * quads, "fours": 4 * quads * bands * ceil(width / 2)}
        counts += Counter({f"{name}_s{stride}": count for name, count in parts.items()})
    low, _ = activation_range(op.activation, graph.tensors[op.outputs[0]].quant)
    if low < graph.tensors[op.outputs[0]].quant.zero_point:
        counts["ties"] = counts[f"fours_s{stride}"]
    return counts


def _depthwise_tile(op: DepthwiseConv2d, graph: Graph, width: int) -> Counter[str]:
    """A tile of a row of nn_depthwise_s8: four channels at a time become columns, then give four outputs at a time."""
    _, kh, kw, channels = graph.tensors[op.inputs[1]].shape
    planes, quads, stride = ceil(kh / 2), ceil(channels / 4), op.stride[1]
    columns = (width - 1) * stride + (kw - 1) * op.dilation[1] + 1
    outputs = width * channels
    counts = Counter(passes=channels, outputs=outputs, tiles=1)
    if (kh, kw, op.dilation[1]) == (3, 3, 1) and stride <= 2 and channels >= 4:
        fours = ceil(width / 4) * channels
        parts = {"quads": quads, "columns": columns * quads, "fours": fours}
        return counts + Counter({f"{name}_s{stride}": count for name, count in parts.items()})
    counts += Counter(quads=quads * planes, columns=columns * quads * planes)
    if channels % 4:
        counts["part_columns"] = columns * planes
    return counts + Counter(slow_outputs=outputs, slow_rows=outputs * planes, slow_words=outputs * planes * kw)


@count_work.register
def _(op: InvertedBottleneck, graph: Graph) -> list[Work]:
    """Its parts, a tile at a time, and what moves between them."""
    parts = op.part_graph(graph)
    if op.group_channels:
        return _grouped_bottleneck(op, graph, parts)
    stages = dict(zip(op.stages, parts.ops, strict=True))
    depthwise = stages["depthwise"]
    assert isinstance(depthwise, DepthwiseConv2d)
    _, rows, width, _ = graph.tensors[op.outputs[0]].shape
    tile = depthwise.tile(parts)
    tiles = [min(tile, width - first) for first in range(0, width, tile)]
    filtered = sum((_depthwise_tile(depthwise, parts, pixels) for pixels in tiles), Counter[str]())
    works = [Work(depthwise.kind, _times(filtered, rows))]
    own = _dispatch(op, graph) + Counter(tiles=rows * len(tiles))
    hidden = parts.tensors[depthwise.inputs[0]]
    if "expand" in stages:
        share = hidden.shape[2] / width
        widest = int(op.kernel(graph).params["expand.tile"])
        expand = stages["expand"]
        row = sum((_pointwise_row(expand, parts, round(n * share), widest) for n in tiles), Counter[str]())
        expanded = _expanded_rows(op, graph)
        works.append(Work("pointwise", _times(row, expanded)))
        own += Counter(calls=expanded * len(tiles), moved=expanded * hidden.row_bytes)
    if "project" in stages:
        row = sum((_pointwise_row(stages["project"], parts, n, tile) for n in tiles), Counter[str]())
        works.append(Work("pointwise", _times(row, rows)))
    if "add" in stages:
        works.append(_addition(stages["add"], parts))
    return [*works, Work(op.kind, own)]


@count_work.register
def _(op: ExpandDepthwise, graph: Graph) -> list[Work]:
    """Pairs of rows are expanded, four channels at a time, to words; then two by two outputs at a time are made."""
    _, rows, width, hidden = graph.tensors[op.outputs[0]].shape
    _, _, in_w, in_c = graph.tensors[op.inputs[0]].shape
    stride, fours, quads = op.stride[1], hidden // 4, in_c // 4
    counts = _dispatch(op, graph)
    for step in range(op.steps(graph)):
        first, last = op.rows_written(graph, step)
        pairs, alone = op.row_pairs(graph, step)
        bands, single = divmod(last - first, 2)
        pixels = pairs * in_w + alone * ceil(in_w / 2)
        blocks = fours * pixels
        counts += Counter(
            inputs=pixels * quads, four_passes=fours, weights=fours * quads, calls=fours * (pairs + alone)
        )
        counts += Counter(products=blocks * quads, rounds=blocks * ((quads - 1) // 8), spread=fours * alone * in_w)
        counts += Counter({f"blocks_s{stride}": blocks, "restored": fours * in_w * bool(step)})
        counts += Counter(runs=4 * fours * (bands + single), bands=bands + single, singles=single * fours)
        counts += Counter({f"fours_s{stride}": 4 * fours * bands * ceil(width / 2)})
        counts += Counter({f"twos_s{stride}": 4 * fours * single * ceil(width / 2)})
    quantization = graph.tensors[op.outputs[0]].quant
    if activation_range(op.stage_activations[1], quantization)[0] < quantization.zero_point:
        counts["ties"] = counts[f"fours_s{stride}"]
    counts["outputs"] = rows * width * hidden
    return [Work(op.kind, +counts)]


def _grouped_bottleneck(op: InvertedBottleneck, graph: Graph, parts: Graph) -> list[Work]:
    """nn_bottleneck_groups_s8: pairs of channels, for all columns of a tile."""
    depthwise = parts.ops[1]
    assert isinstance(depthwise, DepthwiseConv2d)
    _, kh, kw, hidden = parts.tensors[depthwise.inputs[1]].shape
    in_c = graph.tensors[op.inputs[0]].shape[3]
    _, rows, width, out_c = graph.tensors[op.outputs[0]].shape
    tile, group = depthwise.tile(parts), min(op.group_channels, hidden)
    tiles, sizes = rows * ceil(width / tile), [min(group, hidden - c) for c in range(0, hidden, group)]
    pairs = sum(ceil(size / 2) for size in sizes)
    expanded = _expanded_rows(op, graph) * op.columns_expanded(graph) * pairs
    project_pairs = rows * width * ceil(out_c / 2)
    fours, rest = divmod(in_c, 4)
    own = _dispatch(op, graph) + Counter(
        tiles=tiles,
        groups=tiles * len(sizes),
        channels=tiles * hidden,
        expand_rows=tiles * kh * pairs,
        expanded=expanded,
        words=expanded * fours + project_pairs * sum(size // 4 for size in sizes),
        rest=expanded * rest + project_pairs * sum(size % 4 for size in sizes),
        filtered=rows * width * hidden,
        filter_rows=rows * width * hidden * kh,
        taps=rows * width * hidden * kh * kw,
        project_rows=tiles * len(sizes) * ceil(out_c / 2),
        projected=project_pairs * len(sizes),
        output_rows=tiles * out_c,
        outputs=rows * width * out_c,
    )
    added = [_addition(part, parts) for part in parts.ops if part.kind == "add"]
    return [*added, Work("bottleneck_groups", own)]


def _addition(op: Op, parts: Graph) -> Work:
    """The addition at the end of a block."""
    out = parts.tensors[op.outputs[0]]
    values, pixels = prod(out.shape), prod(out.shape[:3])
    return Work(op.kind, Counter(inputs=2 * values, outputs=values, pixels=2 * pixels) + element_work(op, parts))


def _expanded_rows(op: InvertedBottleneck, graph: Graph) -> int:
    """Rows of the hidden map that are computed, again and again with `recompute`."""
    parts = op.part_graph(graph)
    depthwise = parts.ops[op.stages.index("depthwise")]
    height, steps = graph.tensors[op.inputs[0]].rows, range(op.steps(graph))
    window = depthwise.windows(parts)[0]
    assert window is not None
    spans = [window.span(step, height) for step in steps]
    if op.recompute:
        return sum(last - first for first, last in spans)
    return len({row for span in spans for row in range(*span)})


@count_work.register
def _(op: RnnPool, graph: Graph) -> list[Work]:
    counts, simple = count_rnn_pool(op, graph)
    return [Work(op.kind if simple else f"{op.kind}_any", _dispatch(op, graph) + counts)]


def _times(counts: Counter[str], factor: int) -> Counter[str]:
    return Counter({name: factor * count for name, count in counts.items()})
