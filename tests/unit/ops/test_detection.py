"""Box decoding and suppression: cases worked out by hand, and integers against float."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.ir import Array, Graph, Quantization, Tensor
from mcu_vision.ops import DecodeBoxes, NonMaxSuppression

SCALE = 1 / 32


def decoder(h: int, w: int, backgrounds: int = 1, **options: object) -> tuple[Graph, DecodeBoxes]:
    quantization = Quantization((SCALE,), 5)
    attributes = {"stride": 8, "anchors": (16,), "backgrounds": backgrounds, "image": (8 * h, 8 * w)} | options
    op = DecodeBoxes("decode", ("loc", "conf"), ("boxes",), **attributes)  # type: ignore[arg-type]
    tensors = {
        "loc": Tensor("loc", (1, h, w, 4), "int8", quantization),
        "conf": Tensor("conf", (1, h, w, backgrounds + 1), "int8", quantization),
    }
    shape = op.infer_shape(list(tensors.values()))
    tensors["boxes"] = Tensor("boxes", shape, "int16", Quantization((1.0,)))
    return Graph("g", tensors, [op], ("loc",), ("boxes",)), op


def real(q: Array) -> Array:
    return (q.astype(np.float64) - 5) * SCALE


def test_one_box_by_hand() -> None:
    graph, op = decoder(4, 5, top_k=3)
    loc = np.full((1, 4, 5, 4), 5, np.int8)
    conf = np.full((1, 4, 5, 2), 5, np.int8)
    # Offsets 1, -2 in units of 0.1 * 16 px move the centre (20, 12) to (21.6, 8.8); sizes e**0.2 and 1 times 16.
    loc[0, 1, 2] = [5 + 32, 5 - 64, 5 + 32, 5]
    conf[0, 1, 2] = [5 - 32, 5 + 32]
    boxes = op.reference_int8(graph, loc, conf)[0]
    side = 16 * np.exp(0.2)
    expected = np.array([21.6 - side / 2, 8.8 - 8, side, 16]) * 16
    assert np.abs(boxes[0, :4] - expected).max() <= 1
    assert boxes[0, 4] == round(32767 / (1 + np.exp(-2)))
    # All other cells have logits of 0 and 0: a score of exactly a half, kept in order of places.
    assert boxes[1].tolist() == [0, 0, 12 * 16, 12 * 16, 16384]
    assert boxes[2].tolist() == [4 * 16, 0, 16 * 16, 12 * 16, 16384]


def test_max_out_takes_the_largest_background() -> None:
    graph, op = decoder(1, 1, backgrounds=3, top_k=1, min_score=0.0)
    conf = np.array([-20, 60, 10, 37], np.int8).reshape(1, 1, 1, 4)
    boxes = op.reference_int8(graph, np.full((1, 1, 1, 4), 5, np.int8), conf)
    assert boxes[0, 0, 4] == round(32767 / (1 + np.exp((60 - 37) * SCALE)))
    as_float = op.reference_float(np.zeros((1, 1, 1, 4)), real(conf))
    assert boxes[0, 0, 4] / 32767 == pytest.approx(as_float[0, 0, 4], abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_decoding_follows_float(seed: int, backgrounds: int) -> None:
    graph, op = decoder(6, 7, backgrounds, min_score=0.2, top_k=42)
    random = np.random.default_rng(seed)
    loc = random.integers(-128, 128, (1, 6, 7, 4)).astype(np.int8)
    conf = random.integers(-128, 128, (1, 6, 7, backgrounds + 1)).astype(np.int8)
    integers = op.reference_int8(graph, loc, conf)[0].astype(np.float64)
    floats = op.reference_float(real(loc), real(conf))[0].astype(np.float64)
    # Candidates at the threshold or without area may differ; those that float is sure of are all there.
    sure = floats[(floats[:, 4] > 0.21) & (floats[:, 2:4].min(1) > 0.2)]
    integers = integers / [16, 16, 16, 16, 32767]
    for box in sure:
        assert np.abs(integers - box).max(1).min() <= 0.2


def test_candidates_are_sorted_and_limited() -> None:
    graph, op = decoder(8, 8, top_k=5, min_score=0.6)
    conf = np.random.default_rng(0).integers(-60, 60, (1, 8, 8, 2)).astype(np.int8)
    boxes = op.reference_int8(graph, np.full((1, 8, 8, 4), 5, np.int8), conf)[0]
    scores = boxes[:, 4].tolist()
    assert scores == sorted(scores, reverse=True)
    difference = real(conf)[0, :, :, 1] - real(conf)[0, :, :, 0]
    best = np.sort(1 / (1 + np.exp(-difference)).ravel())[::-1][:5]
    np.testing.assert_allclose(np.array(scores) / 32767, best, atol=1e-4)


def suppress(boxes: list[list[int]], threshold: float = 0.5, places: int = 4) -> list[list[int]]:
    op = NonMaxSuppression("nms", ("a",), ("b",), iou_threshold=threshold, max_boxes=places)
    graph = Graph("g", {}, [op], ("a",), ("b",))
    array = np.array([boxes], np.int16)
    return op.reference_int8(graph, array)[0].tolist()  # type: ignore[no-any-return]


def test_overlap_at_the_threshold_is_kept() -> None:
    # Two 30x20 boxes shifted by 10: intersection 20*20 = 400, union 800: exactly a half.
    a, b = [0, 0, 30, 20, 900], [10, 0, 30, 20, 800]
    assert suppress([b, a]) == [a, b, [0] * 5, [0] * 5]
    assert suppress([b, a], threshold=0.49) == [a, [0] * 5, [0] * 5, [0] * 5]


def test_equal_scores_keep_the_earlier_and_places_are_limited() -> None:
    a, b, c = [0, 0, 10, 10, 500], [1, 0, 10, 10, 500], [50, 0, 10, 10, 100]
    assert suppress([a, b, c], places=2) == [a, c]
    assert suppress([a, c, [200, 0, 10, 10, 50]], places=2) == [a, c]


def test_a_dropped_box_suppresses_nothing() -> None:
    a, b, c = [0, 0, 20, 20, 900], [8, 0, 20, 20, 800], [16, 0, 20, 20, 700]
    assert suppress([a, b, c], threshold=0.3)[:2] == [a, c]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_suppression_keeps_what_float_keeps(seed: int) -> None:
    random = np.random.default_rng(seed)
    lists = []
    for _ in range(2):
        boxes = random.integers(0, 400, (1, 12, 5))
        boxes[..., 2:4] += 1
        boxes[..., 4] = random.permutation(12) + 1
        lists.append(boxes.astype(np.int16))
    op = NonMaxSuppression("nms", ("a", "b"), ("c",), iou_threshold=0.25, max_boxes=24)
    graph = Graph("g", {}, [op], ("a",), ("c",))
    integers = op.reference_int8(graph, *lists)
    floats = op.reference_float(*(x.astype(np.float64) for x in lists))
    np.testing.assert_array_equal(integers, floats)
