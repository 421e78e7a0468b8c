"""Whole .tflite files, written by hand: what Keras would make of such networks, without Keras."""

from __future__ import annotations

import numpy as np
from tflite_models import TfliteModel

Q = (0.05, -3)


def _layer(
    random: np.random.Generator, model: TfliteModel, kind: str, x: int, shape: list[int], out: list[int], **options: int
) -> int:
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    scales = random.uniform(0.002, 0.02, shape[axis])
    kernel = model.tensor(shape, scales, 0, random.integers(-127, 128, shape), axis=axis)
    bias = model.tensor([shape[axis]], scales * Q[0], 0, random.integers(-500, 500, shape[axis]), "int32")
    result = model.tensor(out, *Q)
    names = {"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D", "FULLY_CONNECTED": "FullyConnected"}
    model.op(kind, [x, kernel, bias], [result], f"{names[kind]}Options", **options)
    return result


def many_operators() -> bytes:
    """Gates of channels as MobileNetV3 has them, constants, a permutation, two outputs."""
    random, model = np.random.default_rng(5), TfliteModel()
    image = model.tensor([1, 12, 10, 1], *Q)
    once, twice = {"strideH": 1, "strideW": 1}, {"strideH": 2, "strideW": 2}
    x = _layer(random, model, "DEPTHWISE_CONV_2D", image, [1, 3, 3, 4], [1, 6, 5, 4], depthMultiplier=4, **twice)
    y = _layer(random, model, "DEPTHWISE_CONV_2D", x, [1, 3, 3, 8], [1, 6, 5, 8], depthMultiplier=2, **once)
    pooled, gate = (model.tensor([1, 1, 1, 8], *Q) for _ in range(2))
    model.op("MEAN", [y, model.constant([1, 2])], [pooled], "ReducerOptions", keepDims=True)
    model.op("HARD_SWISH", [pooled], [gate], "HardSwishOptions")
    gated, shifted, halved = (model.tensor([1, 6, 5, 8], *Q) for _ in range(3))
    model.op("MUL", [y, gate], [gated], "MulOptions", fusedActivationFunction=1)
    vector = model.tensor([8], 0.02, 5, random.integers(-128, 128, 8))
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
    out = _layer(random, model, "CONV_2D", joined, [6, 1, 3, 8], [1, 5, 15, 6], padding=1, strideH=1, strideW=2)
    scores, place = model.tensor([1, 5, 15, 6], 1 / 256, -128), model.tensor([1, 5, 15], dtype="int32")
    model.op("SOFTMAX", [out], [scores], "SoftmaxOptions", beta=1.0)
    model.op("ARG_MAX", [out, model.constant(3)], [place], "ArgMaxOptions", outputType=2)
    return model.to_bytes([image], [scores, place])


def autoencoder() -> bytes:
    """Dense layers alone, on a vector."""
    random, model = np.random.default_rng(6), TfliteModel()
    x = first = model.tensor([1, 64], *Q)
    for inputs, outputs in ((64, 16), (16, 4), (4, 16), (16, 64)):
        x = _layer(random, model, "FULLY_CONNECTED", x, [outputs, inputs], [1, outputs], fusedActivationFunction=1)
    return model.to_bytes([first], [x])


def int16_activations() -> bytes:
    """A convolution, an addition and a softmax of int16 activations, and a permutation."""
    random, model = np.random.default_rng(7), TfliteModel()
    shapes = [1, 6, 5, 3], [1, 6, 5, 4], [1, 6, 5, 4], [1, 5, 6, 4], [1, 5, 6, 4]
    x, y, z, turned, out = (model.tensor(shape, 2.0**-15, dtype="int16") for shape in shapes)
    kernel = model.tensor([4, 3, 3, 3], random.uniform(0.002, 0.02, 4), 0, random.integers(-127, 128, [4, 3, 3, 3]))
    bias = model.tensor([4], random.uniform(1e-7, 1e-6, 4), 0, random.integers(-5000, 5000, 4), "int64")
    model.op("CONV_2D", [x, kernel, bias], [y], "Conv2DOptions", strideH=1, strideW=1, fusedActivationFunction=1)
    other = model.tensor([4], 1e-4, 0, random.integers(-32768, 32768, 4), "int16")
    model.op("ADD", [y, other], [z], "AddOptions", potScaleInt16=False)
    model.op("TRANSPOSE", [z, model.constant([0, 2, 1, 3])], [turned], "TransposeOptions")
    model.op("SOFTMAX", [turned], [out], "SoftmaxOptions", beta=1.0)
    return model.to_bytes([x], [out, y])
