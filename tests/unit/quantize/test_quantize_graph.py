"""Whole networks: int8 follows float, and the rules of the format hold."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Array, Graph
from mcu_vision.models.blocks import L2Norm, MBConv, conv_bn
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.quantize import METHODS, quantize_graph
from mcu_vision.reference import normalize_input, quantize_input, run_graph

SIZE = (40, 48, 3)


class Network(nn.Module):
    """Every operator that the frontend knows, in one network."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), RNNPool(8, 8, 8, 4, 2, replicate_last=True))
        self.block = MBConv(32, 32, 1, 2)
        self.norm = L2Norm(32, 10.0)
        self.heads = nn.ModuleList(nn.Conv2d(32, n, 3, padding=1) for n in (4, 2))
        self.pools = nn.ModuleList([nn.MaxPool2d(2), nn.AvgPool2d(2)])
        self.classify = nn.Linear(96, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.block(self.stem(x))
        normal = self.norm(x)
        maps = [head(normal) for head in self.heads]
        joined = torch.cat([self.pools[0](x), self.pools[1](x), self.pools[0](normal)], dim=1)
        return *maps, self.classify(joined.mean((2, 3))).softmax(-1)


def float_graph() -> Graph:
    torch.manual_seed(0)
    network = Network()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_var, 0.05, 0.2)
            nn.init.normal_(part.running_mean, 0, 0.1)
            nn.init.normal_(part.bias, 0, 0.5)
    return export_graph(network, torch.zeros(1, SIZE[2], *SIZE[:2]), "network")


def photos(seed: int, count: int) -> Array:
    """Smooth random images, uint8 (count, H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 10, 12, 3))
    fine = np.random.default_rng(seed + 1).integers(-20, 21, (count, *SIZE))
    return np.clip(np.kron(coarse, np.ones((1, 4, 4, 1))) + fine, 0, 255).astype(np.uint8)


def signal_to_noise(graph: Graph, quantized: Graph, pixels: Array) -> dict[str, float]:
    """Decibels by output."""
    signal = dict.fromkeys(graph.outputs, 0.0)
    noise = dict.fromkeys(graph.outputs, 0.0)
    for image in pixels:
        expected, actual = run_graph(graph, normalize_input(image)), run_graph(quantized, quantize_input(image))
        for name, value in expected.items():
            quant = quantized.tensors[name].quant
            real = (actual[name].astype(np.float64) - quant.zero_point) * quant.scale
            signal[name] += float((value**2).sum())
            noise[name] += float(((value - real) ** 2).sum())
    return {name: 10 * np.log10(signal[name] / noise[name]) for name in signal}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return float_graph()


@pytest.mark.parametrize("method", METHODS)
def test_int8_follows_float(graph: Graph, method: str) -> None:
    quantized = quantize_graph(graph, [normalize_input(photos(0, 16))], method)
    ratios = signal_to_noise(graph, quantized, photos(100, 8))
    assert min(ratios.values()) > 20, ratios


def test_rules_of_the_format(graph: Graph) -> None:
    quantized = quantize_graph(graph, [normalize_input(photos(0, 8))])
    assert quantized.quantized
    assert not graph.quantized, "the argument stays as it was"
    assert quantized.input.quant.scale == np.float32(1 / 255)
    assert quantized.input.quant.zero_point == -128
    for op in quantized.ops:
        source, out = quantized.tensors[op.inputs[0]].quant, quantized.tensors[op.outputs[0]]
        assert out.dtype == "int8"
        if isinstance(op, (ops.Conv2d, ops.DepthwiseConv2d, ops.Dense)):
            weights, bias = (quantized.tensors[n] for n in op.inputs[1:])
            assert (weights.dtype, bias.dtype) == ("int8", "int32")
            assert np.abs(weights.data).max() <= 127  # type: ignore[arg-type]
            assert len(weights.quant.scales) == len(bias.quant.scales) == out.shape[-1]
            np.testing.assert_allclose(bias.quant.scales, np.array(weights.quant.scales) * source.scale)
            if op.activation == "relu6":
                assert out.quant.zero_point == -128
                assert out.quant.scale * 255 <= 6.001
        if isinstance(op, (ops.MaxPool2d, ops.AveragePool2d)):
            assert out.quant == source
        if isinstance(op, ops.Concat):
            assert {quantized.tensors[n].quant for n in op.inputs} == {out.quant}
        if isinstance(op, (ops.L2Normalize, ops.RnnPool)):
            assert out.quant.scale == 2.0**-op.out_bits
            assert out.quant.zero_point == 0
        if isinstance(op, ops.Softmax):
            assert (out.quant.scale, out.quant.zero_point) == (1 / 256, -128)
    assert quantized.metadata["quantization"] == {"method": "mse", "images": 8}


def test_it_is_deterministic_and_takes_images_singly(graph: Graph) -> None:
    images = normalize_input(photos(0, 5))
    a, b = quantize_graph(graph, [images]), quantize_graph(graph, iter([images]))
    c = quantize_graph(graph, list(images))
    for other in (b, c):
        for name, tensor in a.tensors.items():
            if tensor.data is not None:
                np.testing.assert_array_equal(other.tensors[name].data, tensor.data)
    assert str(a) == str(b)
    assert [t.quantization for t in a.tensors.values()] == [t.quantization for t in b.tensors.values()]


def test_a_dead_channel_keeps_its_bias() -> None:
    conv = nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        conv.weight[0] = 0
        conv.bias[:] = torch.tensor([0.7, -0.2])
    graph = export_graph(nn.Sequential(conv), torch.zeros(1, 3, 4, 4), "dead")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 4, 3)).astype(np.uint8)
    quantized = quantize_graph(graph, [normalize_input(pixels)])
    out = quantized.tensors["0"].quant
    result = run_graph(quantized, quantize_input(pixels[0]))["0"].astype(np.float64)
    assert (result[..., 0] - out.zero_point) * out.scale == pytest.approx(0.7, abs=out.scale)


@pytest.mark.parametrize("factor", [1e-4, 1e-8, 1e-20])
def test_sums_of_a_layer_whose_input_nearly_vanishes_fit_the_accumulator(factor: float) -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.Conv2d(8, 4, 3))
    with torch.no_grad():
        layers[0].weight *= factor
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    quantized = quantize_graph(
        export_graph(layers, torch.zeros(1, 3, 8, 8), "vanishing"), [normalize_input(pixels)], "min-max"
    )
    quantized.ops[1].kernel(quantized)  # refuses sums beyond the accumulator
    out = quantized.tensors["1"].quant
    result = run_graph(quantized, quantize_input(pixels[0]))["1"].astype(np.float64)
    expected = layers(torch.from_numpy(normalize_input(pixels[:1])).permute(0, 3, 1, 2)).detach().numpy()
    np.testing.assert_allclose(
        (result - out.zero_point) * out.scale, expected.transpose(0, 2, 3, 1), atol=2 * out.scale
    )


def test_errors(graph: Graph) -> None:
    images = [normalize_input(photos(0, 2))]
    with pytest.raises(UserError, match="at least one image"):
        quantize_graph(graph, [])
    with pytest.raises(UserError, match="no calibration method 'max'"):
        quantize_graph(graph, images, "max")
    with pytest.raises(UserError, match="values from 0 to 1"):
        quantize_graph(graph, [images[0] * 255])
    with pytest.raises(UserError, match="takes float32 images"):
        quantize_graph(graph, [images[0][:, :-1]])
    with pytest.raises(UserError, match="quantised already"):
        quantize_graph(quantize_graph(graph, images), images)


def test_weights_and_activations_that_are_not_finite() -> None:
    images = [normalize_input(photos(0, 2))]
    broken = float_graph()
    constant = next(t for t in broken.tensors.values() if t.data is not None)
    constant.data = np.full_like(constant.data, np.nan)
    with pytest.raises(UserError, match="not finite; train"):
        quantize_graph(broken, images)
    broken = float_graph()
    for tensor in broken.tensors.values():
        if tensor.name.endswith("weights") and tensor.data is not None:
            tensor.data = tensor.data * np.float32(1e38)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(UserError, match="not finite for a"):
        quantize_graph(broken, images)


def test_one_scale_a_layer_where_channels_are_not_told_apart(graph: Graph) -> None:
    images = [normalize_input(photos(0, 4))]
    layers = (ops.Conv2d, ops.Dense, ops.DepthwiseConv2d)
    coarse, fine = (quantize_graph(graph, images, by_channel=flag) for flag in (False, True))
    for op in (op for op in coarse.ops if isinstance(op, layers)):
        assert len(set(coarse.tensors[op.inputs[1]].quant.scales)) == 1
        assert np.abs(coarse.tensors[op.inputs[1]].data).max() == 127
    assert any(len(set(fine.tensors[op.inputs[1]].quant.scales)) > 1 for op in fine.ops if isinstance(op, layers))
    assert coarse.metadata["quantization"]["by_channel"] is False
    signals = [signal_to_noise(graph, quantized, photos(100, 4)) for quantized in (coarse, fine)]
    assert np.mean(list(signals[0].values())) < np.mean(list(signals[1].values()))
