"""Small networks in ONNX files, as teachers."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _save(path: Path, nodes: list, shape: tuple, constants: dict[str, np.ndarray], outputs: list[str]) -> Path:
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def first_value(path: Path, shape: tuple) -> Path:
    """A classifier whose probability, or logit, is the image's first value."""
    constants = {"start": np.zeros(4, np.int64), "end": np.ones(4, np.int64), "size": np.array([1, 1], np.int64)}
    nodes = [
        helper.make_node("Slice", ["image", "start", "end"], ["corner"]),
        helper.make_node("Reshape", ["corner", "size"], ["value"]),
    ]
    return _save(path, nodes, shape, constants, ["value"])


def fixed(path: Path, **outputs: object) -> Path:
    """A network for 10x8 RGB images that gives these outputs whatever it sees."""
    constants = {f"{name}_fixed": np.array(value, np.float32) for name, value in outputs.items()}
    nodes = [helper.make_node("Identity", [f"{name}_fixed"], [name]) for name in outputs]
    return _save(path, nodes, (1, 3, 8, 10), constants, list(outputs))
