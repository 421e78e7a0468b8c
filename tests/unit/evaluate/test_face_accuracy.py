"""Accuracy by source and size, over synthetic photos and detectors."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from finders import make_square_finder
from PIL import Image

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.evaluate.average_precision import ScoredImage
from mcu_vision.evaluate.detector import RunDetector
from mcu_vision.evaluate.face_accuracy import measure_accuracy, score_photos

FRAME = (64, 48, 1)
SQUARES = [[(10, 10, 20, 20)], [(5, 30, 30, 40), (60, 20, 24, 24)], []]


@pytest.fixture
def samples(tmp_path: Path) -> list[FaceSample]:
    """Photos of 128x96 with white squares for faces."""
    result = []
    for number, squares in enumerate(SQUARES):
        photo = Image.new("L", (128, 96))
        for x, y, width, height in squares:
            photo.paste(255, (x, y, x + width, y + height))
        photo.save(tmp_path / f"{number}.png")
        faces = np.array(squares, np.float32).reshape(-1, 4)
        result.append(FaceSample(tmp_path, f"{number}.png", faces, source="squares" if squares else "nothing"))
    return result


def make_blind() -> RunDetector:
    return lambda frame: np.zeros((1, 4, 5), np.int16)


def figures(samples: list[FaceSample], make_run: Callable[[], RunDetector]) -> dict:
    measured = measure_accuracy(list(score_photos(samples, make_run, FRAME)))
    return {(a.source, a.size): a for a in measured}


def test_a_perfect_detector(samples: list[FaceSample]) -> None:
    found = figures(samples, make_square_finder)
    # The scale is 0.5, so the squares are 10, 20 and 12 px high in the frame.
    assert {size: found["squares", size].faces for size in ("8-16", "16-32", "32-64", "all")} == {
        "8-16": 2,
        "16-32": 1,
        "32-64": 0,
        "all": 3,
    }
    assert found["squares", "8-16"].average_precision == found["squares", "all"].average_precision == 1.0
    assert found["squares", "32-64"].average_precision is None
    assert found["squares", "all"].recall == found["squares", "all"].precision == 1.0
    assert found["nothing", "all"].photos == 1
    assert found["nothing", "all"].average_precision is None
    assert ("nothing", "8-16") not in found


def test_a_blind_detector(samples: list[FaceSample]) -> None:
    everything = figures(samples, make_blind)["squares", "all"]
    assert (everything.average_precision, everything.recall, everything.precision) == (0.0, 0.0, None)


def test_worker_processes_give_the_same(samples: list[FaceSample]) -> None:
    alone = list(score_photos(samples, make_square_finder, FRAME))
    shared = list(score_photos(samples, make_square_finder, FRAME, workers=2))
    for a, b in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(a.detections, b.detections)
        assert (a.source, a.scale) == (b.source, b.scale)


def test_fddb_is_matched_more_loosely() -> None:
    faces = np.array([[0.0, 0.0, 20.0, 20.0]])
    detections = np.array([[0.0, 0.0, 20.0, 9.0, 0.6], [100.0, 100.0, 20.0, 20.0, 0.55]])
    photos = [ScoredImage(detections, faces, np.zeros((0, 4)), source=s) for s in ("fddb", "wider_val")]
    found = {a.source: a for a in measure_accuracy(photos) if a.size == "all"}
    assert (found["fddb"].iou_threshold, found["fddb"].average_precision) == (0.4, 1.0)
    assert (found["wider_val"].iou_threshold, found["wider_val"].average_precision) == (0.5, 0.0)
    assert (found["fddb"].errors_per_photo, found["wider_val"].errors_per_photo) == (1.0, 2.0)


def test_figures_are_json() -> None:
    photo = ScoredImage(np.zeros((0, 5)), np.array([[0.0, 0.0, 9.0, 9.0]]), np.zeros((0, 4)))
    assert json.loads(json.dumps(measure_accuracy([photo])[0].to_json(), allow_nan=False))["faces"] == 1


def test_shared_test_split_is_read_whole(shared_dir: Path) -> None:
    from mcu_vision.data.shared_faces import read_shared_faces

    samples = read_shared_faces(shared_dir / "data" / "faces", "test")
    assert {s.source: 0 for s in samples}.keys() == {"fddb", "wider_val", "negatives"}
    # A detector that knows the truth: what it misses or gets wrong is the evaluation's own fault.
    photos = []
    for sample in samples:
        scores = np.linspace(0.5, 1, len(sample.boxes))[:, None]
        detections = np.concatenate([sample.boxes, scores], axis=1)
        photos.append(
            ScoredImage(detections, sample.boxes.astype(float), sample.ignore.astype(float), 0.8, sample.source)
        )
    for accuracy in measure_accuracy(photos):
        assert accuracy.faces == 0 or accuracy.average_precision == pytest.approx(1.0), accuracy
