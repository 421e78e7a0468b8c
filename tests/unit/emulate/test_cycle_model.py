"""Timing of short sequences, against the Cortex-M4 manual's own examples and tables."""

import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcu_vision.emulate.cycle_model import DIVIDE, PIPELINE_REFILL, CycleModel

# (instructions, cycles, extra cycles of a taken branch)
CASES = [
    ("ldr r0, [r1]; ldr r3, [r2]", 3, 0),
    ("ldr r0, [r1, r2]; str r0, [r3, #20]", 3, 0),
    ("ldr r0, [r1, r2]; str r1, [r3, r2]", 3, 0),
    ("ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]", 4, 0),
    ("ldr r0, [r1]; ldr r2, [r0]", 4, 0),  # the second needs the first
    ("ldr r0, [r1]; adds r2, #1; ldr r3, [r4]", 5, 0),
    ("str r0, [r1]; ldr r2, [r3]", 3, 0),  # nothing pipelines after a store
    ("adds r1, #4; ldr r0, [r1]", 4, 0),  # address from the arithmetic before
    ("adds r1, #4; adds r2, #1; ldr r0, [r1]", 4, 0),
    ("ldrd r0, r1, [r2]; ldr r3, [r4]", 5, 0),
    ("ldm r0, {r1, r2, r3}", 4, 0),
    ("stm r0!, {r1, r2, r3}", 4, 0),
    ("push {r4, r5, lr}", 4, 0),
    ("pop {r4, r5, pc}", 4, PIPELINE_REFILL),
    ("cmp r0, #1; bne 1f; 1: nop", 3, 0),
    ("cmp r0, #1; bne .", 2, PIPELINE_REFILL),
    ("bl .", 1, PIPELINE_REFILL),
    ("bx lr", 1, PIPELINE_REFILL),
    ("cbz r0, 1f; nop; 1: nop", 3, 0),
    ("mov pc, r0", 1, PIPELINE_REFILL),
    ("ldr pc, [r0]", 2, PIPELINE_REFILL),
    ("tbb [pc, r0]", 2, PIPELINE_REFILL),
    ("smlad r0, r1, r2, r0; smlal r0, r1, r2, r3; sxtb16 r0, r1; ssat r0, #8, r1; pkhbt r0, r1, r2", 5, 0),
    ("mul r0, r1, r2; mla r0, r1, r2, r3; smmulr r0, r1, r2; uxtab16 r0, r1, r2", 4, 0),
    ("udiv r0, r1, r2; sdiv r0, r1, r2", 2 * DIVIDE, 0),
    ("ite eq; moveq r0, #1; movne r0, #2", 3, 0),
    ("vldr s0, [r0]; vstr s0, [r1]", 4, 0),
    ("vldmia r0!, {s0-s3}; vpush {d8-d9}", 5 + 5, 0),
    ("vadd.f32 s0, s1, s2; vmul.f32 s0, s1, s2; vfma.f32 s0, s1, s2; vmla.f32 s0, s1, s2", 8, 0),
    ("vdiv.f32 s0, s1, s2; vsqrt.f32 s0, s1", 28, 0),
    ("vmov.f32 s0, #1.0; vcmp.f32 s0, s1; vmrs apsr_nzcv, fpscr; vcvt.f32.s32 s0, s1", 4, 0),
    ("vmov s0, r0; vmov r0, r1, d0", 3, 0),
    ("dsb", 4, 0),
]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The code of each case, by one call of the assembler."""
    folder = tmp_path_factory.mktemp("timing")
    sections = [f'.section .case{i}, "ax"\n' + case.replace("; ", "\n") + "\n" for i, (case, _, _) in enumerate(CASES)]
    (folder / "cases.s").write_text(".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n" + "".join(sections))
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4"]
    subprocess.run([*command, "-c", "cases.s", "-o", "cases.o"], cwd=folder, check=True)
    return [_section(folder / "cases.o", f".case{i}") for i in range(len(CASES))]


def _section(path: Path, name: str) -> bytes:
    with path.open("rb") as stream:
        data: bytes = ELFFile(stream).get_section_by_name(name).data()
        return data


@pytest.mark.parametrize("index", range(len(CASES)), ids=[case for case, _, _ in CASES])
def test_manual(blocks: list[bytes], index: int) -> None:
    case, cycles, branch_cycles = CASES[index]
    timing = CycleModel().time_block(blocks[index], 0x08000000)
    count = len(case.split("; "))
    assert (timing.instructions, timing.cycles, timing.branch_cycles) == (count, cycles, branch_cycles)
    assert sum(timing.classes.values()) == count
    assert timing.uses_float == any(part.startswith("v") for part in case.split("; "))


def test_what_cannot_be_decoded_counts_as_one_cycle() -> None:
    timing = CycleModel().time_block(bytes.fromhex("ffffffff00bf"), 0x08000000)
    assert (timing.instructions, timing.cycles) == (2, 2)
