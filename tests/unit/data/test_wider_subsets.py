"""WIDER FACE's evaluation lists, written as its tools have them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mcu_vision.data.wider_face import read_wider_face
from mcu_vision.errors import UserError

LISTING = """0--Parade/a.jpg
3
10 11 12 13 0 0 1 0 2 0
30 5 20 22 0 0 0 0 0 0
50 50 4 4 0 0 0 1 0 0
1--Handshaking/b.jpg
1
7 8 9 10 0 0 0 0 0 0
1--Handshaking/c.jpg
0
0 0 0 0 0 0 0 0 0 0
"""
BOXES = {
    "0--Parade": {"a": [[10, 11, 12, 13], [30, 5, 20, 22], [50, 50, 4, 4]]},
    "1--Handshaking": {"b": [[7, 8, 9, 10]], "c": [[0, 0, 0, 0]]},
}
COUNTED = {"easy": [[[2]], [[], []]], "medium": [[[1, 2]], [[1], []]], "hard": [[[1, 2]], [[1], []]]}


def _column(values: list) -> np.ndarray:
    cells = np.empty((len(values), 1), object)
    cells[:, 0] = values
    return cells


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wider_face_split").mkdir()
    (tmp_path / "wider_face_split" / "wider_face_val_bbx_gt.txt").write_text(LISTING)
    lists = tmp_path / "eval_tools" / "ground_truth"
    lists.mkdir(parents=True)
    names = {"event_list": _column(list(BOXES)), "file_list": _column([_column(list(e)) for e in BOXES.values()])}
    boxes = _column([_column([np.array(b, float) for b in e.values()]) for e in BOXES.values()])
    savemat(lists / "wider_face_val.mat", names | {"face_bbx_list": boxes})
    for subset, events in COUNTED.items():
        cells = _column([_column([np.array(c, float).reshape(-1, 1) for c in event]) for event in events])
        savemat(lists / f"wider_{subset}_val.mat", names | {"gt_list": cells})
    return tmp_path


def test_faces_belong_to_their_subsets(folder: Path) -> None:
    a, b, c = read_wider_face(folder, "val")
    assert a.boxes.tolist() == [[10, 11, 12, 13], [30, 5, 20, 22]]
    assert {name: flags.tolist() for name, flags in a.subsets.items()} == {
        "easy": [False, True],
        "medium": [True, True],
        "hard": [True, True],
    }
    assert {name: flags.tolist() for name, flags in b.subsets.items()} == {
        "easy": [False],
        "medium": [True],
        "hard": [True],
    }
    assert [len(flags) for flags in c.subsets.values()] == [0, 0, 0]


def test_without_the_lists_there_are_no_subsets(folder: Path) -> None:
    (folder / "eval_tools").rename(folder / "elsewhere")
    assert all(sample.subsets == {} for sample in read_wider_face(folder, "val"))


def test_wrong_lists_are_named(folder: Path) -> None:
    lists = folder / "eval_tools" / "ground_truth"
    hard = (lists / "wider_hard_val.mat").read_bytes()
    for content in (b"", b"not a mat file", hard[: len(hard) // 2]):
        (lists / "wider_hard_val.mat").write_bytes(content)
        with pytest.raises(UserError, match=r"wider_hard_val\.mat is missing, or no \.mat file"):
            read_wider_face(folder, "val")
    (lists / "wider_hard_val.mat").unlink()
    with pytest.raises(UserError, match=r"wider_hard_val\.mat is missing"):
        read_wider_face(folder, "val")
    savemat(lists / "wider_hard_val.mat", {"other": np.zeros(3)})
    with pytest.raises(UserError, match="does not hold WIDER FACE's evaluation lists"):
        read_wider_face(folder, "val")


def test_a_photo_that_the_lists_lack_is_named(folder: Path) -> None:
    listing = folder / "wider_face_split" / "wider_face_val_bbx_gt.txt"
    listing.write_text(LISTING.replace("1--Handshaking/b", "1--Handshaking/x"))
    with pytest.raises(UserError, match=r"lists no faces of 1--Handshaking/x\.jpg"):
        read_wider_face(folder, "val")


def test_what_to_install_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(UserError, match=r"pip install 'mcu-vision\[wider\]'"):
        read_wider_face(folder, "val")
