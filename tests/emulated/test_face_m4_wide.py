"""The shipped detector of near faces: its memory, and a close-up in every execution."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shipped_detectors import assert_equal_bytes, board_detector, host_model

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.box_overlap import intersection_over_union
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input

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
    assert_equal_bytes(build, host_model(build, tmp_path), [quantize_input(letterbox(closeup, 320, 240, 1)[0])])
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        boxes = detect_boxes(board_detector(emulated), closeup, 320, 240, 1)
    assert len(boxes) == 1
    assert intersection_over_union(boxes, np.array([FACE]))[0, 0] > 0.5
