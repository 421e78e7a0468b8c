"""Small .tflite files written with TensorFlow's own schema classes, and what its reference kernels make of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcu_vision.frontends.tflite import import_tflite, import_tflite_tensors
from mcu_vision.ir import Array, Graph
from mcu_vision.reference import run_graph

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import flatbuffers
    import tensorflow as tf
    from tensorflow.lite.python import schema_py_generated as schema

TYPES = {"int8": 9, "int16": 7, "int32": 2, "float32": 0, "uint8": 3, "int64": 4}
BUFFER_ALIGNMENT = 16


class TfliteModel:
    """A file under construction: tensors and operators by index, as in the file."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs, self._model.operatorCodes = [self._graph], []
        self._model.buffers = [schema.BufferT()]

    def tensor(
        self,
        shape: Sequence[int],
        scale: float | Sequence[float] | None = None,
        zero: int = 0,
        data: Array | None = None,
        dtype: str = "int8",
        axis: int = 0,
    ) -> int:
        """Add a tensor, a constant if `data` is given."""
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = list(shape), TYPES[dtype], f"t{len(self._graph.tensors)}"
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, dtype).tobytes(), np.uint8)
            self._model.buffers.append(buffer)
            tensor.buffer = len(self._model.buffers) - 1
        if scale is not None:
            scales = [scale] if isinstance(scale, (int, float, np.floating)) else list(scale)
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = [zero] * len(scales)
            tensor.quantization.quantizedDimension = axis
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def open_axis(self, tensor: int, axis: int) -> None:
        """The size of an axis is not known before the model runs."""
        shape = [int(n) for n in self._graph.tensors[tensor].shape]
        self._graph.tensors[tensor].shapeSignature = [*shape[:axis], -1, *shape[axis + 1 :]]

    def constant(self, values: Any, dtype: str = "int32") -> int:
        """A constant without a scale: sizes, axes, paddings."""
        data = np.array(values, dtype)
        return self.tensor(data.shape, data=data, dtype=dtype)

    def op(self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: str = "", **values: Any) -> None:
        """Add an operator; options: name of its options' class in the schema, whose fields are `values`."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 2 if kind == "BROADCAST_TO" else 1  # whose first version is not registered
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in values.items():
                assert hasattr(operator.builtinOptions, name), f"{options} has no {name}"
                setattr(operator.builtinOptions, name, value)
        self._model.operatorCodes.append(code)
        self._graph.operators.append(operator)

    def to_bytes(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


NOT_IN_REFERENCE = {"BROADCAST_TO", "ELU", "SUM"}
"""Operators that the resolver of the reference kernels leaves out, or, SUM, gives nonsense for (TensorFlow 2.21)."""

NEWER_THAN_REFERENCE = {"DEPTH_TO_SPACE", "TILE"}
"""Operators that the converter writes in a version which that resolver does not know; they move values."""


def _resolver(data: bytes) -> Any:
    kinds = tf.lite.experimental.OpResolverType
    names = {v: k for k, v in vars(schema.BuiltinOperator).items()}
    codes = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0)).operatorCodes
    other = NOT_IN_REFERENCE & {names[code.builtinCode] for code in codes}
    other |= NEWER_THAN_REFERENCE & {names[code.builtinCode] for code in codes if code.version > 1}
    return kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES if other else kinds.BUILTIN_REF


class ReferenceInterpreter:
    """TensorFlow Lite's interpreter with its reference kernels."""

    def __init__(self, data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._interpreter = tf.lite.Interpreter(
                model_content=data,
                experimental_op_resolver_type=_resolver(data),
                experimental_preserve_all_tensors=True,
            )
        self._interpreter.allocate_tensors()
        self.input = self._interpreter.get_input_details()[0]

    def run(self, values: Array) -> list[Array]:
        """The outputs, in the file's order."""
        self._interpreter.set_tensor(self.input["index"], values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(d["index"]) for d in self._interpreter.get_output_details()]

    def tensor(self, index: int) -> Array:
        """What the last run left in the file's tensor `index`."""
        values: Array = self._interpreter.get_tensor(index)
        return values


def import_bytes(data: bytes, folder: Path, name: str = "model") -> Graph:
    """The graph of a file's bytes."""
    path = folder / f"{name}.tflite"
    path.write_bytes(data)
    return import_tflite(path)


def assert_equal_to_reference(data: bytes, graph: Graph, images: Sequence[Array]) -> None:
    """Every output of the graph has the reference kernels' values for each image, in the file's shape."""
    interpreter = ReferenceInterpreter(data)
    for image in images:
        actual = run_graph(graph, image.reshape(graph.input.shape), keep_all=True)
        wide = interpreter.input["dtype"] == np.int16
        expected = interpreter.run(_given(actual[graph.ops[0].outputs[0]] if wide else image, interpreter))
        for name, want in zip(graph.outputs, expected, strict=True):
            np.testing.assert_array_equal(actual[name].reshape(want.shape), want)


def _given(values: Array, interpreter: ReferenceInterpreter) -> Array:
    """An image, or what a graph has made of it for a model of int16, in the shape of the file's input."""
    return np.asarray(values.reshape(interpreter.input["shape"]), interpreter.input["dtype"])


def assert_every_tensor_equals(path: Path, images: Sequence[Array]) -> Graph:
    """Every tensor that the graph of a file has has the reference kernels' values for each image."""
    graph, names = import_tflite_tensors(path)
    interpreter = ReferenceInterpreter(path.read_bytes())
    compared = 0
    for image in images:
        values = run_graph(graph, image.reshape(graph.input.shape), keep_all=True)
        interpreter.run(_given(values[names[interpreter.input["index"]]], interpreter))
        for index, name in names.items():
            want = interpreter.tensor(index)
            if want.dtype == values[name].dtype:
                np.testing.assert_array_equal(values[name].reshape(want.shape), want, f"tensor {index} ({name})")
                compared += 1
    assert compared > len(graph.ops) * len(images) // 2
    return graph


def random_images(graph: Graph, seed: int, count: int = 3) -> list[Array]:
    """Noise, and noise of the extreme values alone."""
    random = np.random.default_rng(seed)
    shape = graph.input.shape
    noise = [random.integers(-128, 128, shape).astype(np.int8) for _ in range(count)]
    return [*noise, random.choice([-128, 127], shape).astype(np.int8)]
