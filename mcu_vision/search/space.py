"""Search spaces: the decisions that make a network, and what each may be. Imports no torch.

"mobiledet": blocks of MobileDets behind a convolution or RNNPool; "rnnpool": RNNPool, then inverted bottlenecks;
"mobiledet-small": the first with one kind of block in each place, for searches of an hour on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcu_vision.models.network_config import BlockConfig, NetworkConfig

Choice = tuple[int, ...]
"""The number of the option taken of each decision."""
SPACES = ("mobiledet", "rnnpool", "mobiledet-small")
WIDTH_FACTORS = (0.5, 0.75, 1.0, 1.5)
SKIP = "skip"


@dataclass(frozen=True)
class BlockOption:
    """What a block may be but for its channels; "skip" passes its input on."""

    op: str
    kernel: int = 3
    expansion: int = 4
    compress: float = 0.25
    expand: float = 0.75


BLOCK_OPTIONS: dict[str, tuple[BlockOption, ...]] = {
    "mobiledet": (
        BlockOption("ibn", 3, 3),
        BlockOption("ibn", 3, 6),
        BlockOption("ibn", 5, 3),
        BlockOption("ibn", 5, 6),
        BlockOption("fused", 3, 2),
        BlockOption("fused", 3, 4),
        BlockOption("tucker", compress=0.25, expand=0.75),
        BlockOption("tucker", compress=0.75, expand=0.75),
    ),
    "rnnpool": (
        BlockOption("ibn", 3, 2),
        BlockOption("ibn", 3, 4),
        BlockOption("ibn", 3, 6),
        BlockOption("ibn", 5, 2),
        BlockOption("ibn", 5, 4),
        BlockOption("ibn", 5, 6),
    ),
    "mobiledet-small": (
        BlockOption("ibn", 3, 3),
        BlockOption("ibn", 3, 6),
        BlockOption("fused", 3, 2),
        BlockOption("fused", 3, 4),
    ),
}
POOLS = {"mobiledet": (0, 4, 8, 16), "rnnpool": (4, 8, 16), "mobiledet-small": (0,)}
"""Hidden units of RNNPool that may follow the first convolution; 0: the early blocks follow it."""
NESTED = ("mobiledet-small",)
"""Spaces whose networks are all parts of one: a place has blocks of one kind, fused in the large maps and inverted
bottlenecks in the small ones, and a stage one width, so that all its blocks but the first have shortcuts. Weights that
are shared by blocks of several kinds learn little in a thousand steps."""
FEW_WEIGHTS = 64
"""Channels from which on a fused block has too many weights."""


@dataclass(frozen=True)
class Slot:
    """A place for a block. base: channels at a width of 1. early: only there without RNNPool."""

    base: int
    stride: int = 1
    optional: bool = True
    head: bool = False
    early: bool = False


@dataclass(frozen=True)
class Front:
    """What follows the first convolution: the early slots (pool 0), or RNNPool with `pool` hidden units."""

    pool: int = 0
    patch: int = 6


EARLY = (Slot(16, 2, False, early=True), Slot(24, 2, False, early=True))
SLOTS = {
    "vww": (
        *EARLY,
        Slot(32),
        *(Slot(32, 2, False), *(Slot(32),) * 4),
        *(Slot(64, 2, False), *(Slot(64),) * 3),
    ),
    "faces": (
        *EARLY,
        *(Slot(32), Slot(32, optional=False, head=True)),
        *(Slot(32), Slot(32, optional=False, head=True)),
        *(Slot(64, 2, False), Slot(64, optional=False, head=True)),
        *(Slot(64), Slot(64, optional=False, head=True)),
    ),
}
STEMS = {"vww": (8, 16), "faces": (4, 8)}
PATCH = {"vww": 6, "faces": 8}
LAST = {"vww": (128, 192, 320), "faces": (0,)}
SIZES = {"vww": (96, 96, 3), "faces": (320, 240, 1)}
"""Width, height and channels of the input where none is asked for."""


@dataclass(frozen=True)
class Decision:
    """Something to choose. name: "stem", "front", "last", "N.op" or "N.width" of slot N."""

    name: str
    options: tuple[int | Front | BlockOption, ...]


class Space:
    """The decisions of a space for a task, and the network that a choice makes."""

    def __init__(self, space: str, task: str, size: tuple[int, int, int] | None = None) -> None:
        self.space, self.task, self.size = space, task, size or SIZES[task]
        self._early = 0 in POOLS[space]
        self.slots = [s for s in SLOTS[task] if self._early or not s.early]
        self._leaders = self._find_leaders()
        self.decisions = self._decide()
        self._place = {decision.name: index for index, decision in enumerate(self.decisions)}

    def _decide(self) -> tuple[Decision, ...]:
        fronts = [Front(pool, PATCH[self.task]) if pool else Front() for pool in POOLS[self.space]]
        decisions = [Decision("stem", STEMS[self.task]), Decision("front", tuple(fronts))]
        for index, slot in enumerate(self.slots):
            options = self._block_options(slot) + ((BlockOption(SKIP),) if slot.optional else ())
            decisions.append(Decision(f"{index}.op", options))
            if self._leaders[index] == index:
                decisions.append(Decision(f"{index}.width", slot_widths(slot)))
        return (*decisions, Decision("last", LAST[self.task]))

    def _find_leaders(self) -> list[int]:
        """For each slot the one whose width is its own too: where stages have one width, the first of its stage."""
        leaders: list[int] = []
        for index, slot in enumerate(self.slots):
            follows = index > 0 and slot.stride == 1 and slot.base == self.slots[index - 1].base
            leaders.append(leaders[-1] if follows and self.space in NESTED else index)
        return leaders

    def _block_options(self, slot: Slot) -> tuple[BlockOption, ...]:
        kind = "ibn" if slot.base >= FEW_WEIGHTS else "fused"
        return tuple(o for o in BLOCK_OPTIONS[self.space] if self.space not in NESTED or o.op == kind)

    @property
    def sizes(self) -> list[int]:
        """Options of each decision."""
        return [len(decision.options) for decision in self.decisions]

    def option(self, choice: Choice, name: str) -> int | Front | BlockOption:
        """What `choice` takes for the decision `name`."""
        place = self._place[name]
        return self.decisions[place].options[choice[place]]

    def active(self, choice: Choice) -> list[bool]:
        """Whether each decision matters: those of slots that are not there, or skipped, do not."""
        result = [not decision.name.endswith(".width") for decision in self.decisions]
        for index, slot in enumerate(self.slots):
            absent = slot.early and self._front(choice).pool > 0
            result[self._place[f"{index}.op"]] = not absent
            if not absent and self._block(choice, index).op != SKIP:
                result[self._place[f"{self._leaders[index]}.width"]] = True
        return result

    def blocks(self, choice: Choice) -> list[tuple[int, BlockConfig]]:
        """The blocks that are there, each with the number of its slot."""
        found = []
        for index, slot in enumerate(self.slots):
            block, width = self._block(choice, index), self.option(choice, f"{self._leaders[index]}.width")
            if block.op == SKIP or (slot.early and self._front(choice).pool):
                continue
            assert isinstance(width, int)
            parts = (block.kernel, block.expansion, block.compress, block.expand)
            found.append((index, BlockConfig(block.op, width, slot.stride, *parts, head=slot.head)))
        return found

    def network(self, choice: Choice, name: str = "searched") -> NetworkConfig:
        """The network of a choice."""
        front = self._front(choice)
        stem, last = self.option(choice, "stem"), self.option(choice, "last")
        assert isinstance(stem, int)
        assert isinstance(last, int)
        blocks = tuple(block for _, block in self.blocks(choice))
        return NetworkConfig(name, self.task, self.size, stem, blocks, front.pool, PATCH[self.task], last)

    def draw(self, random: np.random.Generator) -> Choice:
        """A random choice, each option alike."""
        return tuple(int(random.integers(size)) for size in self.sizes)

    def widest(self, choice: Choice) -> Choice:
        """The same with all filters of every layer."""
        names = (decision.name for decision in self.decisions)
        wide = (name == "stem" or name == "last" or name.endswith(".width") for name in names)
        return tuple(size - 1 if w else c for c, size, w in zip(choice, self.sizes, wide, strict=True))

    def simplest(self, choice: Choice) -> Choice:
        """The same network with 0 for each decision that does not matter: equal networks, equal choices."""
        return tuple(c if used else 0 for c, used in zip(choice, self.active(choice), strict=True))

    def _front(self, choice: Choice) -> Front:
        front = self.option(choice, "front")
        assert isinstance(front, Front)
        return front

    def _block(self, choice: Choice, index: int) -> BlockOption:
        block = self.option(choice, f"{index}.op")
        assert isinstance(block, BlockOption)
        return block

    def inputs(self, index: int) -> int:
        """The most channels that slot `index` may be given."""
        most = 0
        for slot in reversed(self.slots[:index]):
            most = max(most, *slot_widths(slot))
            if not slot.optional and not slot.early:
                return most
        stem, fronts = self.decisions[0].options, self.decisions[1].options
        pools = [4 * front.pool for front in fronts if isinstance(front, Front)]
        first = index == 0 and self._early
        return max(most, *(s for s in stem if isinstance(s, int)), *([] if first else pools))


def slot_widths(slot: Slot) -> tuple[int, ...]:
    """Channels that a block in `slot` may have: multiples of 8."""
    scaled: Sequence[int] = sorted({max(8, 8 * round(slot.base * factor / 8)) for factor in WIDTH_FACTORS})
    return tuple(scaled)
