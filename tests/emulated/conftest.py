"""Firmware with the fake models, in the embedded emulator."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcu_vision.boards import Board, load_board
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.toolchain import find_toolchain, firmware_sources

FAKE_MODELS = Path(__file__).resolve().parent / "fake_model"


@pytest.fixture(scope="session")
def f439() -> Board:
    """The shipped board."""
    return load_board("stm32f439")


@pytest.fixture(scope="session")
def fake_elf(f439: Board, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """fake_elf(model, toolchain): the firmware with that fake model; "mlperf" is the classifier with that console."""
    built: dict[tuple[str, str], Path] = {}

    def build(model: str, toolchain: str = "zig") -> Path:
        if (model, toolchain) not in built:
            out = tmp_path_factory.mktemp(f"{model}-{toolchain}")
            sources = speak_mlperf(out / "src") if model == "mlperf" else FAKE_MODELS / model
            image = find_toolchain(toolchain).build_firmware(firmware_sources(), sources, out, f439)
            built[model, toolchain] = image.elf
        return built[model, toolchain]

    return build


def speak_mlperf(folder: Path) -> Path:
    """The fake classifier's sources, built for MLPerf Tiny's runner."""
    shutil.copytree(FAKE_MODELS / "classifier", folder)
    glue = folder / "model_glue.h"
    glue.write_text('#define MODEL_ID "vww01"\n#define CONSOLE_MLPERF 1\n' + glue.read_text())
    return folder


@pytest.fixture
def detector(fake_elf: Callable[[str], Path], f439: Board) -> Iterator[UnicornBoard]:
    """The fake detector's board, booted; faults go to the firmware."""
    with UnicornBoard(fake_elf("detector"), f439, deliver_faults=True) as board:
        board.boot()
        yield board
