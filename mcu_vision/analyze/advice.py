"""What would lighten a model, in words: ShuffleNetV2's guidelines G1 to G4 (Ma et al., 2018, section 2), and RAM."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from mcu_vision.analyze.layers import ELEMENT_WISE, Layer, Structure
from mcu_vision.ir import Graph, Op
from mcu_vision.plan import Program

UNEQUAL = 2.0
"""Channels of a 1x1 convolution that differ by this factor are worth a word."""
LEAST_SHARE = 0.02
"""Of the cycles, below which a layer is not worth one."""
MOST_OF_A_KIND = 3
SMALL_SHARE, MANY_SMALL = 0.005, 0.3
LARGE_ELEMENT_WISE = 0.1
LEAST_RAM_GAIN = 0.05


@dataclass(frozen=True)
class Advice:
    """topic: "G1" to "G4" or "RAM". saving: what `text` promises, as a share of what it names, estimated."""

    topic: str
    operator: str
    text: str
    saving: float


@dataclass(frozen=True)
class Alternative:
    """Another plan of the same model, and the options that make it."""

    options: str
    program: Program


def advise(
    graph: Graph, program: Program, layers: list[Layer], structure: Structure, alternatives: Sequence[Alternative]
) -> list[Advice]:
    """Advice by topic, the largest saving first. graph: as it was before planning, which may have fused operators."""
    shares = {layer.name: layer.share for layer in layers}
    return [
        *_unequal_channels(graph, shares)[:MOST_OF_A_KIND],
        *_groups(graph)[:MOST_OF_A_KIND],
        *_fragments(layers, structure),
        *_element_wise(layers, structure),
        *_activations(graph, shares)[:MOST_OF_A_KIND],
        *_shortcuts(program, structure)[:MOST_OF_A_KIND],
        *_ram(program, alternatives),
    ]


def _unequal_channels(graph: Graph, shares: dict[str, float]) -> list[Advice]:
    """G1: with equal channels a 1x1 convolution does the same work with the least memory access."""
    found = []
    for op in graph.ops:
        if op.kind != "conv2d" or shares.get(op.name, 1.0) < LEAST_SHARE:
            continue
        out_c, kh, kw, in_c = graph.tensors[op.inputs[1]].shape
        if (kh, kw) != (1, 1) or max(in_c, out_c) < UNEQUAL * min(in_c, out_c):
            continue
        _, height, width, _ = graph.tensors[op.outputs[0]].shape
        balanced = sqrt(in_c * out_c)
        access = height * width * (in_c + out_c) + in_c * out_c
        saving = 1 - (2 * height * width * balanced + in_c * out_c) / access
        text = (
            f"{op.name} goes from {in_c} to {out_c} channels; {balanced:.0f} on both sides would be the same "
            f"{op.macs(graph) / 1e6:.2f} M MACs with {100 * saving:.0f} % less memory access"
        )
        found.append(Advice("G1", op.name, text, saving))
    return sorted(found, key=lambda advice: -advice.saving)


def _groups(graph: Graph) -> list[Advice]:
    """G2: each group of a convolution moves its part of the map once more than it has to."""
    found = []
    for op in graph.ops:
        parts = [graph.producer(name) for name in op.inputs] if op.kind == "concat" else []
        convs = [part for part in parts if part is not None and part.kind == "conv2d"]
        selected = [graph.producer(part.inputs[0]) for part in convs]
        if len(convs) < 2 or not all(s is not None and s.kind == "select" for s in selected):
            continue
        extra = (
            sum(graph.tensors[s.outputs[0]].size_bytes for s in selected if s) + graph.tensors[op.outputs[0]].size_bytes
        )
        text = (
            f"{op.name} joins {len(convs)} groups of a convolution: cutting the map apart and putting it together "
            f"moves {extra:,} B; fewer groups, or a depthwise and a 1x1 convolution, would not"
        )
        found.append(Advice("G2", op.name, text, 0.0))
    return found


def _fragments(layers: list[Layer], structure: Structure) -> list[Advice]:
    """G3: many small operators, or many branches."""
    found = []
    small = [layer for layer in layers if layer.share < SMALL_SHARE]
    if len(small) > MANY_SMALL * len(layers) and len(layers) > 10:
        share = sum(layer.share for layer in small)
        text = (
            f"{len(small)} of {len(layers)} operators take under {100 * SMALL_SHARE:g} % of the time each, "
            f"{100 * share:.1f} % together: fewer and larger ones spend less on calls and on finding rows"
        )
        found.append(Advice("G3", "", text, share))
    if structure.fragmentation >= UNEQUAL:
        text = (
            f"for each operator on the longest path there are {structure.fragmentation:.1f}: branches keep their "
            "common input in memory until the last of them has read it"
        )
        found.append(Advice("G3", "", text, 0.0))
    return found


def _element_wise(layers: list[Layer], structure: Structure) -> list[Advice]:
    """G4: additions, concatenations and the like."""
    if structure.element_wise_cycles < LARGE_ELEMENT_WISE:
        return []
    largest = max((x for x in layers if x.kind in ELEMENT_WISE), key=lambda layer: layer.cycles)
    text = (
        f"element-wise operators take {100 * structure.element_wise_cycles:.0f} % of the time for no multiplications, "
        f"most of it {largest.name} ({largest.kind}, {100 * largest.share:.1f} %)"
    )
    return [Advice("G4", largest.name, text, structure.element_wise_cycles)]


def _activations(graph: Graph, shares: dict[str, float]) -> list[Advice]:
    """G4: activations that no operator before them could take along."""
    found = []
    for op in graph.ops:
        share = shares.get(op.name, 0.0)
        alone = op.kind == "lookup" or (op.kind == "requantize" and getattr(op, "activation", "none") != "none")
        if alone and share >= SMALL_SHARE:
            why = (
                "a table of its own"
                if op.kind == "lookup"
                else "a pass of its own, since what it clamps is also read without it"
            )
            text = f"{op.name} takes {100 * share:.1f} % of the time: {why}; ReLU or ReLU6 behind a layer costs nothing"
            found.append(Advice("G4", op.name, text, share))
    return sorted(found, key=lambda advice: -advice.saving)


def _shortcuts(program: Program, structure: Structure) -> list[Advice]:
    """RAM: additions whose first operand waits in memory at the peak."""
    graph = program.graph
    live = program.live_bytes()
    peak = int(live.argmax())
    found = []
    for op in graph.ops:
        waiting = _shortcut(graph, op)
        if waiting is None or waiting in (*graph.inputs, *graph.outputs):
            continue
        buffer = program.buffer_of(waiting)
        held = int(buffer.in_use[:, peak].sum()) * buffer.slot_bytes
        if held >= LEAST_RAM_GAIN * structure.peak_live_bytes and graph.ops[program.schedule[peak].op] is not op:
            saving = held / structure.peak_live_bytes
            text = (
                f"{op.name} adds {waiting}, of which {held:,} B wait at the peak ({structure.peak_operator}): "
                f"without this shortcut up to {100 * saving:.0f} % less would be in use there"
            )
            found.append(Advice("RAM", op.name, text, saving))
    return sorted(found, key=lambda advice: -advice.saving)


def _shortcut(graph: Graph, op: Op) -> str | None:
    """Of an addition the operand that is older."""
    if op.kind != "add":
        return None
    order = {name: i for i, other in enumerate(graph.ops) for name in other.outputs}
    return min(op.inputs, key=lambda name: order.get(name, -1))


def _ram(program: Program, alternatives: Sequence[Alternative]) -> list[Advice]:
    """RAM: what other plans of the same model need."""
    found = []
    for other in alternatives:
        saving = 1 - other.program.total_bytes / program.total_bytes
        if saving >= LEAST_RAM_GAIN:
            slower = other.program.cycles_estimated / program.cycles_estimated - 1
            text = (
                f"{other.options} needs {other.program.total_bytes:,} B of arena in place of {program.total_bytes:,} "
                f"({100 * saving:.0f} % less), for {100 * slower:+.1f} % cycles"
            )
            found.append(Advice("RAM", "", text, saving))
    return sorted(found, key=lambda advice: -advice.saving)
