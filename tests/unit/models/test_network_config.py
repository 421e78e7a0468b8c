"""Network descriptions: the file, its errors, and the modules that are made of them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mcu_vision.errors import UserError
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.face_m4 import face_m4
from mcu_vision.models.network_config import BlockConfig, NetworkConfig, parse_network, read_network
from mcu_vision.models.registry import build_model
from mcu_vision.models.searched import build_network
from mcu_vision.models.visual_wake_words import WakeWordNet

BLOCKS = tuple(
    BlockConfig("ibn", channels, stride if index == 0 else 1, 3, 6)
    for channels, repeats, stride in ((24, 4, 2), (32, 3, 1), (56, 3, 2), (112, 1, 1))
    for index in range(repeats)
)
VWW = NetworkConfig("hand-made", "vww", (96, 96, 3), 8, BLOCKS, pool=8, patch=6, last=320)
HEADS = ((32, 1), (32, 1), (64, 2), (64, 1))
FACES = NetworkConfig(
    "hand-made-faces",
    "faces",
    (320, 240, 1),
    4,
    tuple(BlockConfig("ibn", channels, stride, 3, 2, head=True) for channels, stride in HEADS),
    pool=16,
    patch=8,
)


def shapes(module: torch.nn.Module) -> list[tuple[int, ...]]:
    return sorted(tuple(p.shape) for p in module.parameters())


def test_hand_made_networks_are_in_the_space() -> None:
    assert shapes(build_network(VWW)) == shapes(WakeWordNet(96))
    built = build_network(FACES)
    assert isinstance(built, FaceDetector)
    assert shapes(built) == shapes(face_m4())
    wanted = face_m4().spec
    assert replace(built.spec, score_threshold=wanted.score_threshold) == wanted  # the threshold is of the weights


@pytest.mark.parametrize("network", [VWW, FACES], ids=["vww", "faces"])
def test_models_are_built_from_the_file(network: NetworkConfig, tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(network.to_toml("a remark"))
    assert read_network(path) == network
    assert shapes(build_model(str(path))) == shapes(build_network(network))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("stem = 8", "stem = 0", "stem and patch"),
        ("stem = 8", "stem = true", "stem cannot be True"),
        ("stem = 8", "stem = 8\nsteam = 8", "unknown entry 'steam'"),
        ("stem = 8", "", "'stem'"),
        ('op = "ibn"', 'op = "conv"', "one of ibn, fused, tucker"),
        ("channels = 24", "channels = 0", "channels and expansion"),
        ("kernel = 3", "kernel = 2", "kernel of 1, 3, 5 or 7"),
        ("input = [96, 96, 3]", "input = [96, 96]", "width, height"),
        ("input = [96, 96, 3]", 'input = ["96", 96, 3]', "input cannot be"),
        ('task = "vww"', 'task = "cars"', "one of vww, faces"),
        ('task = "vww"', 'task = "faces"', "four blocks with heads"),
        ("last = 320", "last = 0", "last convolution"),
        ('name = "hand-made"', 'name = "../x"', "letters"),
        ("[[blocks]]", "[blocks]", "is no network description"),
        ("stem = 8", "stem =", "is no network description"),
    ],
)
def test_wrong_files_are_one_line(old: str, new: str, message: str) -> None:
    text = VWW.to_toml()
    assert old in text
    with pytest.raises(UserError, match=message) as error:
        parse_network(text.replace(old, new, 1), "net.toml")
    assert str(error.value).startswith("net.toml is no network description")
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        build_model(str(tmp_path / "none.toml"))


def test_tucker_blocks_keep_their_ratios_in_the_file() -> None:
    block = BlockConfig("tucker", 32, 1, compress=0.75, expand=0.5)
    network = NetworkConfig("net", "vww", (64, 64, 3), 8, (block,), last=64)
    assert parse_network(network.to_toml(), "text").blocks == (block,)
    assert block.widths(16) == [12, 16, 32]
