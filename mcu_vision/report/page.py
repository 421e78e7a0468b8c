"""What the HTML pages of a plan and of a build share."""

from pathlib import Path
from typing import Any

import jinja2

from mcu_vision.plan import Program
from mcu_vision.report.drawing import INKS
from mcu_vision.report.memory_picture import draw_memory
from mcu_vision.report.operators import OperatorRow
from mcu_vision.report.svg import to_svg

Card = tuple[str, str]
"""A figure, and what it is."""


def render_frame(template: str, heading: str, subtitle: str, cards: list[Card], **more: Any) -> str:
    """HTML that needs no other file, of a template that extends frame.html.j2. more: for the template's own part."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    title = f"{heading}, {subtitle}"
    return environment.get_template(template).render(
        title=title, heading=heading, subtitle=subtitle, cards=cards, inks=INKS, **more
    )


def render_page(
    template: str,
    program: Program,
    subtitle: str,
    cards: list[Card],
    operators: list[OperatorRow],
    budget_bytes: int,
    **more: Any,
) -> str:
    """The page of a program, of a template that extends base.html.j2. budget_bytes: of the arenas."""
    return render_frame(
        template,
        program.graph.name,
        subtitle,
        cards,
        memory=to_svg(draw_memory(program, budget_bytes)),
        cuts=len(program.cuts),
        operators=operators,
        promoted=program.promoted,
        largest_share=max(row.share for row in operators),
        **more,
    )
