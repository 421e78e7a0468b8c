"""A network as a short list of choices, and the TOML file that holds it. Imports no torch."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BLOCKS = ("ibn", "fused", "tucker")
TASKS = ("vww", "faces")
HEADS = 4
"""Detection heads of a face detector: face-m4's, at strides 8, 8, 16 and 16."""
POOL_STRIDE = 4


@dataclass(frozen=True)
class BlockConfig:
    """One block of MobileDets: an inverted bottleneck, a fused one, or a Tucker layer.

    channels: of its output. expansion: of ibn and fused. compress, expand: of tucker, the inner channels as parts of
    the inputs and of the outputs. head: a face detector's head reads its output.
    """

    op: str
    channels: int
    stride: int = 1
    kernel: int = 3
    expansion: int = 4
    compress: float = 0.25
    expand: float = 0.75
    head: bool = False

    def __post_init__(self) -> None:
        if self.op not in BLOCKS:
            raise UserError(f"a block's op is one of {', '.join(BLOCKS)}, not {self.op!r}")
        if self.channels < 1 or self.stride not in (1, 2) or self.kernel not in (1, 3, 5, 7) or self.expansion < 1:
            raise UserError(
                "a block needs channels and expansion of 1 or more, a stride of 1 or 2 and a kernel of 1, 3, 5 or 7"
            )
        if not (0 < self.compress <= 1 and 0 < self.expand <= 1):
            raise UserError("a Tucker block's compress and expand are above 0 and at most 1")

    def widths(self, inputs: int) -> list[int]:
        """Output channels of its convolutions, in order."""
        if self.op == "tucker":
            low, high = max(1, round(inputs * self.compress)), max(1, round(self.channels * self.expand))
            return [low, high, self.channels]
        hidden = inputs * self.expansion
        if self.op == "fused":
            return [hidden, self.channels]
        return [hidden, self.channels] if self.expansion == 1 else [hidden, hidden, self.channels]


@dataclass(frozen=True)
class NetworkConfig:
    """A 3x3 convolution of stride 2, perhaps RNNPool, blocks, and a classifier or face-m4's four heads.

    stem: channels of that convolution. pool: hidden units of RNNPool's cells (0: there is none), over patches of
    `patch` pixels, stride 4. last: channels of a classifier's last 1x1 convolution.
    """

    name: str
    task: str
    input: tuple[int, int, int]
    stem: int
    blocks: tuple[BlockConfig, ...]
    pool: int = 0
    patch: int = 6
    last: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][\w-]*", self.name):
            raise UserError(f"a network's name is letters, digits and dashes, not {self.name!r}")
        if self.task not in TASKS:
            raise UserError(f"a network's task is one of {', '.join(TASKS)}, not {self.task!r}")
        if len(self.input) != 3 or min(self.input[:2]) < 32 or self.input[2] not in (1, 3):
            raise UserError(f"a network's input is width, height (32 or more) and 1 or 3 channels, not {self.input}")
        if self.stem < 1 or self.pool < 0 or self.patch < 1 or not self.blocks:
            raise UserError(f"{self.name} needs stem and patch of 1 or more, pool of 0 or more, and blocks")
        if self.task == "vww" and self.last < 1:
            raise UserError(f"{self.name} is a classifier: it needs last, the channels of its last convolution")
        strides = [stride for stride, block in zip(self.strides(), self.blocks, strict=True) if block.head]
        if self.task == "faces" and strides != [8, 8, 16, 16]:
            raise UserError(f"{self.name} needs four blocks with heads, at strides 8, 8, 16 and 16, not {strides}")

    def strides(self) -> list[int]:
        """Pixels of the image for one of each block's output."""
        stride, strides = 2 * (POOL_STRIDE if self.pool else 1), []
        for block in self.blocks:
            stride *= block.stride
            strides.append(stride)
        return strides

    def to_toml(self, remarks: str = "") -> str:
        """The file's text. remarks: lines for its head."""
        lines = [f"# {line}".rstrip() for line in remarks.splitlines()]
        lines += _lines(self, {"blocks"})
        for block in self.blocks:
            unused = {"expansion"} if block.op == "tucker" else {"compress", "expand"}
            lines += ["", "[[blocks]]", *_lines(block, unused | (set() if block.head else {"head"}))]
        return "\n".join(lines) + "\n"


def _lines(item: Any, left_out: set[str]) -> list[str]:
    return [f"{f.name} = {_value(getattr(item, f.name))}" for f in fields(item) if f.name not in left_out]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)


def parse_network(text: str, source: str) -> NetworkConfig:
    """The network of a TOML text. Raises UserError, which names `source`, for anything wrong in it."""
    try:
        values = tomllib.loads(text)
        blocks = values.pop("blocks", [])
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise UserError("its blocks are no [[blocks]] tables")
        built = tuple(BlockConfig(**_checked(block, BlockConfig)) for block in blocks)
        checked = _checked(values, NetworkConfig)
        size = checked.pop("input", ())
        return NetworkConfig(**checked, input=tuple(size), blocks=built)
    except (tomllib.TOMLDecodeError, TypeError, UserError) as error:
        problem = (
            str(error).replace("NetworkConfig.__init__()", "it is").replace("BlockConfig.__init__()", "a block is")
        )
        raise UserError(f"{source} is no network description: {problem}") from error


def _checked(values: dict[str, Any], kind: type) -> dict[str, Any]:
    """The same values, each of the type that the field has."""
    types = {f.name: f.type for f in fields(kind)}
    for name, value in values.items():
        if name not in types:
            raise UserError(f"it has an unknown entry {name!r}")
        expected = {"int": int, "str": str, "bool": bool, "float": (int, float)}.get(str(types[name]), list)
        wrong = not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool)  # type: ignore[arg-type]
        if wrong or (isinstance(value, list) and not all(type(item) is int for item in value)):
            raise UserError(f"{name} cannot be {value!r}")
    return values


def read_network(path: Path) -> NetworkConfig:
    """The network of a file. Raises UserError if there is none or it is wrong."""
    try:
        return parse_network(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}; name a network description (TOML)") from error
