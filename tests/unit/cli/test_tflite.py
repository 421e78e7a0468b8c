"""The command line takes .tflite files."""

import io
import zipfile
from pathlib import Path

from cli_runner import Cli

FILE = Path(__file__).parents[2] / "data" / "person_detect" / "person_detect.tflite"


def test_plan_takes_a_tflite_file(cli: Cli) -> None:
    planned = cli.json("plan", "--model", str(FILE))
    assert planned["model"] == "person_detect"
    assert sum(planned["arena_bytes"].values()) < 20_000


def test_a_damaged_file_is_a_users_fault(cli: Cli) -> None:
    (cli.folder / "half.tflite").write_bytes(FILE.read_bytes()[:5000])
    assert "half.tflite is no valid .tflite file" in cli.error("plan", "--model", "half.tflite")


def test_run_names_the_classes(cli: Cli) -> None:
    """From the file's own metadata, which is a zip behind the model; or from --labels."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("labelmap.txt", "nobody\nsomebody\n")
    (cli.folder / "named.tflite").write_bytes(FILE.read_bytes() + packed.getvalue())
    text = cli("run", "--model", "named.tflite")
    assert "0.863  somebody" in text
    (cli.folder / "mine.txt").write_text("empty\nperson\n")
    summary = cli.json("run", "--model", "named.tflite", "--labels", "mine.txt")
    assert summary["labels"] == ["empty", "person"]
    assert summary["other_outputs"] == []
    (cli.folder / "few.txt").write_text("one\n")
    assert "names 1 classes, but named has 2" in cli.error("run", "--model", "named.tflite", "--labels", "few.txt")
    assert "cannot read --labels none.txt" in cli.error("run", "--model", "named.tflite", "--labels", "none.txt")
