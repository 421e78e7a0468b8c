"""Where the time of an inference goes: a row an operator, a row a hot basic block."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcu_vision.emulate.profile import BlockProfile, Profile
from mcu_vision.emulate.traffic import Traffic
from mcu_vision.plan import Program


@dataclass(frozen=True)
class ProfileRow:
    """One operator, or what runs between them.

    instructions and calls (of its step) are exact. cycles: estimated, without wait states; cycles_flash: with the
    model of the flash accelerator; share: of all cycles_flash. classes: instructions by class. traffic: bytes of
    data by name of the memory.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    calls: int
    macs: int
    instructions: int
    cycles: int
    cycles_flash: int
    share: float
    classes: Mapping[str, int]
    traffic: Mapping[str, Traffic]

    @property
    def instructions_per_mac(self) -> float | None:
        """None for an operator that multiplies nothing."""
        return self.instructions / self.macs if self.macs else None

    def traffic_bytes(self) -> tuple[int, int]:
        """Bytes of data from flash, and to and from RAM."""
        totals = {name: t.read_bytes + t.written_bytes for name, t in self.traffic.items()}
        flash = totals.pop("flash", 0)
        return flash, sum(totals.values())


@dataclass(frozen=True)
class BlockRow:
    """A basic block that takes much time: its function, line of the sources ("" if unknown) and their text."""

    operator: str
    function: str
    source: str
    text: str
    address: int
    executions: int
    instructions: int
    cycles_flash: int
    share: float
    code: tuple[str, ...]


@dataclass(frozen=True)
class ConstantRow:
    """A constant in flash. waits: estimated cycles that reading it took because the data cache did not hold it."""

    name: str
    size_bytes: int
    waits: int


@dataclass(frozen=True)
class InferenceProfile:
    """A whole inference. rows: in the order of the operators, then the rest; blocks, constants: most cycles first."""

    instructions: int
    cycles: int
    cycles_flash: int
    macs: int
    rows: tuple[ProfileRow, ...]
    blocks: tuple[BlockRow, ...]
    constants: tuple[ConstantRow, ...]

    @property
    def data_waits(self) -> int:
        """Estimated cycles of waits for constants; other waits are for instructions."""
        return sum(constant.waits for constant in self.constants)


def profile_rows(
    program: Program,
    whole: Profile,
    calls: Mapping[int, int],
    profiles: Mapping[int, Profile],
    traffic: Mapping[int, Mapping[str, Traffic]],
) -> tuple[ProfileRow, ...]:
    """The rows of all operators (keys: indices into the graph's), and one of what is in none of their steps."""
    rows = []
    for index, op in enumerate(program.graph.ops):
        tensor, profile = program.graph.tensors[op.outputs[0]], profiles[index]
        rows.append(
            ProfileRow(
                op.name,
                op.kind,
                tensor.shape[1:],
                calls[index],
                op.macs(program.graph),
                profile.instructions,
                profile.cycles_estimated,
                profile.cycles_flash_model,
                profile.cycles_flash_model / max(1, whole.cycles_flash_model),
                profile.classes,
                traffic[index],
            )
        )
    return (*rows, _rest(whole, rows))


def _rest(whole: Profile, rows: list[ProfileRow]) -> ProfileRow:
    flash = whole.cycles_flash_model - sum(row.cycles_flash for row in rows)
    return ProfileRow(
        "between operators",
        "",
        (),
        1,
        0,
        whole.instructions - sum(row.instructions for row in rows),
        whole.cycles_estimated - sum(row.cycles for row in rows),
        flash,
        flash / max(1, whole.cycles_flash_model),
        {name: n - sum(row.classes.get(name, 0) for row in rows) for name, n in whole.classes.items()},
        {},
    )


def hottest_blocks(profiles: Mapping[int, Profile], count: int) -> list[tuple[int, BlockProfile]]:
    """The blocks of most cycles, each with the operator (key of `profiles`) for which it ran."""
    blocks = [(key, block) for key, profile in profiles.items() for block in profile.blocks[:count]]
    return sorted(blocks, key=lambda item: -item[1].cycles_flash_model)[:count]
