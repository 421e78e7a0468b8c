"""The passes that turn a float graph into an int8 one, in order."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph
from mcu_vision.quantize.calibrate import calibrate
from mcu_vision.quantize.choose_quantizations import choose_quantizations
from mcu_vision.quantize.choose_ranges import METHODS
from mcu_vision.quantize.convert import check_constants, convert
from mcu_vision.quantize.fold_scale_channels import fold_scale_channels
from mcu_vision.quantize.fuse_activations import fuse_activations
from mcu_vision.quantize.requantize_concat_inputs import requantize_concat_inputs


def quantize_graph(graph: Graph, images: Iterable[Array], method: str = "mse") -> Graph:
    """An int8 copy of the float `graph`; equal arguments give equal graphs.

    images: for calibration, batches float32 (N, H, W, C) or single images (H, W, C) in [0, 1], real ones.
    method: how ranges of activations are chosen, one of METHODS. Metadata gets "quantization".
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
    result.verify()
    histograms, count = calibrate(result, images)
    convert(result, choose_quantizations(result, histograms, method))
    result.metadata["quantization"] = {"method": method, "images": count}
    result.verify()
    return result
