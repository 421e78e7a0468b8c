"""Damages .tflite files: bytes, and numbers in the tables that the bytes hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from tflite_models import flatbuffers, schema

Random = np.random.Generator
SIZES = [-(2**31), -1, 0, 1, 2, 3, 4, 7, 31, 127, 128, 255, 256, 32767, 32768, 65536, 2**24, 2**31 - 1]
WORDS = [b"\xff" * 4, b"\x00" * 4, b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00"]
SCALES = [0.0, -1.0, float("nan"), float("inf"), 1e-38, 1e-12, 1e12, 1e38, 1.0, 2.0**-7]
TYPES = [0, 1, 2, 3, 4, 6, 7, 9, 17, 99]


def pick(random: Random, options: list[Any]) -> Any:
    """One of the options."""
    return options[int(random.integers(len(options)))]


def damage_bytes(random: Random, data: bytes) -> bytes:
    """A few bytes changed, cut away, or repeated; mostly at the ends of the file, where the tables are."""
    new = bytearray(data)
    for _ in range(random.integers(1, 7)):
        near = int(min(len(new), pick(random, [64, 4000, 20000, len(new)])))
        at = int(random.integers(near)) if random.random() < 0.5 else len(new) - 1 - int(random.integers(near))
        kind = random.integers(4)
        if kind == 0:
            new[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            new[at : at + 4] = pick(random, WORDS)
        elif kind == 2:
            new[at : at + 4] = int(random.integers(len(new))).to_bytes(4, "little")
        else:
            new[at : at + 8] = random.bytes(8)
    if random.random() < 0.1:
        new = new[: int(random.integers(len(new)))]
    return bytes(new)


def damage_tables(random: Random, data: bytes) -> bytes:
    """Some numbers of the file's tables changed; the flatbuffer itself is a good one."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    while True:
        changed = copy.deepcopy(model)
        builder = flatbuffers.Builder(1024)
        try:
            for _ in range(random.integers(1, 4)):
                pick(random, CHANGES)(random, changed, changed.subgraphs[0])
            builder.Finish(changed.Pack(builder), b"TFL3")
        except Exception:  # a number that its field cannot hold, or that the next change trips over
            continue
        return bytes(builder.Output())


def _tensor(random: Random, graph: Any) -> Any:
    return pick(random, graph.tensors)


def _index(random: Random, graph: Any) -> int:
    return int(random.integers(-1, len(graph.tensors) + 1))


def change_shape(random: Random, model: Any, graph: Any) -> None:
    tensor = _tensor(random, graph)
    shape = [int(n) for n in tensor.shape]
    if shape and random.random() < 0.7:
        shape[int(random.integers(len(shape)))] = pick(random, SIZES)
    elif shape and random.random() < 0.5:
        shape.pop()
    else:
        shape.insert(0, pick(random, [1, 1, 2]))
    tensor.shape = shape


def change_type(random: Random, model: Any, graph: Any) -> None:
    _tensor(random, graph).type = pick(random, TYPES)


def change_buffer(random: Random, model: Any, graph: Any) -> None:
    _tensor(random, graph).buffer = int(random.integers(len(model.buffers) + 1))


def change_scale(random: Random, model: Any, graph: Any) -> None:
    quantization = _tensor(random, graph).quantization
    if quantization is not None and quantization.scale is not None:
        count = pick(random, [0, 1, 1, len(quantization.scale), 3])
        quantization.scale = [pick(random, SCALES) for _ in range(count)]
        quantization.zeroPoint = [pick(random, [-129, -128, 0, 127, 128, 2**40]) for _ in range(count)]


def change_axis(random: Random, model: Any, graph: Any) -> None:
    quantization = _tensor(random, graph).quantization
    if quantization is not None:
        quantization.quantizedDimension = pick(random, SIZES)


def change_inputs(random: Random, model: Any, graph: Any) -> None:
    operator = pick(random, graph.operators)
    name = pick(random, ["inputs", "outputs"])
    indices = [int(i) for i in getattr(operator, name)]
    if indices and random.random() < 0.7:
        indices[int(random.integers(len(indices)))] = _index(random, graph)
    elif indices and random.random() < 0.5:
        indices.pop()
    else:
        indices.append(_index(random, graph))
    setattr(operator, name, indices)


def change_ends(random: Random, model: Any, graph: Any) -> None:
    name = pick(random, ["inputs", "outputs"])
    setattr(graph, name, [_index(random, graph) for _ in range(random.integers(4))])


def change_code(random: Random, model: Any, graph: Any) -> None:
    code = pick(random, model.operatorCodes)
    code.builtinCode = int(random.integers(220))
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)


def change_code_index(random: Random, model: Any, graph: Any) -> None:
    pick(random, graph.operators).opcodeIndex = int(random.integers(len(model.operatorCodes) + 1))


def change_option(random: Random, model: Any, graph: Any) -> None:
    options = pick(random, graph.operators).builtinOptions
    names = sorted(vars(options)) if options is not None else []
    if names:
        name = pick(random, names)
        old = getattr(options, name)
        if isinstance(old, float):
            setattr(options, name, pick(random, SCALES))
        elif isinstance(old, (int, np.integer)):
            setattr(options, name, pick(random, SIZES))


def change_options(random: Random, model: Any, graph: Any) -> None:
    one, other = pick(random, graph.operators), pick(random, graph.operators)
    one.builtinOptions, one.builtinOptionsType = other.builtinOptions, other.builtinOptionsType


def change_order(random: Random, model: Any, graph: Any) -> None:
    order = [graph.operators[i] for i in random.permutation(len(graph.operators))]
    graph.operators = pick(random, [order, graph.operators[:-1], [*graph.operators, pick(random, graph.operators)]])


def change_constant(random: Random, model: Any, graph: Any) -> None:
    """A constant of int32: sizes, axes, paddings, biases."""
    small = [t for t in graph.tensors if t.type == 2 and model.buffers[t.buffer].data is not None]
    if small:
        buffer = model.buffers[pick(random, small).buffer]
        values = np.frombuffer(bytes(bytearray(buffer.data)), np.int32).copy()
        if values.size:
            values[int(random.integers(values.size))] = pick(random, SIZES)
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)


CHANGES: list[Callable[[Random, Any, Any], None]] = [
    change_shape,
    change_type,
    change_buffer,
    change_scale,
    change_axis,
    change_inputs,
    change_ends,
    change_code,
    change_code_index,
    change_option,
    change_options,
    change_order,
    change_constant,
]
