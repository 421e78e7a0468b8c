"""The checks of `mcu-vision test`: firmware against the integer reference, and within its limits."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from mcu_vision.cli.emulated_board import EmulatedBoard
from mcu_vision.cli.emulators import open_model
from mcu_vision.cli.pipeline import Build
from mcu_vision.cli.project import Limits
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.errors import UserError
from mcu_vision.report.junit import TestCase


class FirmwareChecks:
    """Runs photos on an emulated board, a fresh one after each failure."""

    def __init__(self, build: Build, emulator: str, limits: Limits) -> None:
        self._build, self._emulator, self._limits = build, emulator, limits
        self._stack = ExitStack()
        self._board: EmulatedBoard | None = None
        self._most_instructions: int | None = None
        self._most_ram = int(build.summary["ram"]["peak_bytes"])

    def run(self, photos: Sequence[Path]) -> Iterator[TestCase]:
        """Yield a case for each photo, then one for each limit."""
        with self._stack:
            for photo in photos:
                yield self._case("reference", photo.name, partial(self._compare, photo))
        for name, limit, used, unit in (
            ("ram", self._limits.ram_bytes, self._most_ram, "bytes of RAM"),
            ("flash", self._limits.flash_bytes, int(self._build.summary["flash_bytes"]), "bytes of flash"),
            ("instructions", self._limits.instructions, self._most_instructions, "instructions"),
        ):
            if limit is not None:
                yield TestCase("limits", name, 0.0, _excess(used, limit, unit))

    def figures(self) -> dict[str, int | None]:
        """The most that was seen."""
        return {
            "peak_ram_bytes": self._most_ram,
            "flash_bytes": int(self._build.summary["flash_bytes"]),
            "instructions": self._most_instructions,
        }

    def _case(self, group: str, name: str, check: Callable[[], str | None]) -> TestCase:
        start = time.perf_counter()
        try:
            failure = check()
        except (EmulationFault, UserError) as error:
            failure = str(error)
        if failure is not None:
            self._stack.close()
            self._board = None
        return TestCase(group, name, time.perf_counter() - start, failure)

    def _compare(self, photo: Path) -> str | None:
        if self._board is None:
            model = self._stack.enter_context(open_model(self._build, self._emulator))
            self._board = EmulatedBoard(self._build, model, self._limits)
        result = self._board.infer(photo)
        if result.instructions is not None:
            self._most_instructions = max(self._most_instructions or 0, result.instructions)
        self._most_ram = max(self._most_ram, self._board.peak_ram)
        expected = self._board.reference(photo)
        for name, got, want in zip(self._build.graph.outputs, result.outputs, expected, strict=True):
            if got != want:
                first = next(i for i, pair in enumerate(zip(got, want, strict=True)) if pair[0] != pair[1])
                count = sum(a != b for a, b in zip(got, want, strict=True))
                return (
                    f"output {name}: {count} of {len(want)} bytes differ from the integer reference, "
                    f"the first at {first}: {got[first]} instead of {want[first]}"
                )
        return None


def _excess(used: int | None, limit: int, unit: str) -> str | None:
    if used is None:
        return f"the {unit} are not known: no inference has told them"
    return f"{used:,} {unit}, {used - limit:,} more than {limit:,}" if used > limit else None
