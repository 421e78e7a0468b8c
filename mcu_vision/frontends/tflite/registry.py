"""Which function imports which operator of TensorFlow Lite."""

from collections.abc import Callable

from mcu_vision.frontends.tflite.builder import GraphBuilder

Importer = Callable[[GraphBuilder], None]
IMPORTERS: dict[str, Importer] = {}
HOW_IT_RUNS: dict[str, str] = {}
"""In a few words for the documentation, for each operator in IMPORTERS."""

INT16 = frozenset(
    [
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DEQUANTIZE",
        "EXPAND_DIMS",
        "FULLY_CONNECTED",
        "GATHER",
        "LOGISTIC",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MIRROR_PAD",
        "MUL",
        "PACK",
        "PAD",
        "PADV2",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RESHAPE",
        "REVERSE_V2",
        "SLICE",
        "SOFTMAX",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "SUB",
        "TANH",
        "TILE",
        "TRANSPOSE",
        "UNPACK",
    ]
)
"""Operators that take int16 activations too."""


def imports(**kinds: str) -> Callable[[Importer], Importer]:
    """The decorated function imports the operators `kinds`: name = how it runs."""

    def register(importer: Importer) -> Importer:
        IMPORTERS.update(dict.fromkeys(kinds, importer))
        HOW_IT_RUNS.update(kinds)
        return importer

    return register
