"""Masking equals the network cut out, exactly."""

import numpy as np
import torch
from torch import nn

from mcu_vision.models.network_config import BlockConfig
from mcu_vision.models.searched import build_block
from mcu_vision.search.shared_network import SharedNetwork, run_block, run_convolution
from mcu_vision.search.space import Space


def disturbed(module: nn.Module) -> nn.Module:
    """Every parameter its own, norms' too, so that a wrong corner of one shows."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def as_tuple(outputs: object) -> tuple[torch.Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)  # type: ignore[return-value]


def test_a_choice_gives_the_values_of_the_network_cut_out(space: Space) -> None:
    torch.manual_seed(0)
    shared = disturbed(SharedNetwork(space))
    width, height, channels = space.size
    images = torch.rand(3, channels, height, width)
    random = np.random.default_rng(7)
    for _ in range(4):
        choice = space.draw(random)
        alone = shared.cut_out(choice).train()  # type: ignore[operator]
        with torch.no_grad():
            ours, theirs = as_tuple(shared(images, choice)), as_tuple(alone(images))
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert torch.equal(a, b)


def test_leaving_filters_out_equals_multiplying_them_by_zero() -> None:
    block = disturbed(build_block(BlockConfig("ibn", 24, expansion=6), 16))
    small = BlockConfig("ibn", 8, expansion=3)
    x = torch.rand(2, 8, 6, 6)
    expand, depthwise, project = block.layers  # type: ignore[union-attr, misc]
    with torch.no_grad():
        ours = run_block(block, small, x)
        y = torch.cat((x, torch.zeros(2, 8, 6, 6)), 1)
        for layer, used in ((expand, 24), (depthwise, 24), (project, 8)):
            y = run_convolution(layer, y, layer[0].out_channels)
            y = y * (torch.arange(y.shape[1]) < used).view(1, -1, 1, 1)
    torch.testing.assert_close(ours, x + y[:, :8])
    assert not y[:, 8:].any()


def test_training_a_choice_leaves_what_it_does_not_use(space: Space) -> None:
    shared = SharedNetwork(space)
    width, height, channels = space.size
    choice = space.draw(np.random.default_rng(8))
    outputs = as_tuple(shared(torch.rand(2, channels, height, width), choice))
    sum(output.square().sum() for output in outputs).backward()  # type: ignore[union-attr]
    used = {name for name, p in shared.named_parameters() if p.grad is not None and bool(p.grad.any())}
    slots = {f"slots.{index}." for index, _ in space.blocks(choice)}
    assert all(any(name.startswith(slot) for name in used) for slot in slots)
    assert all(any(name.startswith(slot) for slot in slots) for name in used if name.startswith("slots."))
    kinds = [len({name.split(".")[2] for name in used if name.startswith(slot)}) for slot in slots]
    assert kinds == [1] * len(slots)
