"""Average precision against hand-computed cases and a slow, independent implementation."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.evaluate.average_precision import ScoredImage, SizeRange, precision_recall

NOTHING = np.zeros((0, 4))


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float64)


def image(detections: np.ndarray, faces: np.ndarray, ignore: np.ndarray = NOTHING, scale: float = 1.0) -> ScoredImage:
    return ScoredImage(detections.reshape(-1, 5), faces, ignore, scale)


def test_hand_computed_curve() -> None:
    faces = boxes((0, 0, 10, 10), (20, 0, 10, 10), (40, 0, 10, 10))
    detections = boxes(
        (0, 0, 10, 10, 0.9),  # right
        (60, 0, 10, 10, 0.8),  # wrong
        (20, 0, 10, 9, 0.7),  # right
        (20, 0, 9, 10, 0.6),  # a second box on the same face: wrong
    )
    curve = precision_recall([image(detections, faces)], 0.5)
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 2 / 3, 2 / 3])
    # The envelope is 1 up to recall 1/3, then 2/3 up to recall 2/3.
    assert curve.average_precision == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert curve.counts_at(0.7) == (2, 1)
    assert curve.counts_at(0.95) == (0, 0)


def test_best_overlap_wins_the_face() -> None:
    faces = boxes((0, 0, 10, 10), (4, 0, 10, 10))
    # The first takes the second face, which it overlaps more, so that both are found.
    detections = boxes((3, 0, 10, 10, 0.9), (0, 0, 10, 10, 0.8))
    assert precision_recall([image(detections, faces)], 0.4).average_precision == 1.0


def test_iou_threshold_is_inclusive() -> None:
    faces, detections = boxes((0, 0, 10, 10)), boxes((0, 0, 10, 5, 0.9))
    assert precision_recall([image(detections, faces)], 0.5).average_precision == 1.0
    assert precision_recall([image(detections, faces)], 0.51).average_precision == 0.0


def test_faces_out_of_range_count_neither_way() -> None:
    faces = boxes((0, 0, 20, 20), (50, 0, 100, 100))
    detections = boxes((50, 0, 100, 100, 0.9), (50, 0, 90, 100, 0.8), (0, 0, 20, 20, 0.7))
    small = precision_recall([image(detections, faces)], 0.5, SizeRange(8, 64))
    assert (small.faces, small.average_precision, len(small.scores)) == (1, 1.0, 1)
    everything = precision_recall([image(detections, faces)], 0.5)
    assert (everything.faces, len(everything.scores)) == (2, 3)


def test_size_is_measured_in_the_frame() -> None:
    photo = image(boxes((0, 0, 20, 20, 0.9)), boxes((0, 0, 20, 20)), scale=0.25)
    assert precision_recall([photo], 0.5, SizeRange(8, 64)).faces == 0
    assert precision_recall([photo], 0.5, SizeRange(4, 8)).faces == 1


def test_wrong_detections_out_of_range_are_dropped_beyond_the_margin() -> None:
    faces = boxes((0, 0, 20, 20))
    found = (0.0, 0.0, 20.0, 20.0, 0.5)
    near = precision_recall([image(boxes(found, (200, 0, 70, 70, 0.9)), faces)], 0.5, SizeRange(8, 64))
    far = precision_recall([image(boxes(found, (200, 0, 90, 90, 0.9)), faces)], 0.5, SizeRange(8, 64))
    assert (near.average_precision, far.average_precision) == (0.5, 1.0)


def test_detections_in_ignore_regions_are_dropped() -> None:
    faces, ignore = boxes((0, 0, 10, 10)), boxes((50, 50, 100, 100))
    detections = boxes((60, 60, 10, 10, 0.9), (0, 0, 10, 10, 0.8))
    assert precision_recall([image(detections, faces, ignore)], 0.5).average_precision == 1.0
    assert precision_recall([image(detections, faces)], 0.5).average_precision == 0.5


def test_a_counted_face_inside_an_ignore_region_is_still_found() -> None:
    photo = image(boxes((60, 60, 10, 10, 0.9)), boxes((60, 60, 10, 10)), boxes((50, 50, 100, 100)))
    assert precision_recall([photo], 0.5).average_precision == 1.0


def test_no_faces_and_no_detections() -> None:
    assert isnan(precision_recall([], 0.5).average_precision)
    assert isnan(precision_recall([image(boxes((0, 0, 9, 9, 0.5)), NOTHING)], 0.5).average_precision)
    assert precision_recall([image(np.zeros((0, 5)), boxes((0, 0, 9, 9)))], 0.5).average_precision == 0.0


def test_order_of_equal_scores_is_of_no_effect() -> None:
    right = image(boxes((0, 0, 10, 10, 0.5)), boxes((0, 0, 10, 10)))
    wrong = image(boxes((0, 0, 10, 10, 0.5)), NOTHING)
    first, second = (precision_recall(order, 0.5) for order in ([right, wrong], [wrong, right]))
    assert first.average_precision == second.average_precision == 0.5


coordinate = st.integers(0, 24)
side = st.integers(1, 16)
face = st.tuples(coordinate, coordinate, side, side)
# Few score levels: ties between photos happen. Within a photo scores differ, so greedy order is defined.
photo = st.tuples(
    st.lists(st.tuples(face, st.integers(1, 12)), max_size=7, unique_by=lambda d: d[1]),
    st.lists(face, max_size=5),
    st.lists(face, max_size=2),
)


@given(st.lists(photo, max_size=4), st.sampled_from([0.3, 0.5]), st.sampled_from([(0, 100), (4, 10)]))
@settings(max_examples=300, deadline=None)
def test_equals_the_slow_implementation(photos: list, threshold: float, limits: tuple[int, int]) -> None:
    sizes = SizeRange(*limits)
    scored = [
        image(
            boxes(*[(*box, score / 16) for box, score in detections]).reshape(-1, 5),
            boxes(*faces).reshape(-1, 4),
            boxes(*ignore).reshape(-1, 4),
        )
        for detections, faces, ignore in photos
    ]
    curve = precision_recall(scored, threshold, sizes)
    expected = slow_average_precision(photos, threshold, limits)
    assert isnan(expected) == isnan(curve.average_precision)
    if not isnan(expected):
        assert curve.average_precision == pytest.approx(expected)
    assert np.all(np.diff(curve.scores) < 0)


def slow_average_precision(photos: list, threshold: float, limits: tuple[int, int]) -> float:
    """Repeat the matching of every photo for every score; integrate the best precision at each recall."""
    points = []
    total = sum(limits[0] <= f[3] < limits[1] for _, faces, _ in photos for f in faces)
    for level in range(1, 17):
        results = [slow_match(d, f, i, threshold, limits, level) for d, f, i in photos]
        right, wrong = sum(r for r, _ in results), sum(w for _, w in results)
        if right:
            points.append((right, right / (right + wrong)))
    if total == 0:
        return float("nan")
    return sum(max((p for r, p in points if r >= n), default=0.0) for n in range(1, total + 1)) / total


def slow_match(
    detections: list, faces: list, ignore: list, threshold: float, limits: tuple[int, int], level: int
) -> tuple[int, int]:
    right = wrong = 0
    used: set[int] = set()
    for box, score in sorted(detections, key=lambda d: -d[1]):
        if score < level:
            continue
        options = [
            (
                shared(box, f) / (box[2] * box[3] + f[2] * f[3] - shared(box, f)),
                -n,
                limits[0] <= f[3] < limits[1],
            )
            for n, f in enumerate(faces)
        ]
        options = [o for o in options if o[0] >= threshold]
        free = [o for o in options if o[2] and -o[1] not in used]
        if free:
            used.add(-max(free)[1])
            right += 1
            continue
        excused = any(not option[2] for option in options)
        excused |= any(shared(box, region) * 2 >= box[2] * box[3] for region in ignore)
        if not excused and limits[0] / 1.25 <= box[3] < limits[1] * 1.25:
            wrong += 1
    return right, wrong


def shared(a: tuple, b: tuple) -> int:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)
