"""Cross-layer equalisation leaves the network's meaning alone; bias correction takes mean errors away."""

import numpy as np
import pytest
import torch
from torch import nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Array, Graph
from mcu_vision.quantize import quantize_graph
from mcu_vision.quantize.equalize import equalize
from mcu_vision.quantize.fold_scale_channels import fold_scale_channels
from mcu_vision.quantize.fuse_activations import fuse_activations
from mcu_vision.reference import normalize_input, quantize_input, run_graph


def _uneven(activation: type[nn.Module]) -> Graph:
    """Convolution, depthwise and dense layer whose channels differ a hundredfold in size."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), activation(), nn.Conv2d(8, 8, 3, groups=8), activation(), nn.Conv2d(8, 16, 1),
        nn.Flatten(), nn.Linear(16 * 9, 4),
    )  # fmt: skip
    with torch.no_grad():
        sizes = torch.logspace(-1, 1, 8)
        network[0].weight *= sizes.reshape(-1, 1, 1, 1)
        network[2].weight /= sizes.reshape(-1, 1, 1, 1)
    graph = export_graph(network, torch.zeros(1, 3, 11, 11), "uneven")
    fold_scale_channels(graph)
    fuse_activations(graph)
    return graph


def _photos(count: int) -> Array:
    return np.random.default_rng(3).integers(0, 256, (count, 11, 11, 3)).astype(np.uint8)


def test_equalized_network_computes_the_same():
    graph = _uneven(nn.ReLU)
    images = np.stack([normalize_input(p) for p in _photos(4)])
    images = images.reshape(4, 11, 11, 3)
    before = run_graph(graph, images)[graph.outputs[0]]
    assert equalize(graph) == 3
    after = run_graph(graph, images)[graph.outputs[0]]
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4)
    ranges = np.abs(graph.ops[0].constant(graph, 1)).reshape(8, -1).max(1)
    assert ranges.max() / ranges.min() < 10


def test_relu6_is_never_scaled():
    graph = _uneven(nn.ReLU6)
    assert equalize(graph) == 1  # the last two layers alone, with nothing between


@pytest.mark.parametrize("method", ["min-max", "percentile"])
def test_correction_brings_means_nearer(method: str):
    graph = _uneven(nn.ReLU)
    photos = _photos(32)
    images = np.concatenate([normalize_input(p).reshape(1, 11, 11, 3) for p in photos])
    expected = run_graph(graph, images)[graph.outputs[0]].mean(0)
    errors = []
    for corrected in (False, True):
        quantized = quantize_graph(graph, images, method, bias_corrected=corrected)
        output = quantized.tensors[quantized.outputs[0]].quant
        values = np.concatenate([run_graph(quantized, quantize_input(p))[quantized.outputs[0]] for p in photos])
        real = (values.astype(np.float64) - output.zero_point) * output.scale
        errors.append(float(np.abs(real.mean(0) - expected).max() / output.scale))
    assert quantized.metadata["quantization"]["bias_corrected"]
    assert errors[1] < errors[0]
    # In steps: rounding alone moves a mean over 32 photos by 0.29 / sqrt(32) = 0.05 or so; this is four times that.
    assert errors[1] < 0.2
