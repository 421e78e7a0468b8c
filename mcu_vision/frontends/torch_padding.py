"""Pixels around a map: aten operators to padding of the next operator, or to rows and columns taken twice."""

from __future__ import annotations

import numpy as np

from mcu_vision.frontends.torch_values import Activation, Arguments, GraphBuilder, Importer, Value, check
from mcu_vision.ir import Shape, Tensor
from mcu_vision.ops import RnnPool, Select

NUMPY_MODES = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}


def pad(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Zeros around a map are left to its consumer; other modes take pixels of the map."""
    x, amounts = a["self"], [int(n) for n in a["pad"]]
    check(len(amounts) == 4 and min(amounts) >= 0, f"by {amounts} (only left, right, top, bottom)")
    check(isinstance(x, Activation) and x.map_shape is None, "of a flattened map")
    mode = a.get("mode", "constant")
    if mode in NUMPY_MODES:
        return _pad_with_pixels(builder, x, amounts, mode, shape)
    check(not a.get("value"), f"with value={a.get('value')} (only zeros)")
    before = x.padding
    left, right, top, bottom = amounts
    total = (before[0] + top, before[1] + left, before[2] + bottom, before[3] + right)
    return Activation(x.name, shape, total)


def _pad_2d(mode: str) -> Importer:
    def emit(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
        return pad(builder, {"self": a["self"], "pad": a["padding"], "mode": mode}, shape)

    return emit


def _pad_with_pixels(builder: GraphBuilder, x: Activation, amounts: list[int], mode: str, shape: Shape) -> Value:
    """Behind RNNPool, whose only reader it is, replication by one at the end is fused."""
    x = builder.plain(x)
    op = builder.producer(x)
    if (
        isinstance(op, RnnPool)
        and mode == "replicate"
        and builder.users_of_input == 1
        and amounts == [0, 1, 0, 1]
        and not op.replicate_last
    ):
        op.replicate_last = True
        inferred = op.infer_shape([builder.graph.tensors[n] for n in op.inputs])
        builder.graph.tensors[x.name] = Tensor(x.name, inferred)
        return Activation(x.name, shape)
    left, right, top, bottom = amounts
    rows = np.pad(np.arange(x.shape[2]), (top, bottom), NUMPY_MODES[mode])  # type: ignore[call-overload]
    columns = np.pad(np.arange(x.shape[3]), (left, right), NUMPY_MODES[mode])  # type: ignore[call-overload]
    return builder.emit(Select, [x], {}, shape, rows=tuple(rows.tolist()), columns=tuple(columns.tolist()))


PADDING: dict[str, Importer] = {
    "aten.constant_pad_nd.default": pad,
    "aten.pad.default": pad,
    "aten.reflection_pad2d.default": _pad_2d("reflect"),
    "aten.replication_pad2d.default": _pad_2d("replicate"),
}
