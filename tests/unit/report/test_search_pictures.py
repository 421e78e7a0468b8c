from mcu_vision.report import draw_search_pareto, draw_trajectory, to_png
from mcu_vision.report.drawing import Dot, Line, Text


def test_trajectory_has_a_curve_for_each_arm() -> None:
    picture = draw_trajectory("title", {"controller": [0.0, 1.0, 1.0], "random": [0.5, 0.5, 0.5]})
    first, second = (shape for shape in picture.shapes if isinstance(shape, Line) and shape.title)
    assert [len(curve.points) for curve in (first, second)] == [3, 3]
    assert first.points[0][1] > first.points[2][1], "a reward that rises goes up"
    assert {y for _, y in second.points} == {second.points[0][1]}
    assert to_png(picture).startswith(b"\x89PNG")


def test_one_step_is_a_picture_too() -> None:
    assert to_png(draw_trajectory("title", {"controller": [0.1], "random": [0.1]})).startswith(b"\x89PNG")


def test_pareto_joins_what_nothing_beats() -> None:
    seen = {"controller": [(1e6, 0.5), (2e6, 0.6)], "random": [(1.5e6, 0.4)]}
    best = {"controller": [(1e6, 0.55), (2e6, 0.5), (3e6, 0.7)], "random": []}
    picture = draw_search_pareto("title", "accuracy", seen, best, 2.5e6)
    large = [shape for shape in picture.shapes if isinstance(shape, Dot) and shape.radius > 2]
    assert len(large) == 3
    (stairs,) = (shape for shape in picture.shapes if isinstance(shape, Line) and shape.colour == "live")
    ends = {(large[0].x, large[0].y), (large[2].x, large[2].y)}
    assert ends <= set(stairs.points)
    assert (large[1].x, large[1].y) not in stairs.points, "slower and worse than the first"
    assert any(isinstance(shape, Text) and "2.5 M" in shape.text for shape in picture.shapes)
    assert to_png(picture).startswith(b"\x89PNG")
