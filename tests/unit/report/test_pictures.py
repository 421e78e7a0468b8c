import itertools
import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import pytest
from graphs import tiny_detector
from models import REGIONS
from PIL import Image, ImageColor

from mcu_vision.boards import load_board
from mcu_vision.plan import Program, plan_graph
from mcu_vision.report import Drawing, draw_memory, draw_pareto, plan_report, to_png
from mcu_vision.report.axes import ticks
from mcu_vision.report.drawing import INKS, Boxes, Dot, Line, Text
from mcu_vision.report.labels import place_label
from mcu_vision.report.png import SCALE
from mcu_vision.report.svg import to_svg

BUDGET = 250 << 10


@pytest.fixture(scope="module")
def program() -> Program:
    return plan_graph(tiny_detector(), REGIONS, BUDGET)


def texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def test_every_buffer_is_in_the_picture_once(program: Program) -> None:
    drawing = draw_memory(program, BUDGET)
    titles = [s.title.split(":")[0] for s in drawing.shapes if isinstance(s, Boxes) and s.title]
    assert sorted(set(titles)) == sorted(b.name for b in program.buffers)
    assert all(titles.count(b.name) == len(b.regions) for b in program.buffers)


def test_shapes_stay_within_the_picture(program: Program) -> None:
    drawing = draw_memory(program, BUDGET)
    for shape in drawing.shapes:
        if isinstance(shape, Boxes):
            for x, y, width, height in shape.boxes:
                assert x >= 0
                assert x + width <= drawing.width + 1e-6
                assert y >= 0
                assert y + height <= drawing.height + 1e-6
        elif isinstance(shape, Line):
            assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in shape.points)


def test_a_budget_above_the_picture_is_said_not_drawn(program: Program) -> None:
    lines = [s.title for s in draw_memory(program, BUDGET).shapes if isinstance(s, Line)]
    assert not any("budget" in title for title in lines)
    assert any("above this picture" in text for text in texts(draw_memory(program, BUDGET)))
    near = draw_memory(program, program.total_bytes + 4)
    assert any("budget" in s.title for s in near.shapes if isinstance(s, Line))


def test_svg_is_well_formed_and_its_colours_are_those_of_the_page(program: Program) -> None:
    html = plan_report(program, load_board("stm32f439"), BUDGET, [program])
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(svg)
    used = set(re.findall(r"var\(--(\w+)\)", html)) - {"share"}
    assert used <= set(INKS)
    assert all(f"--{name}: {value}" in html for name, values in INKS.items() for value in values)
    assert len(re.findall("<svg", html)) == 2


def test_names_are_escaped() -> None:
    drawing = Drawing(10, 10, 'a "label"', [Text(0, 0, "<b>&"), Boxes(((0, 0, 1, 1),), "ink", "x < y")])
    root = ElementTree.fromstring(to_svg(drawing))
    assert [element.text for element in root.iter() if element.text and element.text.strip()] == ["<b>&", "x < y"]
    assert root.get("aria-label") == 'a "label"'


def test_png_has_each_shape_where_it_belongs() -> None:
    line = Line(((0, 30), (40, 30)), "#00ff00", 4)
    shapes = [Boxes(((2, 3, 10, 8),), "#ff0000"), line, Dot(30, 10, 5, "#0000ff")]
    image = Image.open(BytesIO(to_png(Drawing(40, 40, "", shapes)))).convert("RGB")
    assert image.size == (40 * SCALE, 40 * SCALE)
    found = {
        (1, 3): INKS["paper"][0],
        (3, 4): "#ff0000",
        (11, 10): "#ff0000",
        (12, 11): INKS["paper"][0],
        (20, 30): "#00ff00",
        (30, 10): "#0000ff",
    }
    for (x, y), colour in found.items():
        assert image.getpixel((x * SCALE, y * SCALE)) == ImageColor.getrgb(colour)


def test_dashes_leave_gaps() -> None:
    drawing = Drawing(60, 10, "", [Line(((0, 5), (60, 5)), "#000000", 2, dashed=True)])
    image = Image.open(BytesIO(to_png(drawing))).convert("L")
    row = [image.getpixel((x, 5 * SCALE)) for x in range(60 * SCALE)]
    assert min(row) == 0
    assert max(row) == 255


def test_a_label_lies_within_its_boxes_or_is_left_out() -> None:
    boxes = ((0.0, 0.0, 200.0, 4.0), (40.0, 4.0, 100.0, 30.0))
    label = place_label("ring", boxes)
    assert label is not None
    assert 40 < label.x < 140
    assert 4 < label.y < 34
    assert place_label("ring", boxes[:1]) is None
    short = place_label("stages.0.layers.1.0", boxes)
    assert short is not None
    assert short.text == "layers.1.0"


def test_pareto_picture_has_a_dot_a_plan(program: Program) -> None:
    smaller = replace(program, arena_bytes={"sram": program.total_bytes - 400}, cycles_estimated=10**7)
    drawing = draw_pareto("tiny", [smaller, program], BUDGET)
    dots = [s for s in drawing.shapes if isinstance(s, Dot)]
    assert len(dots) == 2
    assert dots[0].x < dots[1].x
    assert (dots[0].y < dots[1].y) == (smaller.cycles_estimated > program.cycles_estimated)
    assert any("lower bound" in text for text in texts(drawing))


@pytest.mark.parametrize(
    ("start", "end", "about"), [(0, 97, 8), (0, 826, 9), (186.2, 214.9, 6), (0, 0.7, 3), (0, 1, 1)]
)
def test_ticks_are_round_and_inside(start: float, end: float, about: float) -> None:
    values = ticks(start, end, about)
    assert 1 <= len(values) <= about + 1
    assert all(start <= v <= end for v in values)
    steps = {round(b - a, 9) for a, b in itertools.pairwise(values)}
    assert len(steps) <= 1
