"""What a .tflite file holds, as plain values. Source of the field numbers: TensorFlow Lite's schema.fbs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from mcu_vision.frontends.tflite.flatbuffer import FlatBuffer, Malformed, Table
from mcu_vision.frontends.tflite.open_shapes import OPEN, close_shapes
from mcu_vision.frontends.tflite.operator_names import OPERATOR_NAMES
from mcu_vision.ir import Array, Shape

IDENTIFIER = b"TFL3"
VERSION = 3
MAX_ELEMENTS = 1 << 26
TYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    10: "float64",
    15: "uint32",
    16: "uint16",
    17: "int4",
}


@dataclass(frozen=True)
class FileTensor:
    """A tensor of subgraph 0. data: of a constant, shaped; scales: empty if it is not quantised."""

    index: int
    name: str
    shape: Shape
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    data: Array | None

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name})"


@dataclass(frozen=True)
class FileOperator:
    """An operator of subgraph 0. inputs: -1 where an optional one is left out. options: its table, if any."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    def integer(self, field: int, default: int = 0, kind: str = "i4") -> int:
        """An integer option."""
        return default if self.options is None else self.options.integer(field, default, kind)

    def real(self, field: int, default: float = 0.0) -> float:
        """A float option."""
        return default if self.options is None else self.options.real(field, default)

    def boolean(self, field: int, default: bool = False) -> bool:
        """A yes-or-no option."""
        return default if self.options is None else self.options.boolean(field, default)


@dataclass(frozen=True)
class FileModel:
    """Subgraph 0 of a file."""

    tensors: list[FileTensor]
    operators: list[FileOperator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_file_model(data: bytes) -> FileModel:
    """Parse the bytes of a .tflite file; Malformed, with words after the file's name, if they are none."""
    root = FlatBuffer(data, IDENTIFIER).root()
    version = root.integer(0, kind="u4")
    if version != VERSION:
        raise Malformed(f"has schema version {version}, not {VERSION}")
    subgraphs = root.tables(2)
    if not subgraphs:
        raise Malformed("has no subgraph")
    kinds = [_operator_name(code) for code in root.tables(1)]
    buffers = root.tables(4)
    tensors = [_read_tensor(i, table, buffers) for i, table in enumerate(subgraphs[0].tables(0))]
    operators = [_read_operator(i, table, kinds) for i, table in enumerate(subgraphs[0].tables(3))]
    model = FileModel(tensors, operators, subgraphs[0].integers(1), subgraphs[0].integers(2))
    _check_indices(model)
    return _checked(close_shapes(model))


def _checked(model: FileModel) -> FileModel:
    """What shapes have become is not too large."""
    for tensor in model.tensors:
        if prod(tensor.shape) > MAX_ELEMENTS:
            raise Malformed(f"has a tensor {tensor.index} of shape {tensor.shape}, which is too large")
    return model


def _operator_name(code: Table) -> str:
    number = max(code.integer(0, kind="i1"), code.integer(3))
    if number == OPERATOR_NAMES.index("CUSTOM"):
        return f"CUSTOM {code.text(1)}"
    return OPERATOR_NAMES[number] if 0 <= number < len(OPERATOR_NAMES) else f"operator {number}"


def _read_operator(index: int, table: Table, kinds: list[str]) -> FileOperator:
    code = table.integer(0, kind="u4")
    if code >= len(kinds):
        raise Malformed(f"has an operator {index} of kind {code}, but only {len(kinds)} kinds")
    return FileOperator(index, kinds[code], table.integers(1), table.integers(2), table.table(4) or table.table(12))


def _check_indices(model: FileModel) -> None:
    count = len(model.tensors)
    for index in (*model.inputs, *model.outputs, *(i for op in model.operators for i in op.outputs)):
        if not 0 <= index < count:
            raise Malformed(f"mentions tensor {index}, but has only {count}")
    for index in (i for op in model.operators for i in op.inputs):
        if not -1 <= index < count:
            raise Malformed(f"mentions tensor {index}, but has only {count}")


def _read_tensor(index: int, table: Table, buffers: list[Table]) -> FileTensor:
    shape = table.integers(0)
    kind = table.integer(1, kind="i1")
    where = f"has a tensor {index}"
    signature = table.integers(7)
    if any(n < 0 for n in signature[1:]):  # an open batch is taken as the 1 that `shape` says
        if len(signature) != len(shape):
            raise Malformed(f"{where} of shape {shape}, and of shape {signature}")
        pairs = zip(shape[1:], signature[1:], strict=True)
        shape = (*shape[:1], *(OPEN if n < 0 else said for said, n in pairs))
    elements = 1
    for n in (n for n in shape if n != OPEN or not signature):
        elements *= n
        if n < 0 or elements > MAX_ELEMENTS:
            raise Malformed(f"{where} of shape {shape}, which is too large or negative")
    if table.table(6) is not None:
        raise Malformed(f"{where} with sparse weights, which are not supported")
    dtype = TYPES.get(kind, f"type {kind}")
    data = _read_data(where, table.integer(2, kind="u4"), buffers, dtype, shape)
    quantization = table.table(4)
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    if quantization is not None:
        scales = tuple(float(s) for s in quantization.array(2, "f4"))
        zero_points = tuple(int(z) for z in quantization.array(3, "i8"))
        if not all(np.isfinite(s) and s > 0 for s in scales):
            raise Malformed(f"{where} with a scale that is not positive")
    axis = 0 if quantization is None else quantization.integer(6)
    return FileTensor(index, table.text(3), shape, dtype, scales, zero_points, axis, data)


def _read_data(where: str, buffer: int, buffers: list[Table], dtype: str, shape: Shape) -> Array | None:
    """The array of a constant; None for a tensor whose buffer is empty."""
    if buffer >= len(buffers):
        raise Malformed(f"{where} in buffer {buffer}, but only {len(buffers)} buffers")
    if buffers[buffer].integer(1, kind="u8") > 1:
        raise Malformed(f"{where} outside the part of the file that is read (a model over 2 GB)")
    raw = buffers[buffer].array(0, "u1")
    if not raw.size:
        return None
    if dtype in ("int4",) or dtype.startswith("type"):
        return raw
    numbers = np.frombuffer(raw.tobytes(), np.dtype(dtype)) if raw.size % np.dtype(dtype).itemsize == 0 else raw
    if numbers.dtype != np.dtype(dtype) or numbers.size != int(np.prod(shape, dtype=np.int64)):
        raise Malformed(f"{where} of type {dtype} and shape {shape}, but {raw.size} bytes of data")
    return numbers.reshape(shape)
