"""What a network will take on the board: a linear regression on its operators and their channel sizes.

After MobileDets (Xiong et al., CVPR 2021, section 4) and TuNAS (Bender et al., CVPR 2020, section 3.4): features are
indicators of an operator times its sizes, prices come from least squares over random networks that were measured.
Here the measure is the emulated board. Nothing is planned or built to price a network.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.ops.winograd import CHANNELS as WINOGRAD_CHANNELS
from mcu_vision.plan.rewrite.use_winograd import FLASH_BYTES
from mcu_vision.search.layers import Layer, list_layers
from mcu_vision.search.least_squares import nonnegative_least_squares
from mcu_vision.search.measured import Measured

FIGURES = ("cycles", "cycles_0ws", "instructions")
TILE = 24
"""Output pixels for which a convolution's kernel expands its weights once."""
WINOGRAD_BYTES = 8
"""Of a transformed filter, for each weight."""
RIDGE = 0.03
"""Pull of all prices to zero, so that features that always go together share theirs: the best in cross-validation."""


@dataclass(frozen=True)
class CostModel:
    """Prices of features, for each of FIGURES. held_out: how well they do on networks that the fit has not seen."""

    board: str
    toolchain: str
    fitted_on: int
    prices: dict[str, dict[str, float]]
    held_out: dict[str, dict[str, float]]

    def estimate(self, network: NetworkConfig, figure: str = "cycles") -> float:
        """The figure of one inference."""
        prices = self.prices[figure]
        return sum(prices.get(name, 0.0) * count for name, count in network_features(network).items())

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `read_costs` reads them back."""
        return {
            "board": self.board,
            "toolchain": self.toolchain,
            "fitted_on": self.fitted_on,
            "held_out": self.held_out,
            "prices": self.prices,
        }


def network_features(network: NetworkConfig) -> Counter[str]:
    """Sizes summed over the layers of each kind."""
    features = Counter[str]({"network": 1})
    layers = list_layers(network)
    winograd = _by_winograd(layers)
    for layer in layers:
        features.update(_features(layer, layer.name in winograd))
    return features


def _by_winograd(layers: list[Layer]) -> set[str]:
    """Names of the convolutions that the planner gives to Winograd's method: those that gain most a byte of filters."""
    chosen, used = set(), 0
    for layer in sorted(layers, key=lambda layer: -layer.pixels):
        fits = (layer.kind, layer.kernel, layer.stride) == ("conv", 3, 1) and layer.inputs in WINOGRAD_CHANNELS
        size = WINOGRAD_BYTES * layer.inputs * layer.outputs * layer.kernel**2
        if fits and layer.outputs > 1 and used + size <= FLASH_BYTES:
            chosen.add(layer.name)
            used += size
    return chosen


def _features(layer: Layer, winograd: bool) -> dict[str, float]:
    values = layer.pixels * layer.outputs
    if layer.kind == "conv":
        kind = "pointwise" if layer.kernel == 1 else "winograd" if winograd else "conv"
        sizes = _convolution(layer)
    elif layer.kind == "depthwise":
        kind = f"depthwise{layer.kernel}" + (f"_s{layer.stride}" if layer.kernel == 3 else "")
        columns = layer.height * ((layer.width - 1) * layer.stride + layer.kernel) * ceil(layer.kernel / 2)
        sizes = {"outputs": values, "fours": layer.height * ceil(layer.width / 4) * layer.outputs}
        sizes |= {"columns": columns * layer.outputs / 4, "rows": layer.height}
        sizes |= {"channels": layer.height * layer.outputs}
    elif layer.kind == "rnn_pool":
        kind, sizes = layer.kind, _pool(layer)
    else:
        kind, sizes = layer.kind, {"inputs": layer.in_height * layer.in_width * layer.inputs, "rows": layer.in_height}
        sizes |= {"pixels": layer.in_height * layer.in_width}
    return {f"{kind}.{name}": float(size) for name, size in sizes.items()}


def _convolution(layer: Layer) -> dict[str, float]:
    tiles = layer.height * ceil(layer.width / TILE)
    pairs = layer.height * ceil(layer.width / 2) * ceil(layer.outputs / 2)
    depth = layer.inputs * layer.kernel**2
    columns = layer.height * ((layer.width - 1) * layer.stride + layer.kernel) * layer.kernel
    sizes: dict[str, float] = {
        "products": pairs * depth,
        "pairs": pairs,
        "outputs": layer.pixels * layer.outputs,
        "expanded": tiles * layer.outputs * depth,
        "weights": layer.outputs * depth,
        "passes": tiles * layer.outputs,
        "rows": layer.height,
    }
    if layer.kernel == 1:
        return sizes | {"inputs": layer.pixels * layer.inputs}
    whole = next(
        (str(n) for n in (8, 4) if layer.inputs % n == 0), str(layer.inputs) if layer.inputs in (1, 3) else "any"
    )
    return sizes | {f"columns_{whole}": columns, f"inputs_{whole}": columns * layer.inputs}


def _pool(layer: Layer) -> dict[str, float]:
    """The two sweeps of RNNPool, what patches share computed once (mcu_vision/models/rnnpool.py)."""
    rows, columns, hidden = layer.height - 1, layer.width - 1, layer.hidden
    segments = layer.in_height * columns + layer.in_width * rows
    pixels = layer.in_height * layer.in_width
    few = "_few" if layer.inputs <= 4 else ""
    sizes = {f"pixels{few}": pixels, f"projected{few}": pixels * layer.inputs * hidden}
    for name, steps in (("segment", segments * layer.kernel), ("patch", rows * columns * layer.kernel)):
        sizes |= {f"{name}_steps": steps, f"{name}_units": steps * hidden, f"{name}_products": steps * hidden**2}
    return {name: float(size) for name, size in sizes.items()}


def fit_costs(fit: Sequence[Measured], held_out: Sequence[Measured], board: str, toolchain: str) -> CostModel:
    """Least squares of the relative error over `fit`, no price negative; its errors on `held_out`.

    Raises UserError for too few networks.
    """
    counts = [network_features(m.network) for m in fit]
    names = sorted({name for features in counts for name in features})
    if len(fit) < 10 or len(held_out) < 2:
        raise UserError(f"{len(fit)} networks to fit and {len(held_out)} held out are too few; measure more")
    matrix = np.array([[features[name] for name in names] for features in counts])
    prices, errors = {}, {}
    for figure in FIGURES:
        prices[figure] = _fit(matrix, np.array([getattr(m, figure) for m in fit], float), names)
    model = CostModel(board, toolchain, len(fit), prices, {})
    for figure in FIGURES:
        truth = np.array([getattr(m, figure) for m in held_out], float)
        errors[figure] = describe_errors(np.array([model.estimate(m.network, figure) for m in held_out]), truth)
    return CostModel(board, toolchain, len(fit), prices, errors)


def _fit(matrix: np.ndarray, truth: np.ndarray, names: list[str]) -> dict[str, float]:
    relative = matrix / truth[:, None]
    scale = np.linalg.norm(relative, axis=0)
    unit = np.vstack([relative / scale, RIDGE * np.eye(len(names))])
    target = np.concatenate([np.ones(len(truth)), np.zeros(len(names))])
    prices = nonnegative_least_squares(unit, target) / scale
    return {name: float(f"{price:.6g}") for name, price in zip(names, prices, strict=True) if price > 0}


def describe_errors(estimates: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """networks, r2 (of the figures themselves), and relative errors in percent: median, of nine in ten, largest."""
    residual, spread = float(((truth - estimates) ** 2).sum()), float(((truth - truth.mean()) ** 2).sum())
    percent = 100 * np.abs(estimates / truth - 1)
    figures = {
        "median_percent": float(np.median(percent)),
        "p90_percent": float(np.quantile(percent, 0.9)),
        "max_percent": float(percent.max()),
    }
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return {"networks": len(truth), "r2": round(1 - residual / spread, 5), **rounded}


def read_costs(path: Path | None = None) -> CostModel:
    """What `mcu-vision cost fit` wrote, by default the package's. Raises UserError if it is something else."""
    try:
        source = resources.files("mcu_vision.search").joinpath("costs.json") if path is None else path
        model = CostModel(**json.loads(source.read_text("utf-8")))
        if not set(FIGURES) <= set(model.prices):
            raise ValueError(f"it has no prices of {', '.join(FIGURES)}")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no cost model ({error}); make one with `mcu-vision cost fit`") from error
    return model
