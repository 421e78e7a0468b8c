"""docs/tflite.md says what the import covers: `pytest FILE --update-golden` renews its lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tflite_cases import CASES

import mcu_vision.frontends.tflite  # noqa: F401 - registers the importers
from mcu_vision.frontends.tflite.coverage import NOT_COVERED, gaps, operator_table
from mcu_vision.frontends.tflite.operator_names import OPERATOR_NAMES
from mcu_vision.frontends.tflite.registry import IMPORTERS

DOCS = Path(__file__).parents[3] / "docs" / "tflite.md"
PARTS = {"operators": operator_table, "gaps": gaps}


@pytest.mark.parametrize("name", PARTS)
def test_the_docs_hold_what_the_code_says(name: str, request: pytest.FixtureRequest) -> None:
    text = DOCS.read_text()
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    renewed = pattern.sub(lambda m: m[1] + PARTS[name]() + m[2], text)
    if request.config.getoption("--update-golden"):
        DOCS.write_text(renewed)
        text = renewed
    assert pattern.search(text), f"docs/tflite.md has no part {name}"
    assert text == renewed, "docs/tflite.md is behind the code: run with --update-golden"


def test_every_imported_operator_is_compared_with_the_reference_kernel() -> None:
    """PADV2 and EXPAND_DIMS are in the cases of PAD and SQUEEZE; DEQUANTIZE stands at outputs alone.

    Composites are our own export's: its tests have them.
    """
    elsewhere = {"PADV2", "EXPAND_DIMS", "DEQUANTIZE", "STABLEHLO_COMPOSITE"}
    assert IMPORTERS.keys() - elsewhere <= CASES.keys()


def test_what_is_not_covered_is_not_imported() -> None:
    names = {kind for kinds in NOT_COVERED.values() for kind in kinds.split()}
    assert names <= set(OPERATOR_NAMES)
    assert not names & IMPORTERS.keys()
