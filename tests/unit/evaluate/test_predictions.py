"""Prediction files survive a round trip and name what is wrong with bad ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision.errors import UserError
from mcu_vision.evaluate.predictions import (
    format_predictions,
    read_predictions,
    read_wider_submission,
    write_predictions,
    write_wider_submission,
)

BOXES = np.array([[1.5, 2.25, 30.0, 40.5, 0.987654321], [0.0, 0.0, 8.0, 8.0, 0.02]])


def test_edgeml_format_is_as_documented() -> None:
    assert format_predictions(BOXES[1:]) == "1\n0 0 8 8 0.02\n"
    assert format_predictions(BOXES[:0]) == "0\n"


def test_wider_format_begins_with_the_name() -> None:
    assert format_predictions(BOXES[1:], "0--Parade/a.jpg").splitlines()[:2] == ["0--Parade/a.jpg", "1"]


@given(
    st.lists(
        st.tuples(*[st.floats(-1000, 1000, width=32)] * 4, st.floats(0, 1, width=32)),
        max_size=5,
    ),
    st.sampled_from([None, "0--Parade/0_Parade_1_2.jpg", "name with spaces.jpg"]),
)
def test_float32_boxes_survive(tmp_path_factory: pytest.TempPathFactory, rows: list, name: str | None) -> None:
    path = tmp_path_factory.mktemp("predictions") / "image.txt"
    boxes = np.array(rows, np.float64).reshape(-1, 5)
    write_predictions(path, boxes, name)
    found_name, found = read_predictions(path)
    assert found_name == name
    np.testing.assert_array_equal(found.astype(np.float32), boxes.astype(np.float32))


def test_commas_are_read(tmp_path: Path) -> None:
    path = tmp_path / "image.txt"
    path.write_text("1\n1, 2, 3, 4, 0.5\n")
    np.testing.assert_array_equal(read_predictions(path)[1], [[1, 2, 3, 4, 0.5]])


def test_submission_folder(tmp_path: Path) -> None:
    predictions = {"0--Parade/a.jpg": BOXES, "1--Handshaking/b.jpg": BOXES[:0]}
    write_wider_submission(tmp_path, predictions)
    assert (tmp_path / "0--Parade" / "a.txt").is_file()
    found = read_wider_submission(tmp_path)
    assert list(found) == list(predictions)
    np.testing.assert_allclose(found["0--Parade/a.jpg"], BOXES, rtol=1e-8)


@pytest.mark.parametrize("text", ["", "2\n1 2 3 4 0.5\n", "1\n1 2 3 4\n", "name.jpg\n", "1\nx y w h s\n"])
def test_broken_files_are_user_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(text)
    with pytest.raises(UserError, match=r"broken\.txt"):
        read_predictions(path)


def test_missing_files_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_predictions(tmp_path / "absent.txt")
    with pytest.raises(UserError, match="holds no"):
        read_wider_submission(tmp_path)
