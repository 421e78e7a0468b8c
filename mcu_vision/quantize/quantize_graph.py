"""The passes that turn a float graph into an int8 one, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph
from mcu_vision.quantize.calibrate import calibrate
from mcu_vision.quantize.choose_quantizations import choose_quantizations
from mcu_vision.quantize.choose_ranges import METHODS
from mcu_vision.quantize.convert import check_constants, convert
from mcu_vision.quantize.correct_bias import correct_biases
from mcu_vision.quantize.equalize import equalize
from mcu_vision.quantize.fold_scale_channels import fold_scale_channels
from mcu_vision.quantize.fuse_activations import fuse_activations
from mcu_vision.quantize.requantize_concat_inputs import requantize_concat_inputs

CORRECTING_IMAGES = 32
"""That bias correction runs on; their activations are all in memory at once."""


def quantize_graph(
    graph: Graph,
    images: Iterable[Array],
    method: str = "mse",
    equalized: bool = False,
    bias_corrected: bool = False,
    by_channel: bool = True,
) -> Graph:
    """An int8 copy of the float `graph`; equal arguments give equal graphs.

    images: for calibration, batches float32 (N, H, W, C) or single images (H, W, C) in [0, 1], real ones.
    method: how ranges of activations are chosen, one of METHODS. equalized: even out channels between layers first.
    bias_corrected: take away mean errors afterwards. by_channel: weights have a scale for each output channel, else one
    a layer, as formats without such scales have. Metadata gets "quantization".
    Raises UserError if there are no images, or if a weight or an activation is not finite.
    """
    if method not in METHODS:
        raise UserError(f"there is no calibration method {method!r}; choose one of {', '.join(METHODS)}")
    if graph.quantized:
        raise UserError(f"{graph.name} is quantised already; give the float graph")
    result = deepcopy(graph)
    check_constants(result)
    fold_scale_channels(result)
    fuse_activations(result)
    requantize_concat_inputs(result)
    if equalized:
        equalize(result)
    result.verify()
    kept: list[Array] = []
    histograms, count = calibrate(result, _keep(images, kept))
    quantizations = choose_quantizations(result, histograms, method)
    floating = deepcopy(result) if bias_corrected else None
    convert(result, quantizations, by_channel)
    if floating is not None:
        correct_biases(result, floating, np.stack(kept))
    result.metadata["quantization"] = {"method": method, "images": count}
    result.metadata["quantization"] |= {"equalized": True} if equalized else {}
    result.metadata["quantization"] |= {} if by_channel else {"by_channel": False}
    result.metadata["quantization"] |= {"bias_corrected": True} if bias_corrected else {}
    result.verify()
    return result


def _keep(images: Iterable[Array], kept: list[Array]) -> Iterator[Array]:
    """The same images; the first ones, each (H, W, C), are also put into `kept`."""
    for batch in images:
        array = np.asarray(batch, np.float32)
        kept.extend((array[None] if array.ndim == 3 else array)[: max(0, CORRECTING_IMAGES - len(kept))])
        yield array
