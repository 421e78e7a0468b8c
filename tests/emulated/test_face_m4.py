"""The shipped detector: its memory, its bytes in every execution, and faces in real photos."""

from pathlib import Path

import numpy as np
import pytest
from shipped_detectors import assert_equal_bytes, board_detector, host_model, noise

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.data.letterbox import letterbox
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input, run_graph
from mcu_vision.toolchain.host_model import HostModel

SAMPLE_FACE = (172, 60, 114, 142)  # left, top, width, height in the shipped photo, drawn by hand


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_model("face-m4", "stm32f439", "zig", tmp_path_factory.mktemp("build"), PlanOptions())


@pytest.fixture(scope="module")
def host(build: Build, tmp_path_factory: pytest.TempPathFactory) -> HostModel:
    return host_model(build, tmp_path_factory.mktemp("host"))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes (left, top, width, height)."""
    width, height = (min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    common = max(width, 0) * max(height, 0)
    return float(common / (a[2] * a[3] + b[2] * b[3] - common))


def test_memory_flash_and_work_are_within_their_bars(build: Build) -> None:
    summary = build.summary
    assert summary["ram"]["peak_bytes"] <= 150_000
    assert summary["flash_bytes"] <= 400_000
    assert summary["instructions"] <= 290_000_000


def test_noise_and_the_sample_give_equal_bytes_everywhere(build: Build, host: HostModel) -> None:
    _, height, width, channels = build.program.graph.input.shape
    sample = quantize_input(letterbox(load_photo(None), width, height, channels)[0])
    assert_equal_bytes(build, host, [sample, noise(build)])


def test_the_board_finds_the_face_in_the_sample(build: Build) -> None:
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        boxes = detect_boxes(board_detector(emulated), load_photo(None), 320, 240, 1)
        raw = emulated.boxes()
    frame = letterbox(load_photo(None), 320, 240, 1)[0]
    reference = run_graph(build.program.graph, quantize_input(frame))["boxes"][0]
    assert (raw == reference[: len(raw)]).all()
    assert not reference[len(raw) :].any()
    assert overlap(boxes[0], np.array(SAMPLE_FACE)) > 0.5


def test_faces_in_fddb_photos(build: Build, host: HostModel, shared_dir: Path) -> None:
    def run(frame: np.ndarray) -> np.ndarray:
        host.write_input(quantize_input(frame).tobytes())
        host.invoke()
        return np.frombuffer(host.output(0), np.int16).reshape(-1, 5)

    found = total = 0
    for sample in read_shared_faces(shared_dir / "data" / "faces", "test"):
        image = sample.read_image()
        heights = sample.boxes[:, 3] * min(320 / image.width, 240 / image.height)
        if sample.source != "fddb" or not len(heights) or not ((heights >= 16) & (heights <= 64)).all():
            continue
        boxes = detect_boxes(run, image, 320, 240, 1)
        total += 1
        found += all(any(overlap(b, face) >= 0.4 for b in boxes) for face in sample.boxes)
    assert total >= 10
    assert found / total >= 0.8, f"faces found in {found} of {total} photos"
