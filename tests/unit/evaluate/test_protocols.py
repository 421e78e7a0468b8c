"""Average precision as WIDER FACE's tools and as COCO's have it."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mcu_vision.evaluate.average_precision import ScoredImage
from mcu_vision.evaluate.coco_average import coco_average_precision
from mcu_vision.evaluate.face_accuracy import measure_accuracy
from mcu_vision.evaluate.wider_protocol import match_wider, wider_precision_recall

NONE = np.zeros((0, 4))


def _photo(detections, faces, ignore=NONE, **subsets):
    flags = {name: np.array(values, bool) for name, values in subsets.items()}
    return ScoredImage(np.array(detections, float).reshape(-1, 5), np.array(faces, float), ignore, subsets=flags)


def _random_photos(rng, count):
    """Faces, detections near most of them, and some anywhere; scores differ, as the order of ties is nobody's."""
    scores = rng.permutation(np.arange(1, count * 12 + 1) / (count * 12 + 1))
    photos = []
    for number in range(count):
        faces = np.concatenate([rng.uniform(0, 200, (6, 2)), rng.uniform(15, 60, (6, 2))], axis=1)
        near = faces + rng.normal(0, 4, faces.shape)
        far = np.concatenate([rng.uniform(0, 200, (6, 2)), rng.uniform(15, 60, (6, 2))], axis=1)
        boxes = np.concatenate([near, far])
        photos.append(ScoredImage(np.column_stack([boxes, scores[number * 12 :][:12]]), faces, NONE))
    return photos


@pytest.mark.parametrize("seed", range(5))
def test_coco_average_is_that_of_pycocotools(seed):
    photos = _random_photos(np.random.default_rng(seed), 8)
    truth, found = [], []
    for image, photo in enumerate(photos, 1):
        for box in photo.faces.tolist():
            entry = {"id": len(truth) + 1, "image_id": image, "category_id": 1, "bbox": box}
            truth.append(entry | {"area": box[2] * box[3], "iscrowd": 0})
        found += [
            {"image_id": image, "category_id": 1, "bbox": d[:4], "score": d[4]} for d in photo.detections.tolist()
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": i + 1} for i in range(len(photos))],
            "annotations": truth,
            "categories": [{"id": 1, "name": "face"}],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert coco_average_precision(photos) == pytest.approx(evaluation.stats[0], abs=1e-9)
    assert 0.05 < evaluation.stats[0] < 0.9


def test_coco_average_stands_beside_all_sizes_alone():
    photo = _photo([[0, 0, 20, 20, 0.9]], [[0, 0, 20, 20], [50, 0, 20, 20]])
    found = {a.size: a.coco_average_precision for a in measure_accuracy([photo])}
    assert found["all"] == pytest.approx(51 / 101)
    assert {value for size, value in found.items() if size != "all"} == {None}
    assert coco_average_precision([_photo([[0, 0, 20, 20, 0.9]], NONE)]) is None


def test_a_detection_belongs_to_the_box_that_it_overlaps_most():
    # It overlaps the second face more, which the subset lacks, so it finds nothing and is no mistake.
    faces = [[0, 0, 20, 20], [4, 0, 20, 20]]
    matches = match_wider(_photo([[3, 0, 20, 20, 0.8]], faces), np.array([True, False]))
    assert (matches.scores.tolist(), matches.faces) == ([], 1)
    matches = match_wider(_photo([[3, 0, 20, 20, 0.8]], faces), np.array([True, True]))
    assert matches.correct.tolist() == [True]


def test_a_face_is_found_once_and_ignored_ones_count_neither_way():
    detections = [[0, 0, 20, 20, 0.9], [1, 0, 20, 20, 0.8], [50, 0, 20, 20, 0.7], [100, 0, 20, 20, 0.6]]
    photo = _photo(detections, [[0, 0, 20, 20]], np.array([[50.0, 0, 20, 20]]))
    matches = match_wider(photo, np.array([True]))
    assert (matches.scores.tolist(), matches.correct.tolist()) == ([0.9, 0.8, 0.6], [True, False, False])


def test_the_last_pixel_belongs_to_a_box():
    # 10x10 pixels share 7x10 of 13x10, more than half; without their last pixels 9x9 share 6x9 of 12x9, just half.
    photo = _photo([[3, 0, 9, 9, 0.8]], [[0, 0, 9, 9]])
    assert match_wider(photo, np.array([True])).correct.tolist() == [True]
    photo = _photo([[4, 0, 9, 9, 0.8]], [[0, 0, 9, 9]])
    assert match_wider(photo, np.array([True])).correct.tolist() == [False]


def test_subsets_are_measured_apart():
    easy = _photo([[0, 0, 40, 40, 0.9]], [[0, 0, 40, 40], [80, 0, 9, 9]], easy=[True, False], hard=[True, True])
    none = _photo([[9, 9, 9, 9, 0.2]], NONE, easy=[], hard=[])  # the tools leave out photos without boxes
    found = {a.size: a for a in measure_accuracy([easy, none])}
    assert (found["easy"].faces, found["easy"].average_precision) == (1, 1.0)
    assert (found["hard"].faces, found["hard"].average_precision) == (2, 0.5)
    assert found["all"].faces == 2


def test_a_curve_has_points_of_even_scores():
    """Two scores closer than a thousandth of their range are taken together."""
    detections = [[0, 0, 20, 20, 0.9], [60, 0, 20, 20, 0.5003], [30, 0, 20, 20, 0.5], [90, 0, 20, 20, 0.1]]
    curve = wider_precision_recall([_photo(detections, [[0, 0, 20, 20], [30, 0, 20, 20]], easy=[True, True])], "easy")
    assert curve.right.tolist() == [1, 2, 2]
    assert curve.wrong.tolist() == [0, 1, 2]
    assert curve.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_nothing_detected():
    curve = wider_precision_recall([_photo([], [[0, 0, 20, 20]], easy=[True])], "easy")
    assert (curve.faces, curve.average_precision) == (1, 0.0)
