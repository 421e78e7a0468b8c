"""Boxes on the console, and models that fail."""

import re

import pytest

from mcu_vision.device.console import ConsoleError
from mcu_vision.emulate.unicorn_board import UnicornBoard


def infer(board: UnicornBoard, values: list[int]) -> list[str]:
    """Run on int8 `values`, padded with zeros."""
    pointer = int.from_bytes(board.read_memory(board.symbol("model_input_pointer"), 4), "little")
    board.write_memory(pointer, bytes(value & 0xFF for value in values + [0] * (16 - len(values))))
    return board.command("infer 1 0%")


def test_boxes(detector: UnicornBoard) -> None:
    with pytest.raises(ConsoleError, match="no inference"):
        detector.command("boxes%")
    assert infer(detector, [0, 64, -5, 0, 0, 0, 127])[-1] == "m-results-[0.500,0.992]"
    assert detector.command("boxes%") == ["m-box-[16 0 -16 24 16384]", "m-box-[32 16 -16 24 32512]", "m-boxes-[2]"]


def test_no_more_boxes_than_there_is_room_for(detector: UnicornBoard) -> None:
    infer(detector, [1] * 9)
    assert detector.command("boxes%")[-1] == "m-boxes-[3]"


def test_no_boxes(detector: UnicornBoard) -> None:
    assert infer(detector, [])[-1] == "m-results-[]"
    assert detector.command("boxes%") == ["m-boxes-[0]"]


def test_a_model_that_fails_has_no_results(detector: UnicornBoard) -> None:
    infer(detector, [1])
    with pytest.raises(ConsoleError, match="the model stopped"):
        infer(detector, [1] + [0] * 14 + [-125])
    with pytest.raises(ConsoleError, match="no inference"):
        detector.command("boxes%")


@pytest.mark.parametrize(
    ("cause", "name", "address"),
    [(-128, "BusFault", 0x30000000), (-127, "StackOverflow", None), (-126, "UsageFault", 0)],
)
def test_a_fault_is_reported_in_one_line(detector: UnicornBoard, cause: int, name: str, address: int | None) -> None:
    detector.command("db load 16%")
    detector.command("db " + "80" * 15 + f"{(cause & 0xFF) ^ 0x80:02x}%")
    detector.send(b"infer 1 0%")
    line = ""
    while not line.startswith("e-["):
        line = detector.read_line(1.0)
    pattern = rf"e-\[fault {name} pc=0x(\w{{8}}) lr=0x(\w{{8}}) cfsr=0x(\w{{8}}) addr=0x(\w{{8}})\]"
    report = re.fullmatch(pattern, line)
    assert report, line
    pc, _, cfsr, at = (int(word, 16) for word in report.groups())
    assert cfsr != 0
    if name == "StackOverflow":
        assert pc == 0
    else:
        assert detector.symbol("fake_invoke") <= pc < detector.symbol("fake_invoke") + 256
    assert address is None or at == address
    with pytest.raises(TimeoutError):
        detector.read_line(1.0)
