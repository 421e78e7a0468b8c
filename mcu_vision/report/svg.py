"""Drawings as SVG that is part of an HTML page, with titles on hovering and the page's colours."""

from html import escape

from mcu_vision.report.drawing import INKS, Boxes, Colour, Dot, Drawing, Line, Shape


def to_svg(drawing: Drawing) -> str:
    """One <svg> element, no wider than the page; the page defines a variable --<name> for each of INKS."""
    size = f'viewBox="0 0 {drawing.width} {drawing.height}" style="width: 100%; max-width: {drawing.width}px"'
    shapes = "\n".join(_shape(shape) for shape in drawing.shapes)
    label = escape(drawing.label)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">\n{shapes}\n</svg>'


def _shape(shape: Shape) -> str:
    if isinstance(shape, Boxes):
        path = "".join(f"M{_n(x)} {_n(y)}h{_n(w)}v{_n(h)}h{_n(-w)}z" for x, y, w, h in shape.boxes)
        return f'<path d="{path}" fill="{_colour(shape.fill)}"{_title(shape.title, "path")}'
    if isinstance(shape, Line):
        return _line(shape)
    if isinstance(shape, Dot):
        where = f'cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}"'
        return f'<circle {where} fill="{_colour(shape.colour)}"{_title(shape.title, "circle")}'
    where = f'x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}" text-anchor="{shape.anchor}"'
    return f'<text {where} dominant-baseline="central" fill="{_colour(shape.colour)}">{escape(shape.text)}</text>'


def _line(line: Line) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in line.points)
    style = f'stroke="{_colour(line.colour)}" stroke-width="{_n(line.width)}"'
    style += ' stroke-dasharray="5 4"' if line.dashed else ""
    area = ""
    if line.base is not None:
        corners = f"{_n(line.points[-1][0])},{_n(line.base)} {_n(line.points[0][0])},{_n(line.base)}"
        area = f'<polygon points="{points} {corners}" fill="{_colour(line.colour)}" fill-opacity="0.18"/>'
    return f'{area}<polyline points="{points}" fill="none" {style}{_title(line.title, "polyline")}'


def _title(title: str, element: str) -> str:
    return f"><title>{escape(title)}</title></{element}>" if title else "/>"


def _colour(colour: Colour) -> str:
    return f"var(--{colour})" if colour in INKS else colour


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
