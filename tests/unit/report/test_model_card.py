"""A model card shows the figures that it is given."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_vision.errors import UserError
from mcu_vision.evaluate.average_precision import ScoredImage
from mcu_vision.evaluate.face_accuracy import measure_accuracy
from mcu_vision.report.model_card import read_card, render_model_card


def accuracy(score: float) -> list[dict[str, Any]]:
    """One face found, one missed; one false box on a photo without faces."""
    faces = np.array([[0.0, 0.0, 20.0, 20.0], [50.0, 0.0, 20.0, 20.0]])
    found = np.array([[0.0, 0.0, 20.0, 20.0, score]])
    nothing = np.zeros((0, 4))
    photos = [ScoredImage(found, faces, nothing, source="fddb"), ScoredImage(found, nothing, nothing, source="empty")]
    return [a.to_json() for a in measure_accuracy(photos)]


@pytest.fixture
def card() -> dict[str, Any]:
    return {
        "model": "face-test",
        "summary": "Finds squares.",
        "input": {"width": 64, "height": 48, "channels": 1},
        "licence": "non-commercial research",
        "data": [{"name": "Squares", "use": "training", "labels": "drawn", "terms": "Ours."}],
        "recipe": {"seed": 7},
        "resources": {"peak RAM": "143 KB"},
        "accuracy": {"float": accuracy(0.9), "int8": accuracy(0.4)},
        "known_failures": ["Circles."],
    }


def test_figures_stand_in_the_card(card: dict[str, Any]) -> None:
    text = render_model_card(card)
    for line in (
        "# face-test",
        "Input: 64 x 48, gray. Licence of the weights: non-commercial research",
        "**fddb**: 1 photos, IoU 0.4",
        "| height, px | faces | AP float | AP int8 | recall float | recall int8 |",
        "|---|---|---|---|---|---|",
        "| 16-32 | 2 | 0.500 | 0.500 | 0.500 | 0.000 |",
        "Photos without faces (empty, 1), false boxes a photo: 1.000 float, 0.000 int8.",
        "| seed | 7 |",
        "| peak RAM | 143 KB |",
        "- **Squares** (training): drawn. Ours.",
        "- Circles.",
    ):
        assert line in text.splitlines(), text
    assert "| 32-64 |" not in text


def test_what_is_found_may_be_other_things(card: dict[str, Any]) -> None:
    text = render_model_card({**card, "objects": "squares"})
    assert "| height, px | squares | AP float" in text
    assert "Photos without squares (empty, 1)" in text
    assert "face" not in text.replace("face-test", "")


def test_executions_on_different_photos_are_refused(card: dict[str, Any]) -> None:
    card["accuracy"]["int8"][0]["photos"] += 1
    with pytest.raises(UserError, match="other photos"):
        render_model_card(card)


def test_a_card_without_measurements_is_refused(card: dict[str, Any]) -> None:
    card["accuracy"] = {}
    with pytest.raises(UserError, match="no accuracy yet"):
        render_model_card(card)


def test_incomplete_figures_are_named(tmp_path: Path, card: dict[str, Any]) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card))
    assert read_card(path) == card
    del card["recipe"]
    path.write_text(json.dumps(card))
    with pytest.raises(UserError, match="lacks recipe"):
        read_card(path)
    path.write_text("{")
    with pytest.raises(UserError, match="cannot read"):
        read_card(path)
