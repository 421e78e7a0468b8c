"""Networks as people build them with Keras, quantised to int8 by TensorFlow's converter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tflite_models import tf

layers, applications = tf.keras.layers, tf.keras.applications


def resnet8() -> Any:
    """MLPerf Tiny's image classification, half as wide and high."""
    x = image = layers.Input((16, 16, 3))
    x = _conv(x, 8)
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        y = _conv(x, channels, stride=stride)
        y = layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same")(y))
        if stride > 1:
            x = layers.Conv2D(channels, 1, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    return tf.keras.Model(image, layers.Dense(10, "softmax")(x))


def ds_cnn() -> Any:
    """MLPerf Tiny's keyword spotting, half as wide."""
    x = image = layers.Input((49, 10, 1))
    x = layers.Conv2D(32, (10, 4), strides=2, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(2):
        x = layers.ReLU()(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(x)))
        x = _conv(x, 32, size=1)
    x = layers.Flatten()(layers.AveragePooling2D((25, 5))(x))
    return tf.keras.Model(image, layers.Dense(12, "softmax")(x))


def autoencoder() -> Any:
    """MLPerf Tiny's anomaly detection, an eighth as wide."""
    x = first = layers.Input((80,))
    for width in (16, 16, 8, 16, 16):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(width)(x)))
    return tf.keras.Model(first, layers.Dense(80)(x))


def detector() -> Any:
    """Like SSD: a dilated stem, gates of channels, two levels joined by resizing, boxes and scores of each."""
    image = layers.Input((40, 32, 3))
    x = _conv(image, 8, stride=2, size=3)
    x = layers.Conv2D(8, 3, padding="same", dilation_rate=2, activation="relu6")(x)
    x = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2, depth_multiplier=2)(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Activation("hard_sigmoid")(layers.Conv2D(16, 1)(gate))
    fine = layers.Multiply()([x, gate])
    coarse = layers.LeakyReLU()(layers.MaxPooling2D(2)(_conv(fine, 16, stride=2)))
    up = layers.UpSampling2D(4, interpolation="bilinear")(coarse)
    fine = layers.Concatenate()([layers.ZeroPadding2D(1)(fine)[:, 1:-1, 1:-1], up])
    outputs = []
    for level in (fine, coarse):
        boxes = layers.Reshape((-1, 4))(layers.Conv2D(8, 3, padding="same")(level))
        scores = layers.Reshape((-1, 3))(layers.SeparableConv2D(6, 3, padding="same")(level))
        outputs += [layers.Activation("tanh")(boxes), layers.Softmax()(scores)]
    return tf.keras.Model(image, outputs)


def pyramid() -> Any:
    """Upsampling by repetition and dense layers on maps: of them the converter leaves shapes open."""
    image = layers.Input((12, 8, 3))
    fine = _conv(image, 8, stride=2)
    coarse = _conv(fine, 8, stride=2)
    x = layers.Add()([layers.UpSampling2D(2)(coarse), fine])
    x = layers.Dense(6, "relu")(layers.UpSampling2D((1, 3))(layers.MaxPooling2D(2, padding="same")(_conv(x, 8))))
    x = layers.Concatenate()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    return tf.keras.Model(image, layers.Reshape((-1, 2))(layers.Conv2D(4, 1)(x)))


def gated() -> Any:
    """Of operators that the converter quantises to 16x8: gates, several outputs, padding, depthwise multipliers."""
    image = layers.Input((12, 10, 3))
    x = _conv(image, 8, stride=2)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(layers.ZeroPadding2D(1)(x))
    gate = layers.Conv2D(16, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.MaxPooling2D(2)(layers.Multiply()([x, gate]))
    y = layers.Activation("tanh")(layers.Conv2D(16, 3, padding="same")(x))
    x = layers.ReLU(6.0)(layers.Concatenate()([layers.Subtract()([x, y]), layers.Add()([x, y])[:, :, :, ::2]]))
    boxes = layers.Permute((2, 1, 3))(layers.Conv2D(4, 3)(layers.AveragePooling2D(3, 1, "same")(x)))
    return tf.keras.Model(image, [boxes, layers.Softmax()(layers.Reshape((-1, 6))(layers.Conv2D(6, 1)(x)))])


def _conv(x: Any, channels: int, stride: int = 1, size: int = 3) -> Any:
    x = layers.Conv2D(channels, size, strides=stride, padding="same")(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _application(name: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        return getattr(applications, name)(input_shape=(96, 96, 3), weights=None, classes=10, **options)

    return make


SMALL: dict[str, Callable[[], Any]] = {
    "ResNet-8": resnet8,
    "DS-CNN": ds_cnn,
    "autoencoder": autoencoder,
    "detector": detector,
    "pyramid": pyramid,
}
WIDE: dict[str, Callable[[], Any]] = {
    "ResNet-8": resnet8,
    "DS-CNN": ds_cnn,
    "autoencoder": autoencoder,
    "gated": gated,
}
"""Networks of int16 activations."""
LARGE: dict[str, Callable[[], Any]] = {
    "MobileNetV1": _application("MobileNet", alpha=0.25),
    "MobileNetV2": _application("MobileNetV2", alpha=0.35),
    "MobileNetV3-small": _application("MobileNetV3Small", alpha=0.75, include_preprocessing=False),
}


def convert(network: Any, int16: bool = False) -> bytes:
    """int8, or int16 activations, after batch norm has taken the statistics of noise, so that activations have the
    usual size.
    """
    shape = network.input_shape[1:]

    def images(count: int) -> Iterator[list[np.ndarray]]:
        random = np.random.default_rng(0)
        for _ in range(count):
            yield [random.uniform(-1, 1, (1, *shape)).astype(np.float32)]

    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    network(np.concatenate([image for (image,) in images(16)]), training=True)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: images(8)
    kinds = tf.lite.OpsSet
    wide = kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    converter.target_spec.supported_ops = [wide if int16 else kinds.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if int16 else tf.int8
    data: bytes = converter.convert()
    return data
