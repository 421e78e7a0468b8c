"""The layers of a planned int8 graph: parameters, work, memory access, memory and time."""

from collections import Counter
from dataclasses import dataclass
from math import prod

from mcu_vision.ir import Graph, Op
from mcu_vision.plan import Program, estimate_cycles

ELEMENT_WISE = frozenset(
    ("add", "concat", "lookup", "maximum", "minimum", "mul", "prelu", "rearrange", "requantize", "select", "sub")
)
"""Kinds that compute little for each value that they move (ShuffleNetV2, guideline 4)."""


@dataclass(frozen=True)
class Layer:
    """One operator as planned.

    shape: of the output. parameters: values of its constants. access_bytes: memory access cost, each input, output
    and constant once (ShuffleNetV2, section 2). live_bytes: the most bytes of the arena in use while it runs. cycles:
    of one inference, estimated, without wait states; share: of all cycles.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    access_bytes: int
    live_bytes: int
    cycles: int
    share: float


@dataclass(frozen=True)
class Structure:
    """Figures of the whole graph.

    fragmentation: operators for each one on the longest path, 1 for a chain. element_wise_cycles and _access: shares
    of operators that move more than they compute. peak_operator: what runs where most of the arena is in use.
    """

    parameters: int
    macs: int
    access_bytes: int
    cycles: int
    arena_bytes: int
    operators: int
    fragmentation: float
    element_wise_cycles: float
    element_wise_access: float
    peak_operator: str
    peak_live_bytes: int


def list_layers(program: Program) -> list[Layer]:
    """All operators in order."""
    graph = program.graph
    cycles = [estimate_cycles(graph, op) for op in graph.ops]
    live = program.live_bytes()
    most = Counter[int]()
    for position, step in enumerate(program.schedule):
        most[step.op] = max(most[step.op], int(live[position]))
    total = max(1, sum(cycles))
    return [
        Layer(
            op.name,
            op.kind,
            graph.tensors[op.outputs[0]].shape[1:],
            _parameters(graph, op),
            op.macs(graph),
            sum(graph.tensors[name].size_bytes for name in (*op.inputs, *op.outputs)),
            most[index],
            cycles[index],
            cycles[index] / total,
        )
        for index, op in enumerate(graph.ops)
    ]


def _parameters(graph: Graph, op: Op) -> int:
    constants = (graph.tensors[name] for name in op.inputs if graph.tensors[name].data is not None)
    return sum(prod(tensor.shape) for tensor in constants)


def describe_structure(program: Program, layers: list[Layer]) -> Structure:
    """The sums over `layers`, which are the program's."""
    cycles, access = max(1, sum(x.cycles for x in layers)), max(1, sum(x.access_bytes for x in layers))
    moving = [x for x in layers if x.kind in ELEMENT_WISE]
    live = program.live_bytes()
    peak = int(live.argmax())
    return Structure(
        sum(x.parameters for x in layers),
        sum(x.macs for x in layers),
        access,
        cycles,
        program.total_bytes,
        len(layers),
        len(layers) / max(1, longest_path(program.graph)),
        sum(x.cycles for x in moving) / cycles,
        sum(x.access_bytes for x in moving) / access,
        program.graph.ops[program.schedule[peak].op].name,
        int(live[peak]),
    )


def longest_path(graph: Graph) -> int:
    """Operators on the longest way from the image to an output."""
    depth: dict[str, int] = {}
    for op in graph.ops:
        before = max((depth.get(name, 0) for name in op.inputs), default=0)
        depth |= dict.fromkeys(op.outputs, before + 1)
    return max(depth.values(), default=0)
