"""What a stretch of emulation executed: exact instructions, estimated cycles, by function and by class."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from mcu_vision.emulate.cycle_model import BlockTiming


@dataclass(frozen=True)
class FunctionProfile:
    """The share of one function, without those that it calls."""

    name: str
    instructions: int
    cycles_estimated: int
    cycles_flash_model: int


@dataclass(frozen=True)
class BlockProfile:
    """One basic block, as the engine split the code."""

    address: int
    size_bytes: int
    executions: int
    instructions: int
    cycles_estimated: int
    cycles_flash_model: int


@dataclass(frozen=True)
class Profile:
    """`instructions` is exact. The cycles are estimates: `cycles_estimated` without wait states, `cycles_flash_model`
    with the stalls of the flash accelerator at the wait states that the firmware set. `functions` are sorted by
    cycles_flash_model, so are `blocks`, most first; `classes` counts instructions by class.
    """

    instructions: int
    cycles_estimated: int
    cycles_flash_model: int
    functions: tuple[FunctionProfile, ...]
    blocks: tuple[BlockProfile, ...]
    classes: Mapping[str, int]


class ProfileRecorder:
    """Sums the counts of all stretches between start() and stop()."""

    def __init__(self, snapshot: Callable[[], npt.NDArray[Any]]) -> None:
        self._snapshot = snapshot
        self._start: npt.NDArray[Any] | None = None
        self._blocks: npt.NDArray[Any] | None = None

    @property
    def running(self) -> bool:
        """Whether a stretch is open."""
        return self._start is not None

    def clear(self) -> None:
        """Forget all stretches."""
        self._start = self._blocks = None

    def start(self) -> None:
        """Open a stretch."""
        self._start = self._snapshot()

    def stop(self) -> None:
        """Close the stretch, and add it to those before."""
        self._blocks, self._start = self._sum(), None

    def result(self, timings: Mapping[tuple[int, int], BlockTiming], function_of: Callable[[int], str]) -> Profile:
        """Summarise all stretches, an open one included."""
        blocks = self._sum()
        return _summarise(blocks[blocks["executions"] > 0] if blocks is not None else (), timings, function_of)

    def _sum(self) -> npt.NDArray[Any] | None:
        if self._start is None:
            return self._blocks
        blocks = self._snapshot()
        for name in ("executions", "fallthroughs", "stall_cycles", "misaligned_cycles"):
            blocks[name][: len(self._start)] -= self._start[name]
            if self._blocks is not None:
                blocks[name][: len(self._blocks)] += self._blocks[name]
        return blocks


def _summarise(
    blocks: Any, timings: Mapping[tuple[int, int], BlockTiming], function_of: Callable[[int], str]
) -> Profile:
    functions: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    classes: Counter[str] = Counter()
    listed = []
    for block in blocks:
        executions = int(block["executions"])
        instructions = executions * int(block["instructions"])
        taken = max(0, executions - int(block["fallthroughs"]))
        cycles = executions * int(block["cycles"]) + taken * int(block["branch_cycles"])
        cycles += int(block["misaligned_cycles"])
        sums = functions[function_of(int(block["address"]))]
        flash_cycles = cycles + int(block["stall_cycles"])
        for i, value in enumerate((instructions, cycles, flash_cycles)):
            sums[i] += value
        address, size = int(block["address"]), int(block["size"])
        for kind, count in timings[address, size].classes.items():
            classes[kind] += executions * count
        listed.append(BlockProfile(address, size, executions, instructions, cycles, flash_cycles))
    instructions, cycles, flash_cycles = (sum(sums[i] for sums in functions.values()) for i in range(3))
    return Profile(
        instructions,
        cycles,
        flash_cycles,
        tuple(sorted((FunctionProfile(name, *sums) for name, sums in functions.items()), key=_cost)),
        tuple(sorted(listed, key=lambda block: -block.cycles_flash_model)),
        dict(classes.most_common()),
    )


def _cost(function: FunctionProfile) -> tuple[int, str]:
    return -function.cycles_flash_model, function.name
