"""Graphs survive saving; anything else is refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import tiny_classifier, tiny_detector
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import KEY, load_graph, save_graph


@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_round_trip(graph: Graph, tmp_path: Path) -> None:
    graph.metadata = {"task": "detect", "nested": {"a": [1, 2.5, None]}}
    path = tmp_path / "model.safetensors"
    save_graph(graph, path)
    loaded = load_graph(path)
    assert str(loaded) == str(graph)
    assert loaded.metadata == graph.metadata
    assert [t.quantization for t in loaded.tensors.values()] == [t.quantization for t in graph.tensors.values()]
    image = np.random.default_rng(0).integers(-128, 128, graph.input.shape).astype(np.int8)
    before, after = run_graph(graph, image, keep_all=True), run_graph(loaded, image, keep_all=True)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_equal_graphs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_graph(tiny_detector(), tmp_path / name)
    save_graph(load_graph(tmp_path / "a"), tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def refuse(path: Path, problem: str) -> None:
    with pytest.raises(UserError, match=problem) as caught:
        load_graph(path)
    assert "\n" not in str(caught.value)


def test_missing_foreign_and_empty_files(tmp_path: Path) -> None:
    refuse(tmp_path / "absent", "cannot read")
    (tmp_path / "folder").mkdir()
    refuse(tmp_path / "folder", "cannot read|damaged")
    for content in (b"", b"hello", b"\x89PNG" * 100):
        (tmp_path / "file").write_bytes(content)
        refuse(tmp_path / "file", "damaged|cannot read")
    (tmp_path / "weights").write_bytes(save({"w": np.zeros(3, np.float32)}))
    refuse(tmp_path / "weights", "no graph")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_truncated_and_damaged_files(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    save_graph(tiny_classifier(), path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        header = 8 + int.from_bytes(content[:8], "little")
        content[data.draw(st.integers(0, header - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    message = ""
    try:  # a flipped bit may still give a valid graph; anything else must be a user's error
        load_graph(path)
    except UserError as error:
        message = str(error)
    assert "\n" not in message


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Save a classifier with `change` made to the JSON of its graph."""
    save_graph(tiny_classifier(), path)
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    values = json.loads(header["__metadata__"][KEY])
    change(values)
    path.write_bytes(save(load_file(path), metadata={KEY: json.dumps(values)}))


def set_item(target: dict[str, Any], key: str, value: object) -> None:
    target[key] = value


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda v: set_item(v, "version", 99), "format version 99"),
        (lambda v: set_item(v["ops"][0], "kind", "os.system"), "unknown operator 'os.system'"),
        (lambda v: set_item(v["ops"][0]["attributes"], "groups", 2), "cannot have the attribute groups"),
        (lambda v: set_item(v["ops"][0]["attributes"], "stride", "2"), "cannot have the attribute stride"),
        (lambda v: set_item(v["ops"][0]["attributes"], "stride", [1.5, 1]), "cannot have the attribute stride"),
        (lambda v: set_item(v["ops"][0]["attributes"], "stride", [0, 1]), "not a valid model"),
        (lambda v: set_item(v["ops"][0]["attributes"], "activation", "gelu"), "gelu"),
        (lambda v: set_item(v["ops"][0], "inputs", ["image"]), "not a valid model"),
        (lambda v: set_item(v["ops"][0], "inputs", [1, 2, 3]), "no names of tensors"),
        (lambda v: set_item(v["tensors"][0], "shape", [1, 16, 19, 3]), "gives shape"),
        (lambda v: set_item(v["tensors"][0], "shape", [1, -17, 19, 3]), "cannot be"),
        (lambda v: set_item(v["tensors"][1], "shape", [8, 3, 3, 4]), "but its array is"),
        (lambda v: set_item(v["tensors"][0], "dtype", "float16"), "cannot be float16"),
        (lambda v: set_item(v["tensors"][0], "quantization", [[0.0], 0, None]), "not positive"),
        (lambda v: set_item(v["tensors"][0], "quantization", [[0.1], 300, None]), "outside int8"),
        (lambda v: set_item(v["tensors"][1], "quantization", [[0.1], 0, 0]), "1 scales, not 8"),
        (lambda v: v["tensors"][0].pop("quantization"), "has no scale"),
        (lambda v: v["tensors"].pop(1), "does not mention the array"),
        (lambda v: v["ops"].pop(0), "before it is written"),
        (lambda v: v.pop("outputs"), "not a valid model"),
        (lambda v: set_item(v, "outputs", ["nothing"]), "never written"),
        (lambda v: set_item(v, "inputs", []), "not a valid model"),
    ],
)
def test_wrong_graphs_are_refused(change: Callable[[dict[str, Any]], object], problem: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    edit(path, lambda v: None)
    load_graph(path)
    edit(path, change)
    refuse(path, problem)


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        save_graph(tiny_classifier(), tmp_path / "file" / "model")
