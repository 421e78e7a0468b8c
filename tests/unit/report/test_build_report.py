import re
from html.parser import HTMLParser

from graphs import tiny_detector
from models import REGIONS

from mcu_vision.plan import plan_graph
from mcu_vision.report import build_report

SUMMARY = {
    "model": "tiny-detector",
    "board": "stm32f439",
    "toolchain": "zig",
    "ram": {
        "peak_bytes": 8000,
        "budget_bytes": 262144,
        "regions": {"sram": {"used_bytes": 8000, "size_bytes": 196608}},
        "items": {"input": 3072, "arena": 4928},
    },
    "flash_bytes": 30000,
    "macs": 500000,
    "instructions": 2000000,
    "cycles_estimated": 3000000,
    "time_ms_estimated": 17.9,
}


class Cells(HTMLParser):
    """Collects the text of table cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "td" and data.strip():
            self.cells.append(data)


def test_the_report_is_whole_and_lists_every_operator() -> None:
    program = plan_graph(tiny_detector(), REGIONS, 250 << 10)
    html = build_report(program, "NUCLEO & board", SUMMARY, list(range(len(program.schedule))), 250 << 10)
    cells = Cells(html).cells
    for op in program.graph.ops:
        assert op.name in cells
    shares = [float(c.removesuffix(" %")) for c in cells if c.endswith(" %")]
    assert abs(sum(shares) - 100) < 2
    assert "8,000 B" in html
    assert "NUCLEO &amp; board" in html


def test_the_report_needs_no_other_file() -> None:
    program = plan_graph(tiny_detector(), REGIONS, 250 << 10)
    html = build_report(program, "board", SUMMARY, [1] * len(program.schedule), 250 << 10)
    assert not re.search(r'(src|href)="|@import|url\(', html)
    assert "prefers-color-scheme: dark" in html
