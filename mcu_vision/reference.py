"""Run a graph with the operators' references: float32, or the integers that every execution must give."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph


def run_graph(graph: Graph, image: Array, keep_all: bool = False) -> dict[str, Array]:
    """Outputs by name, or every activation (the input too) with `keep_all`.

    image: (H, W, C) or a batch (N, H, W, C): float32 in [0, 1] for a float graph, int8 for a quantised one
    (see `quantize_input`). Each result has a batch of N in front. Raises UserError if the image does not fit.
    """
    expected = graph.input
    batch = image[None] if image.ndim == len(expected.shape) - 1 else image
    if batch.shape[1:] != expected.shape[1:] or batch.dtype != np.dtype(expected.dtype):
        raise UserError(
            f"{graph.name} takes {expected.dtype} images of shape {list(expected.shape[1:])}, "
            f"not {batch.dtype} {list(batch.shape)}"
        )
    values: dict[str, Array] = {expected.name: batch}
    remaining = Counter(name for op in graph.ops for name in {*op.inputs})
    remaining.update({*graph.outputs})
    for op in graph.ops:
        arrays = [_value(graph, values, name) for name in op.inputs]
        if graph.quantized:
            values[op.outputs[0]] = op.reference_int8(graph, *arrays)
        else:
            values[op.outputs[0]] = np.asarray(op.reference_float(*arrays), np.float32)
        if not keep_all:
            _drop_used(values, remaining, op.inputs)
    return values if keep_all else {name: values[name] for name in graph.outputs}


def _value(graph: Graph, values: dict[str, Array], name: str) -> Array:
    data = graph.tensors[name].data
    return values[name] if data is None else data


def _drop_used(values: dict[str, Array], remaining: Counter[str], inputs: tuple[str, ...]) -> None:
    for name in set(inputs):
        remaining[name] -= 1
        if remaining[name] <= 0:
            values.pop(name, None)


def quantize_input(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Pixels uint8 (H, W, C) as a quantised model's input, int8 (1, H, W, C) = pixel - 128.

    Raises UserError if the array is anything else.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise UserError(f"an image must be uint8 (H, W, C), not {pixels.dtype} {list(pixels.shape)}")
    return (pixels.astype(np.int16) - 128).astype(np.int8)[None]


def normalize_input(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pixels uint8 (..., H, W, C) as a float model's input: pixel / 255."""
    return np.asarray(pixels.astype(np.float32) / np.float32(255))
