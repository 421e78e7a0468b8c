"""The shipped card detector: its memory, its bytes in every execution, and cards in drawn scenes."""

from pathlib import Path

import numpy as np
import pytest

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.data.cards import EASY, draw_scene
from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.box_overlap import intersection_over_union
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input
from mcu_vision.toolchain import build_host_library
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import emulated_execution, host_execution, reference_execution, verify_executions

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
    program = build.program
    host = HostModel(build_host_library(build.folder / "src", tmp_path / "model.so"), build.prefix)
    _, height, width, channels = program.graph.input.shape
    scene = draw_scene(np.random.default_rng(0), SIZE).image
    images = [
        quantize_input(letterbox(scene, width, height, channels)[0]),
        np.random.default_rng(1).integers(-128, 128, program.graph.input.shape).astype(np.int8),
    ]
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        executions = {
            "reference": reference_execution(program),
            "host": host_execution(program, host),
            "emulated": emulated_execution(program, emulated.board, build.prefix),
        }
        outcome = verify_executions(program.graph, executions, images)
    assert outcome.equal, outcome.first_difference


def test_the_board_finds_most_cards_of_easy_scenes(build: Build) -> None:
    cards = found = 0
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:

        def run(frame: np.ndarray) -> np.ndarray:
            emulated.write_image(frame)
            emulated.infer()
            return emulated.boxes()

        for seed in SCENES:
            scene = draw_scene(np.random.default_rng((99, seed)), SIZE, EASY)
            boxes = detect_boxes(run, scene.image, 160, 128, 3)
            cards += len(scene.boxes)
            if len(boxes) and len(scene.boxes):
                found += int((intersection_over_union(boxes, scene.boxes).max(axis=0) >= 0.5).sum())
    assert cards >= len(SCENES)
    assert found > 0.5 * cards, f"{found} of {cards}"
