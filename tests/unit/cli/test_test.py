"""mcu-vision test: cases, limits, JUnit XML, the project's table."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from cli_runner import Cli
from graphs import tiny_classifier
from PIL import Image

from mcu_vision.cli import emulated_board
from mcu_vision.cli.project import load_project
from mcu_vision.errors import UserError


@pytest.fixture
def project(cli: Cli) -> Path:
    """A folder with a model and two images."""
    cli.model(tiny_classifier())
    (cli.folder / "images").mkdir()
    for seed in (0, 1):
        noise = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(noise).save(cli.folder / "images" / f"{seed}.png")
    table = '[tool.mcu-vision]\nmodel = "tiny-classifier.safetensors"\nimages = "images"\nmax-ram = "200K"\n'
    (cli.folder / "pyproject.toml").write_text(table)
    return cli.folder


def test_passes_fails_and_reports(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = cli.json("test", "--junit", "results.xml")
    assert [(c["name"], c["failure"]) for c in summary["cases"]] == [("0.png", None), ("1.png", None), ("ram", None)]
    assert summary["instructions"] > 0
    suite = ElementTree.parse(project / "results.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")

    limits = ("--max-ram", "1K", "--max-flash", "2K", "--max-instructions", "10")
    text = cli("test", *limits, "--junit", "results.xml", code=1)
    assert "2 passed, 3 failed" in text
    assert f"{summary['instructions']:,} instructions, {summary['instructions'] - 10:,} more than 10" in text
    suite = ElementTree.parse(project / "results.xml").getroot()[0]
    assert suite.get("failures") == "3"

    wrong = emulated_board.run_graph
    monkeypatch.setattr(emulated_board, "run_graph", lambda *a: {k: v ^ 1 for k, v in wrong(*a).items()})
    failures = [c["failure"] for c in cli.json("test", code=1)["cases"] if c["group"] == "reference"]
    assert len(failures) == 2
    assert all("bytes differ from the integer reference, the first at 0" in text for text in failures)


def test_faults_of_the_user_are_one_line(cli: Cli, project: Path) -> None:
    assert "--max-ram 'x' is no size" in cli.error("test", "--max-ram", "x")
    assert "no photo or folder" in cli.error("test", "--photos", "nowhere")
    (project / "empty").mkdir()
    assert "no photos in empty" in cli.error("test", "--photos", "empty")
    assert "--emulator must be one of" in cli.error("test", "--emulator", "qemu")
    assert "cannot write" in cli.error("test", "--junit", "/proc/results.xml")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[tool.mcu-vision]\nmodell = 'x'", "unknown key tool.mcu-vision.modell"),
        ("[tool.mcu-vision]\nmodel = 3", "make it a text"),
        ("[tool.mcu-vision]\nmax-instructions = '3'", "make it a whole number"),
        ("[tool.mcu-vision]\nmax-ram = 'much'", "no size of memory"),
        ("[tool", "mend it"),
    ],
)
def test_a_wrong_table_is_a_user_error(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(table)
    with pytest.raises(UserError, match=message) as caught:
        load_project(tmp_path)
    assert "\n" not in str(caught.value)


def test_without_a_table_the_defaults_hold(tmp_path: Path) -> None:
    assert load_project(tmp_path).model == "face-m4"
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_project(tmp_path).images is None
