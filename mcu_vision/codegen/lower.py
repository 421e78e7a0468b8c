"""From a program to the names, constants and calls that the templates print."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from mcu_vision.codegen.sparse_rnn import SparseCode, sparse_code
from mcu_vision.ir import Array, Graph, Op, RowWindow, Tensor
from mcu_vision.ops import ReadRows
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.plan import Buffer, Place, Program

C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "int32": "int32_t", "float32": "float"}


@dataclass(frozen=True)
class CArray:
    """A constant array of the weights file. region: of RAM, if it is to lie there."""

    name: str
    c_type: str
    values: Array
    region: str = ""

    @property
    def lines(self) -> list[str]:
        """The values, 16 a line."""
        suffix = "f" if self.c_type == "float" else ""
        flat = [f"{v}{suffix}" if v != -(2**31) else "INT32_MIN" for v in self.values.reshape(-1).tolist()]
        return [", ".join(flat[i : i + 16]) for i in range(0, len(flat), 16)]


@dataclass
class COperator:
    """One operator as C: its parameter struct, its constants, and what one step passes to the kernel.

    `struct` is empty where there is no kernel: a step then calls `function` for row `step` of the image.
    """

    index: int
    name: str
    comment: str
    function: str
    struct: str
    fields: list[tuple[str, str]]
    arrays: list[CArray]
    setup: list[str]
    arguments: list[str]
    after: list[str]
    copies_from: int | None
    output_ring: str
    codes: list[SparseCode] = field(default_factory=list)

    @property
    def uses_step(self) -> bool:
        """True if the generated function reads its argument."""
        return any("step" in text for text in (*self.setup, *self.arguments, *self.after))


@dataclass(frozen=True)
class CRing:
    """A row ring in an arena. slots: the address of each, unless they follow one another."""

    name: str
    comment: str
    address: str
    slots: list[str]
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
    input_address: str | None
    input_preserved: bool
    kernels: list[str] = field(default_factory=list)

    @property
    def weight_regions(self) -> list[str]:
        """Regions of RAM that hold weights."""
        return sorted({array.region for op in self.operators for array in op.arrays if array.region})

    @property
    def count_type(self) -> str:
        """Of how many steps an operator has done."""
        most = max(Counter(step.op for step in self.program.schedule).values(), default=0)
        return "uint8_t" if most <= 255 else "uint16_t"

    @property
    def has_sparse_code(self) -> bool:
        """True if an operator has routines of its own."""
        return any(op.codes for op in self.operators)

    @property
    def passes(self) -> int:
        """How often an inference asks for all rows of the image."""
        return sum(isinstance(op, ReadRows) for op in self.graph.ops)

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
    held = {name for buffer in program.buffers for name in buffer.tensors}
    rings = {
        t.name: _ring(program, prefix, i, t) for i, t in enumerate(t for t in graph.tensors.values() if t.name in held)
    }
    scratch = _scratch_rings(program, prefix)
    image = rings.get(graph.input.name)
    operators = [_lower_op(program, prefix, i, op, rings, scratch) for i, op in enumerate(graph.ops)]
    _share_arrays(operators)
    order = [str(step.op) for step in program.schedule]
    return CModel(
        name=graph.name,
        prefix=prefix,
        macro=prefix.upper(),
        graph=graph,
        program=program,
        arenas=[(r, f"{prefix}_arena_{r}", n) for r, n in program.arena_bytes.items() if n],
        rings=[*rings.values(), *scratch.values()],
        operators=operators,
        outputs=[(graph.tensors[n], rings[n].name) for n in graph.outputs],
        detections=next((graph.tensors[op.outputs[0]] for op in graph.ops if op.kind == "non_max_suppression"), None),
        schedule_type="uint8_t" if len(graph.ops) <= 256 else "uint16_t",
        schedule_lines=[", ".join(order[i : i + 32]) for i in range(0, len(order), 32)],
        input_address=image.address if image else None,
        input_preserved=image is not None and _input_preserved(program),
        kernels=sorted({op.function for op in operators if op.struct}),
    )


def _share_arrays(operators: list[COperator]) -> None:
    """Let operators that have equal constants (strips of a map for one) use those of the first."""
    known: dict[tuple[str, bytes], str] = {}
    for op in operators:
        names = {
            array.name: known.setdefault((array.c_type, array.values.tobytes()), array.name) for array in op.arrays
        }
        op.fields = [(key, names.get(value, value)) for key, value in op.fields]
        op.arrays = [array for array in op.arrays if names[array.name] == array.name]


def _comment(text: str) -> str:
    """`text` as the inside of a C comment of one line."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *").rstrip("\\")


def _address(prefix: str, place: Place) -> str:
    return f"{prefix}_arena_{place.region} + {place.offset}"


def _ring(program: Program, prefix: str, index: int, tensor: Tensor) -> CRing:
    comment = f"{tensor.name}: {' x '.join(map(str, tensor.shape[1:]))} {tensor.dtype}"
    return _slots(prefix, f"tensor_{index}", comment, program.buffer_of(tensor.name), tensor.rows)


def _slots(prefix: str, name: str, comment: str, buffer: Buffer, rows: int) -> CRing:
    base, row_bytes = buffer.places[0], buffer.row_bytes
    in_line = [Place(base.region, base.offset + i * row_bytes) for i in range(buffer.capacity)]
    slots = [] if buffer.places == in_line else [_address(prefix, place) for place in buffer.places]
    return CRing(name, _comment(comment), _address(prefix, base), slots, row_bytes, buffer.capacity, rows)


def _scratch_rings(program: Program, prefix: str) -> dict[str, CRing]:
    """Where scratch lies that is not always in one place, by operator."""
    rings = {}
    for index, op in enumerate(program.graph.ops):
        buffer = program.scratch_of(op.name)
        if buffer is not None and buffer.capacity > 1:
            comment = f"{op.name}: scratch"
            rings[op.name] = _slots(prefix, f"scratch_{index}", comment, buffer, op.steps(program.graph))
    return rings


def _input_preserved(program: Program) -> bool:
    """True if nothing overwrites the image during an inference."""
    image = program.buffer_of(program.graph.inputs[0])
    region, low = image.places[0]
    high = low + image.size_bytes
    return not any(
        place.region == region and place.offset < high and place.offset + b.slot_bytes > low
        for b in program.buffers
        if b is not image
        for place in b.places
    )


def _lower_op(
    program: Program, prefix: str, index: int, op: Op, rings: dict[str, CRing], scratch: dict[str, CRing]
) -> COperator:
    graph = program.graph
    call = op.kernel(graph)
    name = f"{prefix}_op{index}"
    promoted = {constant.constant: constant.region for constant in program.promoted if constant.op == op.name}
    arrays, fields = [], []
    for key, value in call.params.items():
        if isinstance(value, np.ndarray):
            array = CArray(f"{name}_{c_identifier(key)}", C_TYPES[str(value.dtype)], value, promoted.get(key, ""))
            arrays.append(array)
            fields.append((key, array.name))
        else:
            fields.append((key, str(int(value))))
    codes = sparse_code(op, graph, name) if isinstance(op, RnnPool) else []
    for code in codes:
        stream = CArray(f"{code.name}_stream", "int32_t", code.stream)
        arrays.append(stream)
        words = str(code.stream.size)
        fields += [(code.key, code.name), (f"{code.key}_stream", stream.name), (f"{code.key}_words", words)]
    output = graph.tensors[op.outputs[0]]
    setup, arguments = _inputs(graph, op, call.arguments, rings) if call.struct else ([], ["step"])
    row = "0" if op.accumulates or output.rows == 1 else "step"
    cast = "" if output.dtype == "int8" or call.moves_bytes else f"({C_TYPES[output.dtype]} *)(void *)"
    target = f"{cast}nn_row(&{rings[output.name].name}, {row})"
    after: list[str] = []
    if isinstance(op, ReadRows) and op.columns:
        copy = f"memcpy({target}, row + {op.bytes_skipped(graph)}, {output.row_bytes});"
        after = ["if (read_error == 0) {", f"    {copy}", "}"]
    elif call.output_rows > 1:
        setup.append(f"int8_t *out[{call.output_rows}];")
        setup.append(f"nn_places(&{rings[output.name].name}, step * {call.output_rows}, {call.output_rows}, out);")
        arguments.append("out")
    else:
        arguments.append(target)
    for buffer in (program.scratch_of(op.name), program.state_of(op.name)):
        if buffer:
            turns = scratch.get(op.name) if buffer.kind == "scratch" else None
            where = f"nn_row(&{turns.name}, step)" if turns else f"({_address(prefix, buffer.place())})"
            if after:
                setup.append(f"int8_t *const row = {where};")
            arguments.append("row" if after else f"(void *){where}")
    if call.passes_state and not call.state_bytes:
        arguments.append("NULL")
    if call.passes_step:
        arguments.append("step")
    copies = [step for step in range(op.steps(graph)) if op.row_copied(graph, step) is not None]
    shape = " x ".join(map(str, output.shape[1:]))
    comment = _comment(f"{op.name}: {op.kind} -> {shape}" + (f" ({op.source})" if op.source else ""))
    return COperator(
        index,
        name,
        comment,
        call.function or f"{prefix}_read_row",
        call.struct,
        fields,
        arrays,
        setup,
        arguments,
        after,
        min(copies, default=None),
        rings[output.name].name,
        codes,
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
            count = (window.lead + window.size - 1) // window.dilation + 1
            setup.append(f"const int8_t *rows[{count}];")
            setup.append(f"nn_window(&{name}, {_first_row(window)}, {window.dilation}, {count}, rows);")
            arguments.append("rows")
        else:
            arguments.append(f"nn_row(&{name}, {'0' if kind == 'whole' else 'step'})")
    return setup, arguments


def _first_row(window: RowWindow) -> str:
    """C expression of the first row that `step` is given: those before its window are there in step 0 alone."""
    text = "step" if window.stride == 1 else f"step * {window.stride}"
    offset = window.offset - window.lead
    if offset:
        text += f" {'-' if offset < 0 else '+'} {abs(offset)}"
    return text
