"""Networks made of a configuration, as the search finds them: MobileDets' blocks behind a convolution or RNNPool.

Source of the blocks: Xiong et al., MobileDets, CVPR 2021, section 3.2.
"""

from __future__ import annotations

from torch import Tensor, nn

from mcu_vision.models.blocks import DetectionHead, FusedMBConv, MBConv, Tucker, conv_bn
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.face_levels import FACE_LEVELS, L2_SCALES, SCORE_THRESHOLD
from mcu_vision.models.network_config import POOL_STRIDE, BlockConfig, NetworkConfig
from mcu_vision.models.rnnpool import RNNPool


class SearchedClassifier(nn.Module):
    """Image (N, C, height, width) in [0, 1] to logits (N, 2): no person, person."""

    def __init__(self, network: NetworkConfig) -> None:
        super().__init__()
        self.spec = ClassifierSpec(*network.input, ("no person", "person"), softmax=True)
        stem, stages = _trunk(network)
        self.stem = stem
        self.blocks = nn.Sequential(*stages)
        self.last = conv_bn(network.blocks[-1].channels, network.last, 1)
        self.classifier = nn.Linear(network.last, 2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.last(self.blocks(self.stem(x))).mean((2, 3)))
        return logits


def build_network(network: NetworkConfig) -> SearchedClassifier | FaceDetector:
    """The module with fresh weights."""
    if network.task == "vww":
        return SearchedClassifier(network)
    stem, blocks = _trunk(network)
    stages: list[nn.Module] = []
    parts: list[nn.Module] = []
    for module, block in zip(blocks, network.blocks, strict=True):
        parts.append(module)
        if block.head:
            stages.append(nn.Sequential(*parts))
            parts = []
    channels = [block.channels for block in network.blocks if block.head]
    heads = [
        DetectionHead(count, level.background_logits, scale)
        for count, level, scale in zip(channels, FACE_LEVELS, L2_SCALES, strict=True)
    ]
    spec = DetectorSpec(*network.input, levels=FACE_LEVELS, score_threshold=SCORE_THRESHOLD)
    return FaceDetector(spec, [stem, *stages], heads)


def build_block(block: BlockConfig, inputs: int) -> nn.Module:
    """One block with fresh weights."""
    if block.op == "ibn":
        return MBConv(inputs, block.channels, block.stride, block.expansion, block.kernel)
    if block.op == "fused":
        return FusedMBConv(inputs, block.channels, block.stride, block.expansion, block.kernel)
    return Tucker(inputs, block.channels, block.stride, block.compress, block.expand, block.kernel)


def _trunk(network: NetworkConfig) -> tuple[nn.Sequential, list[nn.Module]]:
    """What comes before the blocks, and the blocks."""
    stem: list[nn.Module] = [conv_bn(network.input[2], network.stem, 3, 2)]
    inputs = network.stem
    if network.pool:
        pool = RNNPool(inputs, network.pool, network.pool, network.patch, POOL_STRIDE, replicate_last=True)
        stem.append(pool)
        inputs = pool.out_channels
    blocks = []
    for block in network.blocks:
        blocks.append(build_block(block, inputs))
        inputs = block.channels
    return nn.Sequential(*stem), blocks
