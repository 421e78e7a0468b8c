"""The command line takes .tflite files."""

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
