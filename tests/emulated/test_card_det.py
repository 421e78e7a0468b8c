"""The shipped card detector: its memory, its bytes in every execution, and cards in drawn scenes."""

from pathlib import Path

import numpy as np
import pytest
from shipped_detectors import assert_equal_bytes, board_detector, host_model, noise

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.data.cards import EASY, draw_scene
from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.box_overlap import intersection_over_union
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input

SCENES = range(12)
"""Seeds of scenes that no training picture shares."""
SIZE = (320, 256)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_model("card-det", "stm32f439", "zig", tmp_path_factory.mktemp("build"), PlanOptions())


def test_memory_and_work_are_within_their_bars(build: Build) -> None:
    summary = build.summary
    assert summary["ram"]["peak_bytes"] <= 70_000
    assert summary["flash_bytes"] <= 1_400_000
    assert summary["instructions"] <= 28_000_000


def test_noise_and_a_scene_give_equal_bytes_everywhere(build: Build, tmp_path: Path) -> None:
    _, height, width, channels = build.program.graph.input.shape
    scene = quantize_input(letterbox(draw_scene(np.random.default_rng(0), SIZE).image, width, height, channels)[0])
    assert_equal_bytes(build, host_model(build, tmp_path), [scene, noise(build)])


def test_the_board_finds_most_cards_of_easy_scenes(build: Build) -> None:
    cards = found = 0
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        for seed in SCENES:
            scene = draw_scene(np.random.default_rng((99, seed)), SIZE, EASY)
            boxes = detect_boxes(board_detector(emulated), scene.image, 160, 128, 3)
            cards += len(scene.boxes)
            if len(boxes) and len(scene.boxes):
                found += int((intersection_over_union(boxes, scene.boxes).max(axis=0) >= 0.5).sum())
    assert cards >= len(SCENES)
    assert found > 0.5 * cards, f"{found} of {cards}"
