"""`mcu-vision search`: a scaled-down one from photos to firmware, and its errors."""

import json
from pathlib import Path

import pytest
from cli_runner import Cli
from drawn_photos import draw_wake_words

from mcu_vision.models.network_config import read_network

TINY = ("--input", "48x48x3", "--latency", "30ms", "--ram", "64K", "--batch", "4", "--cache", "cache")
SHORT = ("--warm-up", "3", "--steps", "4", "--rated", "2", "--finalists", "1", "--train-epochs", "1")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path, capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--latency", "soon"), "is no time; write 400ms"),
        (("--latency", "0ms"), "is no time"),
        (("--latency", "9ms", "--space", "all"), "--space must be one of mobiledet, rnnpool"),
        (("--latency", "9ms", "--task", "cars"), "--task must be one of vww, faces"),
        (("--latency", "9ms", "--ram", "much"), "is no size of memory"),
        (("--latency", "9ms", "--input", "48"), "--input is WIDTHxHEIGHTxCHANNELS"),
        (("--latency", "9ms", "--costs", "none.json"), "is no cost model"),
        (("--latency", "9ms"), "train.csv is missing"),
        (("--latency", "9ms", "--task", "faces"), "data"),
    ],
)
def test_wrong_options_are_one_line(options: tuple[str, ...], message: str, cli: Cli) -> None:
    assert message in cli.error("search", "--data", "data", *options)
    assert not list(cli.folder.iterdir())


def test_an_earlier_search_is_not_overwritten(cli: Cli) -> None:
    arguments = ("search", "--data", "data", "--latency", "9ms", "--out", "out")
    (cli.folder / "out").mkdir()
    (cli.folder / "out" / "settings.json").write_text("{}\n")
    assert "holds an earlier search; add --resume" in cli.error(*arguments)
    assert "other settings" in cli.error(*arguments, "--resume")


@pytest.mark.slow
@pytest.mark.parametrize("space", ["mobiledet", "rnnpool"])
def test_from_photos_to_firmware(space: str, cli: Cli) -> None:
    draw_wake_words(cli.folder / "data", training=40, validation=8)
    arguments = ("search", "--space", space, "--data", "data", "--out", "out", *TINY, *SHORT)
    outcome = cli.json(*arguments)
    assert {item["arm"] for item in outcome["finalists"]} == {"controller", "random"}
    assert outcome == json.loads((cli.folder / "out" / "search.json").read_text())
    best = next(item for item in outcome["finalists"] if item["name"] == outcome["winner_name"])
    assert best["measured"]["cycles"] <= outcome["target_cycles"]
    assert best["measured"]["arena_bytes"] < 64 << 10
    assert best["score"] == max(item["score"] for item in outcome["finalists"] if item["score"] is not None)
    for picture in ("trajectory.png", "pareto.png"):
        assert (cli.folder / "out" / picture).read_bytes().startswith(b"\x89PNG")
    assert len((cli.folder / "out" / "trajectory.jsonl").read_text().splitlines()) == 8
    network = read_network(cli.folder / "out" / "winner.toml")
    assert network.input == (48, 48, 3)
    assert cli.json(*arguments, "--resume") == outcome
    _use(cli, best["measured"]["instructions"])


def _use(cli: Cli, instructions: int) -> None:
    """The winner through the other verbs."""
    built = cli.json("build", "--model", "out/winner.toml", "--toolchain", "zig", "--ram", "64K")
    assert built["instructions"] == pytest.approx(instructions, rel=0.02)
    assert cli.json("analyze", "out/winner.toml")["fits"]
    cli.json("train", "out/winner.toml", "--data", "data", "--epochs", "1", "--batch", "4", "--out", "trained")
    quantize = ("quantize", "out/winner.toml", "--weights", "trained/best.safetensors", "--calibrate", "data/photos")
    assert cli.json(*quantize, "--out", "out/winner.int8.safetensors")["weights"] == "given"
    trained = cli.json("verify", "--model", "out/winner.toml", "--images", "1", "--toolchain", "zig")
    assert trained["executions"] == ["reference", "host", "emulated"]
