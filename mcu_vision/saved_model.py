"""Graphs on disk: one safetensors file whose tensors are the constants.

The graph itself is JSON in the header's metadata, under the key "mcu_vision.graph". Loading runs no code
from the file and checks everything that it builds.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

import mcu_vision.ops  # noqa: F401 - registers the operators
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.ir import DTYPES, Array, Graph, Op, Quantization, Tensor
from mcu_vision.ops.common import ACTIVATIONS

KEY = "mcu_vision.graph"
VERSION = 1


def save_graph(graph: Graph, path: Path) -> None:
    """Write `graph` to `path`; equal graphs give equal bytes. Raises UserError if it cannot be written."""
    graph.verify()
    arrays = {name: np.ascontiguousarray(t.data) for name, t in graph.tensors.items() if t.data is not None}
    text = json.dumps(_graph_to_json(graph), sort_keys=True, separators=(",", ":"))
    atomic_write(path, save(dict(sorted(arrays.items())), metadata={KEY: text}))


def load_graph(path: Path) -> Graph:
    """Read a graph that `save_graph` wrote.

    Raises UserError if the file is missing, damaged, of another kind or version, or not a valid graph.
    """
    values, arrays = _read(path)
    if values.get("version") != VERSION:
        raise UserError(f"{path} has format version {values.get('version')}, not {VERSION}; build it again")
    try:
        graph = _graph_from_json(values, arrays)
        _check_tensors(graph)
        graph.verify()
    except UserError as error:
        raise UserError(f"{path} is not a valid model: {error}") from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise UserError(f"{path} is not a valid model ({error!r}); build it again") from error
    return graph


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; name a saved model") from error
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} is damaged or no saved model ({error}); build it again") from error
    if text is None:
        raise UserError(f"{path} holds weights but no graph; name a file that mcu-vision saved")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UserError(f"{path} is damaged: its graph is not JSON; build it again") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} is damaged: its graph is no JSON object; build it again")
    return values, arrays


def _graph_to_json(graph: Graph) -> dict[str, Any]:
    return {
        "version": VERSION,
        "name": graph.name,
        "tensors": [_tensor_to_json(t) for t in graph.tensors.values()],
        "ops": [_op_to_json(op) for op in graph.ops],
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "metadata": graph.metadata,
    }


def _tensor_to_json(tensor: Tensor) -> dict[str, Any]:
    values: dict[str, Any] = {"name": tensor.name, "shape": tensor.shape, "dtype": tensor.dtype}
    if tensor.quantization is not None:
        quant = tensor.quantization
        values["quantization"] = [quant.scales, quant.zero_point, quant.axis]
    return values


def _op_to_json(op: Op) -> dict[str, Any]:
    return {
        "kind": op.kind,
        "name": op.name,
        "inputs": op.inputs,
        "outputs": op.outputs,
        "source": op.source,
        "attributes": op.attributes(),
    }


def _graph_from_json(values: dict[str, Any], arrays: dict[str, Array]) -> Graph:
    tensors = [_tensor_from_json(v, arrays) for v in values["tensors"]]
    unknown = arrays.keys() - {t.name for t in tensors}
    if unknown:
        raise UserError(f"the graph does not mention the array {min(unknown)}")
    return Graph(
        name=str(values["name"]),
        tensors={t.name: t for t in tensors},
        ops=[_op_from_json(v) for v in values["ops"]],
        inputs=_names(values["inputs"]),
        outputs=_names(values["outputs"]),
        metadata=dict(values["metadata"]),
    )


def _tensor_from_json(values: dict[str, Any], arrays: dict[str, Array]) -> Tensor:
    quantization = None
    if "quantization" in values:
        scales, zero_point, axis = values["quantization"]
        quantization = Quantization(tuple(float(s) for s in scales), zero_point, axis)
    return Tensor(
        name=values["name"],
        shape=_tuple(values["shape"]),
        dtype=values["dtype"],
        quantization=quantization,
        data=arrays.get(values["name"]),
    )


def _op_from_json(values: dict[str, Any]) -> Op:
    kind, attributes = values["kind"], values["attributes"]
    if kind not in Op.registry:
        raise UserError(f"{values['name']} is an unknown operator {kind!r}; update mcu-vision")
    name, source = values["name"], str(values["source"])
    restored = restore_attributes(Op.registry[kind], name, attributes)
    return Op.registry[kind](name, _names(values["inputs"]), _names(values["outputs"]), source=source, **restored)


def restore_attributes(kind: type[Op], name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """An operator's attributes from JSON. Raises UserError if it has not such ones."""
    known = kind(name, (), ()).attributes()
    for key, value in attributes.items():
        allowed = key != "activation" or value in ACTIVATIONS
        if not allowed or key not in known or not _same_type(_tuple(value), known[key]):
            raise UserError(f"{kind.kind} {name} cannot have the attribute {key}={value!r}; update mcu-vision")
    return {key: _tuple(value) for key, value in attributes.items()}


def _names(values: Any) -> tuple[str, ...]:
    if not all(isinstance(v, str) for v in values):
        raise UserError(f"{values!r} are no names of tensors")
    return tuple(values)


def _tuple(value: Any) -> Any:
    """JSON has lists where the operators have tuples."""
    return tuple(_tuple(v) for v in value) if isinstance(value, list) else value


def _same_type(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        element = default[0] if default else None
        return isinstance(value, tuple) and (
            element is None or (bool(value) and all(_same_type(v, element) for v in value))
        )
    if isinstance(default, float):
        return type(value) in (int, float)
    return type(value) is type(default)


def _check_tensors(graph: Graph) -> None:
    """Raise UserError if a tensor's array or quantisation contradicts its description."""
    for tensor in graph.tensors.values():
        if tensor.dtype not in DTYPES or not all(type(n) is int and n > 0 for n in tensor.shape):
            raise UserError(f"tensor {tensor.name} cannot be {tensor.dtype} {tensor.shape}")
        data = tensor.data
        if data is not None and (data.shape != tensor.shape or data.dtype != np.dtype(tensor.dtype)):
            raise UserError(
                f"tensor {tensor.name} should be {tensor.dtype} {tensor.shape}, "
                f"but its array is {data.dtype} {data.shape}"
            )
        if tensor.quantization is not None:
            _check_quantization(tensor, tensor.quantization)
        elif data is None and graph.quantized:
            raise UserError(f"tensor {tensor.name} of a quantised graph has no scale")


def _check_quantization(tensor: Tensor, quant: Quantization) -> None:
    if not all(math.isfinite(s) and s > 0 for s in quant.scales):
        raise UserError(f"tensor {tensor.name} has a scale that is not positive")
    expected = 1 if quant.axis is None else tensor.shape[quant.axis]
    if len(quant.scales) != expected or type(quant.zero_point) is not int:
        raise UserError(f"tensor {tensor.name} has {len(quant.scales)} scales, not {expected}")
    if not -128 <= quant.zero_point <= 127:
        raise UserError(f"tensor {tensor.name} has zero point {quant.zero_point} outside int8")
