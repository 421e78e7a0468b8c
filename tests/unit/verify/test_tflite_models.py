"""An imported network runs alike in TensorFlow Lite, in the integer reference, on the host and on the board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from models import BuiltModel
from tflite_models import TfliteModel, assert_equal_to_reference, import_bytes, random_images

from mcu_vision.ir import Graph
from mcu_vision.verify import verify_executions

RANDOM = np.random.default_rng(5)
Q = (0.05, -3)


def _layer(model: TfliteModel, kind: str, x: int, shape: list[int], out: list[int], **options: int) -> int:
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    scales = RANDOM.uniform(0.002, 0.02, shape[axis])
    kernel = model.tensor(shape, scales, 0, RANDOM.integers(-127, 128, shape), axis=axis)
    bias = model.tensor([shape[axis]], scales * Q[0], 0, RANDOM.integers(-500, 500, shape[axis]), "int32")
    result = model.tensor(out, *Q)
    names = {"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D", "FULLY_CONNECTED": "FullyConnected"}
    model.op(kind, [x, kernel, bias], [result], f"{names[kind]}Options", **options)
    return result


def _network() -> bytes:
    """Gates of channels as MobileNetV3 has them, constants, a permutation, two outputs."""
    model = TfliteModel()
    image = model.tensor([1, 12, 10, 1], *Q)
    once, twice = {"strideH": 1, "strideW": 1}, {"strideH": 2, "strideW": 2}
    x = _layer(model, "DEPTHWISE_CONV_2D", image, [1, 3, 3, 4], [1, 6, 5, 4], depthMultiplier=4, **twice)
    y = _layer(model, "DEPTHWISE_CONV_2D", x, [1, 3, 3, 8], [1, 6, 5, 8], depthMultiplier=2, **once)
    pooled, gate = (model.tensor([1, 1, 1, 8], *Q) for _ in range(2))
    model.op("MEAN", [y, model.constant([1, 2])], [pooled], "ReducerOptions", keepDims=True)
    model.op("HARD_SWISH", [pooled], [gate], "HardSwishOptions")
    gated, shifted, halved = (model.tensor([1, 6, 5, 8], *Q) for _ in range(3))
    model.op("MUL", [y, gate], [gated], "MulOptions", fusedActivationFunction=1)
    vector = model.tensor([8], 0.02, 5, RANDOM.integers(-128, 128, 8))
    model.op("SUB", [vector, gated], [shifted], "SubOptions")
    model.op("MUL", [shifted, model.tensor([], 0.01, 0, np.array(50))], [halved], "MulOptions")
    padded, larger, turned = (model.tensor(s, *Q) for s in ([1, 8, 5, 8], [1, 16, 10, 8], [1, 10, 16, 8]))
    model.op("PAD", [halved, model.constant([[0, 0], [1, 1], [0, 0], [0, 0]])], [padded], "PadOptions")
    model.op("RESIZE_BILINEAR", [padded, model.constant([16, 10])], [larger], "ResizeBilinearOptions")
    model.op("TRANSPOSE", [larger, model.constant([0, 2, 1, 3])], [turned], "TransposeOptions")
    parts = [model.tensor([1, 5, 16, 8], *Q) for _ in range(2)]
    model.op("SPLIT", [model.constant(1), turned], parts, "SplitOptions", numSplits=2)
    joined = model.tensor([1, 5, 32, 8], *Q)
    model.op("CONCATENATION", parts, [joined], "ConcatenationOptions", axis=2)
    out = _layer(model, "CONV_2D", joined, [6, 1, 3, 8], [1, 5, 15, 6], padding=1, strideH=1, strideW=2)
    scores, place = model.tensor([1, 5, 15, 6], 1 / 256, -128), model.tensor([1, 5, 15], dtype="int32")
    model.op("SOFTMAX", [out], [scores], "SoftmaxOptions", beta=1.0)
    model.op("ARG_MAX", [out, model.constant(3)], [place], "ArgMaxOptions", outputType=2)
    return model.to_bytes([image], [scores, place])


def _autoencoder() -> bytes:
    """Dense layers alone, on a vector."""
    model = TfliteModel()
    x = first = model.tensor([1, 64], *Q)
    for inputs, outputs in ((64, 16), (16, 4), (4, 16), (16, 64)):
        x = _layer(model, "FULLY_CONNECTED", x, [outputs, inputs], [1, outputs], fusedActivationFunction=1)
    return model.to_bytes([first], [x])


def _check(data: bytes, folder: Path) -> Graph:
    graph = import_bytes(data, folder, "network")
    images = random_images(graph, 1)
    assert_equal_to_reference(data, graph, images)
    built = BuiltModel.generate(graph, folder)
    outcome = verify_executions(built.program.graph, built.executions(emulated=True), images)
    assert outcome.equal, outcome.first_difference
    return graph


def test_a_network_of_many_operators(tmp_path: Path) -> None:
    _check(_network(), tmp_path)


def test_an_autoencoder_of_dense_layers(tmp_path: Path) -> None:
    assert _check(_autoencoder(), tmp_path).input.shape == (1, 1, 64, 1)
