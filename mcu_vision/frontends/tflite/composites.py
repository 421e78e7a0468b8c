"""Composites that our own export writes: operators of ours by name and attributes, whatever their subgraphs are."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any

from mcu_vision.frontends.tflite.builder import GraphBuilder, check, tensor_quantization
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Op, Quantization
from mcu_vision.ops import AveragePool2d, GroupNorm, L2Normalize, Lookup, RnnPool
from mcu_vision.ops.rnn_pool import STATE_BITS
from mcu_vision.ops.rnn_pool_range import largest_sum
from mcu_vision.saved_model import restore_attributes

PREFIX = "mcu_vision."
VERSION = 1
STRING = 5
"""FlexBuffers' number of the type."""


def _possible_pool(values: dict[str, Any]) -> bool:
    size, stride, padding = values["size"], values["stride"], values["padding"]
    if (len(size), len(stride), len(padding)) != (2, 2, 4):
        return False
    return min(*size, *stride) > 0 and all(0 <= p < k for p, k in zip(padding, (*size, *size), strict=True))


def _possible_rnn_pool(values: dict[str, Any]) -> bool:
    lengths = [len(values[key]) for key in ("patch", "zeta", "nu", "formats")]
    formats = values["formats"]
    if lengths != [2, 2, 2, 2] or not all(isinstance(f, tuple) and [type(n) for n in f] == [int] * 5 for f in formats):
        return False
    fits = all(
        5 <= p <= 13 and 0 <= w - p <= 30 and 0 <= u + STATE_BITS - p <= 30 and zeta >= 0 and nu >= 0
        for w, u, p, zeta, nu in formats
    )
    return fits and min(*values["patch"], values["stride"]) > 0 and 0 <= values["out_bits"] <= STATE_BITS


KINDS: dict[str, tuple[type[Op], str, Callable[[dict[str, Any]], bool]]] = {
    "average_pool2d": (AveragePool2d, "", _possible_pool),
    "group_norm": (GroupNorm, "int32", lambda values: values["groups"] > 0 and values["epsilon"] > 0),
    "l2_normalize": (L2Normalize, "", lambda values: 7 <= values["out_bits"] <= 9),
    "lookup": (Lookup, "int8", lambda values: True),
    "rnn_pool": (RnnPool, "int16", _possible_rnn_pool),
}
"""Operator, type of its constants, and whether attributes are possible ones."""


@imports(STABLEHLO_COMPOSITE="those of `mcu-vision export`, as the operators that they were")
def import_composite(builder: GraphBuilder) -> None:
    options, out = builder.operator.options, builder.result()
    name = "" if options is None else options.text(0)
    check(options is not None and name.removeprefix(PREFIX) in KINDS and name.startswith(PREFIX), f"named {name!r}")
    assert options is not None
    check(options.integer(4) == VERSION, f"named {name} in version {options.integer(4)}")
    kind, dtype, possible = KINDS[name.removeprefix(PREFIX)]
    try:
        values = json.loads(_flexible_text(options.array(2, "u1").tobytes()))
    except (ValueError, RecursionError):
        values = None
    check(isinstance(values, dict), f"named {name} whose attributes are no JSON object")
    attributes = restore_attributes(kind, name, values)
    complete = attributes.keys() == kind("", (), ()).attributes().keys()
    check(complete and _are_numbers(attributes) and possible(attributes), f"named {name} with attributes {values}")
    x, quant = builder.activation(), tensor_quantization(out)
    bits = attributes.get("out_bits")
    expected = x.quant if kind is AveragePool2d else quant if bits is None else Quantization((2.0**-bits,), 0)
    check(quant == expected, f"named {name} whose output has another scale")
    constants = {f"constant{i}": (builder.constant(i, dtype), None) for i in range(1, len(builder.operator.inputs))}
    check(
        len(constants) == {"lookup": 1, "group_norm": 2, "rnn_pool": 8}.get(kind.kind, 0),
        f"named {name} of {len(constants)} constants",
    )
    result = builder.emit(kind, [x], out.shape, quant, constants, "int8", **attributes)
    op = builder.graph.ops[-1]
    if isinstance(op, RnnPool):
        check(largest_sum(builder.graph, op) < 1 << 31, f"named {name} whose sums leave 32 bits")
    builder.finish(result)


def _are_numbers(value: Any) -> bool:
    """True if all that is nested in tuples is a small number; a name of an activation has been checked."""
    if isinstance(value, dict):
        return all(_are_numbers(item) for key, item in value.items() if key != "activation")
    if isinstance(value, tuple):
        return all(_are_numbers(item) for item in value)
    return isinstance(value, int | float) and isfinite(value) and abs(value) <= 32767


def _flexible_text(data: bytes) -> str:
    """The string that is all of a FlexBuffer; ValueError if it is anything else. Source: FlatBuffers documentation."""
    if len(data) < 3 or data[-1] not in (1, 2, 4, 8) or data[-2] >> 2 != STRING:
        raise ValueError("no string")
    root, length_bytes = len(data) - 2 - data[-1], 1 << (data[-2] & 3)
    start = root - int.from_bytes(data[root:-2], "little") if root >= 0 else -1
    if start < length_bytes or start > root:
        raise ValueError("an offset leads out of it")
    length = int.from_bytes(data[start - length_bytes : start], "little")
    return data[start : min(start + length, root)].decode()
