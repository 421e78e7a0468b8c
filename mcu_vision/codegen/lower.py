"""From a program to the names, constants and calls that the templates print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from mcu_vision.ir import Array, Graph, Op, RowWindow, Tensor
from mcu_vision.plan.program import Buffer, Program

C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "int32": "int32_t"}


@dataclass(frozen=True)
class CArray:
    """A constant array of the weights file."""

    name: str
    c_type: str
    values: Array

    @property
    def lines(self) -> list[str]:
        """The values, 16 a line."""
        flat = [str(v) if v != -(2**31) else "INT32_MIN" for v in self.values.reshape(-1).tolist()]
        return [", ".join(flat[i : i + 16]) for i in range(0, len(flat), 16)]


@dataclass
class COperator:
    """One operator as C: its parameter struct, its constants, and what one step passes to the kernel."""

    index: int
    name: str
    comment: str
    function: str
    struct: str
    fields: list[tuple[str, str]]
    arrays: list[CArray]
    setup: list[str]
    arguments: list[str]
    repeat_last_at: int | None
    output_ring: str

    @property
    def uses_step(self) -> bool:
        """True if the generated function reads its argument."""
        return any("step" in text for text in (*self.setup, *self.arguments))


@dataclass(frozen=True)
class CRing:
    """A row ring in an arena."""

    name: str
    comment: str
    address: str
    row_bytes: int
    capacity: int
    rows: int


@dataclass
class CModel:
    """Everything that the templates need."""

    name: str
    prefix: str
    macro: str
    graph: Graph
    program: Program
    arenas: list[tuple[str, str, int]]
    rings: list[CRing]
    operators: list[COperator]
    outputs: list[tuple[Tensor, str]]
    detections: Tensor | None
    schedule_type: str
    schedule_lines: list[str]
    input_address: str
    input_preserved: bool
    kernels: list[str] = field(default_factory=list)

    @property
    def detection_output(self) -> int:
        """Which of the outputs holds the boxes."""
        return next(i for i, (tensor, _) in enumerate(self.outputs) if tensor is self.detections)


def c_identifier(name: str) -> str:
    """`name` as a C identifier."""
    identifier = re.sub(r"\W", "_", name)
    return f"m_{identifier}" if not identifier or identifier[0].isdigit() else identifier


def lower_program(program: Program) -> CModel:
    """Name every array, ring and call of `program`."""
    graph = program.graph
    prefix = c_identifier(graph.name)
    rings = {
        t.name: _ring(program, prefix, i, t) for i, t in enumerate(t for t in graph.tensors.values() if t.data is None)
    }
    operators = [_lower_op(program, prefix, i, op, rings) for i, op in enumerate(graph.ops)]
    order = [str(step.op) for step in program.schedule]
    return CModel(
        name=graph.name,
        prefix=prefix,
        macro=prefix.upper(),
        graph=graph,
        program=program,
        arenas=[(r, f"{prefix}_arena_{r}", n) for r, n in program.arena_bytes.items() if n],
        rings=list(rings.values()),
        operators=operators,
        outputs=[(graph.tensors[n], rings[n].name) for n in graph.outputs],
        detections=next((graph.tensors[op.outputs[0]] for op in graph.ops if op.kind == "non_max_suppression"), None),
        schedule_type="uint8_t" if len(graph.ops) <= 256 else "uint16_t",
        schedule_lines=[", ".join(order[i : i + 32]) for i in range(0, len(order), 32)],
        input_address=rings[graph.inputs[0]].address,
        input_preserved=_input_preserved(program),
        kernels=sorted({op.function for op in operators}),
    )


def _comment(text: str) -> str:
    """`text` as the inside of a C comment of one line."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *").rstrip("\\")


def _address(prefix: str, buffer: Buffer) -> str:
    return f"{prefix}_arena_{buffer.region} + {buffer.arena_offset}"


def _ring(program: Program, prefix: str, index: int, tensor: Tensor) -> CRing:
    buffer = program.buffer_of(tensor.name)
    comment = _comment(f"{tensor.name}: {' x '.join(map(str, tensor.shape[1:]))} {tensor.dtype}")
    return CRing(f"tensor_{index}", comment, _address(prefix, buffer), tensor.row_bytes, buffer.capacity, tensor.rows)


def _input_preserved(program: Program) -> bool:
    """True if nothing overwrites the image during an inference."""
    image = program.buffer_of(program.graph.inputs[0])
    low, high = image.arena_offset, image.arena_offset + image.size_bytes
    return not any(
        b is not image and b.region == image.region and b.arena_offset < high and b.arena_offset + b.size_bytes > low
        for b in program.buffers
    )


def _lower_op(program: Program, prefix: str, index: int, op: Op, rings: dict[str, CRing]) -> COperator:
    graph = program.graph
    call = op.kernel(graph)
    name = f"{prefix}_op{index}"
    arrays, fields = [], []
    for key, value in call.params.items():
        if isinstance(value, np.ndarray):
            array = CArray(f"{name}_{c_identifier(key)}", C_TYPES[str(value.dtype)], value)
            arrays.append(array)
            fields.append((key, array.name))
        else:
            fields.append((key, str(int(value))))
    output = graph.tensors[op.outputs[0]]
    setup, arguments = _inputs(graph, op, call.arguments, rings)
    row = "0" if op.accumulates or output.rows == 1 else "step"
    cast = "" if output.dtype == "int8" else f"({C_TYPES[output.dtype]} *)(void *)"
    arguments.append(f"{cast}nn_row(&{rings[output.name].name}, {row})")
    for buffer in (program.scratch_of(op.name), program.state_of(op.name)):
        if buffer:
            arguments.append(f"(void *)({_address(prefix, buffer)})")
    if call.passes_step:
        arguments.append("step")
    last = op.steps(graph) - 1
    repeats = op.rows_written(graph, last)[1] - last > 1 and not op.accumulates
    shape = " x ".join(map(str, output.shape[1:]))
    comment = _comment(f"{op.name}: {op.kind} -> {shape}" + (f" ({op.source})" if op.source else ""))
    return COperator(
        index,
        name,
        comment,
        call.function,
        call.struct,
        fields,
        arrays,
        setup,
        arguments,
        last if repeats else None,
        rings[output.name].name,
    )


def _inputs(graph: Graph, op: Op, kinds: tuple[str, ...], rings: dict[str, CRing]) -> tuple[list[str], list[str]]:
    """Statements that prepare the input pointers, and the arguments that pass them."""
    tensors, windows = op.activations(graph), op.windows(graph)
    names = [rings[t.name].name for t in tensors]
    if kinds == ("whole_list",):
        rows = ", ".join(f"(const int16_t *)(const void *)nn_row(&{n}, 0)" for n in names)
        return [f"const int16_t *const lists[] = {{{rows}}};"], ["lists"]
    if kinds == ("row_list",):
        rows = ", ".join(f"nn_row(&{n}, step)" for n in names)
        return [f"const int8_t *const rows[] = {{{rows}}};"], ["rows"]
    setup, arguments = [], []
    for kind, name, window in zip(kinds, names, windows, strict=True):
        if kind == "rows":
            assert window is not None
            count = (window.size - 1) // window.dilation + 1
            setup.append(f"const int8_t *rows[{count}];")
            setup.append(f"nn_window(&{name}, {_first_row(window)}, {window.dilation}, {count}, rows);")
            arguments.append("rows")
        else:
            arguments.append(f"nn_row(&{name}, {'0' if kind == 'whole' else 'step'})")
    return setup, arguments


def _first_row(window: RowWindow) -> str:
    """C expression of the first row that `step` reads."""
    text = "step" if window.stride == 1 else f"step * {window.stride}"
    if window.offset:
        text += f" {'-' if window.offset < 0 else '+'} {abs(window.offset)}"
    return text
