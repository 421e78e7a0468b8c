"""The shipped detector of near faces: its memory, and a close-up in every execution."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.box_overlap import intersection_over_union
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input
from mcu_vision.toolchain import build_host_library
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import emulated_execution, host_execution, reference_execution, verify_executions

LEFT, TOP, WIDTH, HEIGHT = 102, 36, 254, 190
"""The part of the shipped photo around its face, which is then 179 of 240 pixels high."""
FACE = (172 - LEFT, 60 - TOP, 114, 142)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_model("face-m4-wide", "stm32f439", "zig", tmp_path_factory.mktemp("build"), PlanOptions())


@pytest.fixture(scope="module")
def closeup() -> Image.Image:
    return load_photo(None).crop((LEFT, TOP, LEFT + WIDTH, TOP + HEIGHT))


def test_memory_flash_and_work_are_within_their_bars(build: Build) -> None:
    summary = build.summary
    assert summary["ram"]["peak_bytes"] <= 105_000
    assert summary["flash_bytes"] <= 450_000
    assert summary["instructions"] <= 85_000_000


def test_a_closeup_gives_equal_bytes_everywhere_and_its_face(
    build: Build, closeup: Image.Image, tmp_path: Path
) -> None:
    program = build.program
    host = HostModel(build_host_library(build.folder / "src", tmp_path / "model.so"), build.prefix)
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        executions = {
            "reference": reference_execution(program),
            "host": host_execution(program, host),
            "emulated": emulated_execution(program, emulated.board, build.prefix),
        }
        outcome = verify_executions(program.graph, executions, [quantize_input(letterbox(closeup, 320, 240, 1)[0])])
        assert outcome.equal, outcome.first_difference

        def run(frame: np.ndarray) -> np.ndarray:
            emulated.write_image(frame)
            emulated.infer()
            return emulated.boxes()

        boxes = detect_boxes(run, closeup, 320, 240, 1)
    assert len(boxes) == 1
    assert intersection_over_union(boxes, np.array([FACE]))[0, 0] > 0.5
