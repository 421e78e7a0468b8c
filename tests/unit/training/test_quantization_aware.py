"""Rounding in training is that of deployment, lets gradients through, and leaves the model as it was."""

import torch
from torch import nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.models.blocks import MBConv, conv_bn
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.quantize import quantize_graph
from mcu_vision.training.quantization_aware import QuantizationAwareTask, stored_maps


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(conv_bn(3, 8, 3, 2), RNNPool(8, 4, 4, 4, 2), MBConv(16, 16, 1, 2))
        self.classifier = nn.Linear(16, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


class _Mean:
    loss_names = ("loss",)

    def __init__(self) -> None:
        self.maps: dict[str, torch.Tensor] = {}

    def loss(self, model, batch):
        hooks = [
            m.register_forward_hook(lambda _m, _i, out, name=n: self.maps.__setitem__(name, out))
            for n, m in model.named_modules()
        ]
        result = model(batch[0]).square().mean()
        for hook in hooks:
            hook.remove()
        return (result,)


def _step(model, images):
    task = _Mean()
    aware = QuantizationAwareTask(task, model)
    (loss,) = aware.loss(model, (images,))
    return aware, task, loss


def test_stored_maps_are_those_of_the_quantised_graph():
    model = _Network().eval()
    names = stored_maps(model)
    block = ["features.2", "features.2.layers.0.2", "features.2.layers.1.2", "features.2.layers.2.1"]
    assert names == ["features.0.2", "features.1", *block]
    graph = export_graph(model, torch.zeros(1, 3, 24, 24), "network")
    quantized = quantize_graph(graph, [torch.rand(24, 24, 3).numpy() for _ in range(4)])
    maps = [t for t in quantized.tensors.values() if t.data is None and len(t.shape) == 4 and t.name != graph.inputs[0]]
    assert len(names) == len([t for t in maps if t.shape[1] > 1])


def test_maps_take_at_most_256_values_and_gradients_pass():
    model = _Network()
    _, task, loss = _step(model, torch.rand(4, 3, 24, 24))
    for name in stored_maps(model):
        values = task.maps[name].unique()
        assert 1 < len(values) <= 256, name
        steps = values.diff()
        assert (steps / steps.min()).round().sub(steps / steps.min()).abs().max() < 0.01
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())


def test_the_model_itself_stays_as_it_was():
    model = _Network().eval()
    images = torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        before = model(images)
        _, task, _ = _step(model, images)
        assert not torch.equal(task.maps[""], before)
        assert torch.equal(model(images), before)
    assert "forward" not in vars(model.classifier)
