"""The examples in the help of every verb: their options exist, and those that need no board or data set run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from cli_runner import Cli
from PIL import Image

from mcu_vision.cli import VERBS, app
from mcu_vision.cli.cost import fit
from mcu_vision.cli.photos import SAMPLE

PERSON_DETECT = Path(__file__).parents[2] / "data" / "person_detect" / "person_detect.tflite"
NET = """
import torch
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 4, 3, stride=4, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
        )
"""
NEEDS_MORE = {"cards", "cost", "detect", "emulate", "evaluate", "flash", "label", "search", "train", "validate"}
"""A board, a data set, many minutes, or somebody who ends it."""


def examples() -> list[str]:
    """Every line of examples, without its program."""
    found = []
    for verb in (*VERBS, fit):
        lines = re.findall(r"Example: mcu-vision (.+)", verb.__doc__ or "")
        assert lines, f"{verb.__name__} has no example"
        found += lines
    return found


def test_every_verb_has_an_example_of_itself() -> None:
    command = typer.main.get_command(app)
    assert {line.split()[0] for line in examples()} == set(command.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", examples())
def test_options_of_examples_exist(line: str) -> None:
    verb, *arguments = shlex.split(line.split("&&")[0])
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    if verb == "cost":
        command = command.commands[arguments.pop(0)]
    command.make_context(verb, arguments)


@pytest.fixture
def folder(cli: Cli) -> Path:
    """What the examples name."""
    (cli.folder / "net.py").write_text(NET)
    random = np.random.default_rng(0)
    for name in ("photos", "images"):
        (cli.folder / name).mkdir()
        for i in range(2):
            pixels = random.integers(0, 256, (60, 80, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(cli.folder / name / f"{i}.png")
    shutil.copy(SAMPLE, cli.folder / "photo.jpg")
    shutil.copy(PERSON_DETECT, cli.folder / "vww.tflite")
    return cli.folder


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in examples() if line.split()[0] not in NEEDS_MORE])
def test_examples_run(cli: Cli, folder: Path, line: str) -> None:
    verb, *arguments = shlex.split(line.split("&&")[0])
    assert cli.json(verb, *arguments) is not None
    for option in ("--out", "--html", "--junit"):
        if option in arguments:
            assert (folder / arguments[arguments.index(option) + 1]).exists()


def test_a_mistyped_command_is_one_line(cli: Cli) -> None:
    assert "No such option: --bogus" in cli.error("build", "--bogus")
    assert "see mcu-vision verify --help" in cli.error("verify", "--images", "none")
    assert "No such command 'biuld'" in cli.error("biuld")
    assert "File name too long" in cli.error("build", "--model", "a" * 300)
    assert "--nothing" in cli.json("export", "face-m4", "--nothing", code=2)["error"]
