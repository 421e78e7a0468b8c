"""One network that holds the weights of all networks of a space (one-shot search, with filter masking).

Each slot has one block for each kind of block and kernel, of the most channels that any option gives it. A choice
uses the first filters of each convolution and the first channels of each filter. Masked filters are not multiplied by
zero but left out, which gives the same values for less work. After TuNAS (Bender et al., CVPR 2020, section 3.2).
Batch norm always takes the statistics of the batch: running ones would mix those of all networks.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.models.blocks import DetectionHead, conv_bn
from mcu_vision.models.blocks.heads import L2Norm
from mcu_vision.models.face_levels import FACE_LEVELS, L2_SCALES
from mcu_vision.models.network_config import POOL_STRIDE, BlockConfig
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.models.searched import build_block, build_network
from mcu_vision.search.space import PATCH, SKIP, BlockOption, Choice, Front, Space, slot_widths


class SharedNetwork(nn.Module):
    """Computes any network of `space`: forward(images, choice) gives what that network's module gives in training."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        decisions = {decision.name: decision.options for decision in space.decisions}
        stems = [option for option in decisions["stem"] if isinstance(option, int)]
        fronts = [option for option in decisions["front"] if isinstance(option, Front) and option.pool]
        self.stem = conv_bn(space.size[2], max(stems), 3, 2)
        # RNNPool's cells do not nest: each number of hidden units, over each stem, has its own.
        self.pools = nn.ModuleDict(
            {
                f"{stem}-{front.pool}": RNNPool(
                    stem, front.pool, front.pool, PATCH[space.task], POOL_STRIDE, replicate_last=True
                )
                for stem in stems
                for front in fronts
            }
        )
        self.slots = nn.ModuleList(self._slot(index) for index in range(len(space.slots)))
        self.heads = nn.ModuleList()
        if space.task == "faces":
            tapped = (slot for slot in space.slots if slot.head)
            for slot, level, scale in zip(tapped, FACE_LEVELS, L2_SCALES, strict=True):
                self.heads.append(DetectionHead(max(slot_widths(slot)), level.background_logits, scale))
        else:
            last = max(option for option in decisions["last"] if isinstance(option, int))
            self.last = conv_bn(space.inputs(len(space.slots)), last, 1)
            self.classifier = nn.Linear(last, 2)

    def _slot(self, index: int) -> nn.ModuleDict:
        """The largest block of each kind and kernel that the slot's options name."""
        slot, inputs = self.space.slots[index], self.space.inputs(index)
        options = next(d.options for d in self.space.decisions if d.name == f"{index}.op")
        blocks = [option for option in options if isinstance(option, BlockOption) and option.op != SKIP]
        largest = {}
        for key in {shared_key(option.op, option.kernel) for option in blocks}:
            alike = [option for option in blocks if shared_key(option.op, option.kernel) == key]
            expansion = max(option.expansion for option in alike)
            inner = (max(option.compress for option in alike), max(option.expand for option in alike))
            channels = max(slot_widths(slot))
            config = BlockConfig(alike[0].op, channels, slot.stride, alike[0].kernel, expansion, *inner)
            largest[key] = build_block(config, inputs)
        return nn.ModuleDict(dict(sorted(largest.items())))

    def forward(self, images: Tensor, choice: Choice) -> Tensor | tuple[Tensor, ...]:
        """Logits (N, 2), or the flat tuple of head maps, of images (N, C, H, W) in [0, 1]."""
        network = self.space.network(choice)
        x = run_convolution(self.stem, images, network.stem)
        if network.pool:
            pool = cast(RNNPool, self.pools[f"{network.stem}-{network.pool}"])
            x = pool(x)
        maps: list[Tensor] = []
        for index, block in self.space.blocks(choice):
            x = run_block(self._module(index, block), block, x)
            if block.head:
                maps += run_head(cast(DetectionHead, self.heads[len(maps) // 2]), x)
        if maps:
            return tuple(maps)
        x = run_convolution(self.last, x, network.last).mean((2, 3))
        return F.linear(x, self.classifier.weight[:, : x.shape[1]], self.classifier.bias)

    def _module(self, index: int, block: BlockConfig) -> nn.Module:
        slot = cast(nn.ModuleDict, self.slots[index])
        return slot[shared_key(block.op, block.kernel)]

    @torch.no_grad()
    def cut_out(self, choice: Choice) -> nn.Module:
        """The network of a choice by itself, with its part of the shared weights."""
        network = self.space.network(choice)
        module = build_network(network)
        parts = dict(module.named_modules())
        stem = cast(nn.Sequential, parts["stages.0" if network.task == "faces" else "stem"])
        _copy_part(self.stem, stem[0])
        if network.pool:
            _copy_part(self.pools[f"{network.stem}-{network.pool}"], stem[1])
        if network.task == "faces":
            stages = [cast(nn.Sequential, parts[f"stages.{index + 1}"]) for index in range(len(self.heads))]
            blocks = [block for stage in stages for block in stage]
            for index, head in enumerate(self.heads):
                _copy_part(head, parts[f"heads.{index}"])
        else:
            blocks = list(cast(nn.Sequential, parts["blocks"]))
            _copy_part(self.last, parts["last"])
            _copy_part(self.classifier, parts["classifier"])
        for (index, config), block in zip(self.space.blocks(choice), blocks, strict=True):
            _copy_part(self._module(index, config), block)
        return module


def shared_key(op: str, kernel: int) -> str:
    """Blocks of equal keys share their weights."""
    return f"{op}{kernel}"


def run_convolution(layers: nn.Module, x: Tensor, outputs: int) -> Tensor:
    """The first `outputs` filters of a `conv_bn` on the channels that `x` has."""
    parts = cast(nn.Sequential, layers)
    convolution, norm = cast(nn.Conv2d, parts[0]), cast(nn.BatchNorm2d, parts[1])
    inputs = x.shape[1]
    depthwise = convolution.groups > 1
    weight = convolution.weight[:outputs] if depthwise else convolution.weight[:outputs, :inputs]
    groups = inputs if depthwise else 1
    x = F.conv2d(x, weight, None, convolution.stride, convolution.padding, convolution.dilation, groups)
    x = F.batch_norm(x, None, None, norm.weight[:outputs], norm.bias[:outputs], True, 0.0, norm.eps)
    return F.relu6(x) if len(parts) == 3 else x


def run_block(module: nn.Module, config: BlockConfig, x: Tensor) -> Tensor:
    """The part of a shared block that `config` names."""
    y = x
    layers = cast(nn.Sequential, module.layers)
    for layer, outputs in zip(layers, config.widths(x.shape[1]), strict=True):
        y = run_convolution(layer, y, outputs)
    return x + y if config.stride == 1 and x.shape[1] == config.channels else y


def run_head(head: DetectionHead, x: Tensor) -> tuple[Tensor, Tensor]:
    """A detection head on the channels that `x` has."""
    inputs = x.shape[1]
    if isinstance(head.norm, L2Norm):
        x = F.normalize(x, dim=1) * head.norm.scale[:, :inputs]
    loc, conf = (cast(nn.Conv2d, part) for part in (head.loc, head.conf))
    boxes, scores = (F.conv2d(x, p.weight[:, :inputs], p.bias, padding=p.padding) for p in (loc, conf))
    return boxes, scores


def _copy_part(shared: nn.Module, own: nn.Module) -> None:
    """The corner of each shared tensor that the smaller one's shape covers."""
    tensors = shared.state_dict()
    for name, tensor in own.state_dict().items():
        tensor.copy_(tensors[name][tuple(slice(size) for size in tensor.shape)])
