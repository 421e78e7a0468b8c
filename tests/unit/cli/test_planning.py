import json
import re
from pathlib import Path

import pytest
from cli_runner import Cli
from graphs import tiny_classifier, tiny_detector
from PIL import Image

from mcu_vision.boards import load_board
from mcu_vision.cli.planning import arena_budget
from mcu_vision.cli.sizes import parse_bytes
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions


def detector() -> Graph:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    return graph


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("98304", 98304),
        ("96K", 98304),
        ("96k", 98304),
        ("96 KB", 98304),
        ("96KiB", 98304),
        ("1.5K", 1536),
        ("1M", 1 << 20),
    ],
)
def test_sizes_of_memory(text: str, size: int) -> None:
    assert parse_bytes(text, "--ram") == size


@pytest.mark.parametrize("text", ["", "K", "96Q", "-4K", "0", "0.0001K", "96K96", "1e3", "nan"])
def test_what_is_no_size_of_memory(text: str) -> None:
    with pytest.raises(UserError, match="--ram 96K"):
        parse_bytes(text, "--ram")


def test_plan_tells_operators_regions_bound_and_cycles(cli: Cli) -> None:
    model = cli.model(detector())
    text = cli("plan", "--model", model)
    plan = cli.json("plan", "--model", model)
    assert len(plan["schedule"]) > len(plan["operators"])
    assert all(row["name"] in text for row in plan["operators"])
    assert sum(row["cycles"] for row in plan["operators"]) == pytest.approx(plan["cycles_estimated"], rel=1e-3)
    assert plan["lower_bound_bytes"] <= sum(plan["arena_bytes"].values()) <= plan["arena_budget_bytes"]
    assert f"{plan['lower_bound_bytes']:,}" in text


def test_ram_limits_the_plan(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    fast, lean = (cli.json("plan", "--model", model, "--optimize", goal) for goal in ("time", "ram"))
    most, least = (sum(plan["arena_bytes"].values()) for plan in (fast, lean))
    reserve = (20 << 10) - cli.json("plan", "--model", model, "--ram", "20K")["arena_budget_bytes"]
    assert 0 < reserve < 2048
    limited = cli.json("plan", "--model", model, "--optimize", "time", "--ram", str(least + reserve))
    assert sum(limited["arena_bytes"].values()) <= least < most
    assert limited["cycles_estimated"] > fast["cycles_estimated"]


def test_plan_of_rows_has_no_image(cli: Cli) -> None:
    model = cli.model(detector())
    plan = cli.json("plan", "--model", model, "--input", "rows")
    assert "image" not in [buffer["name"] for buffer in plan["buffers"]]
    assert any(buffer["name"] == "image" for buffer in cli.json("plan", "--model", model)["buffers"])


def test_pareto_plans_get_larger_and_faster(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    plans = cli.json("plan", "--model", model, "--pareto", "--png", "plans.png", "--html", "plans.html")["plans"]
    sizes, cycles = ([p[name] for p in plans] for name in ("total_bytes", "cycles_estimated"))
    assert len(plans) > 1
    assert sizes == sorted(set(sizes))
    assert cycles == sorted(set(cycles), reverse=True)
    assert all(p["lower_bound_bytes"] <= p["total_bytes"] for p in plans)
    assert Image.open(cli.folder / "plans.png").format == "PNG"
    assert (cli.folder / "plans.html").read_text().count("<circle") == len(plans)
    assert f"{sizes[0]:,}" in cli("plan", "--model", model, "--pareto")


def test_pictures_are_written_and_nothing_else_on_failure(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    cli("plan", "--model", model, "--html", "a/plan.html", "--png", "a/plan.png")
    assert Image.open(cli.folder / "a" / "plan.png").format == "PNG"
    assert "<svg" in (cli.folder / "a" / "plan.html").read_text()
    cli.error("plan", "--model", model, "--ram", "1600", "--html", "b/plan.html")
    assert not (cli.folder / "b").exists()


def test_faults_are_one_line(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    faults = {
        r"--ram '96Q' is no size": ("plan", "--ram", "96Q"),
        r"--ram 1,048,576 is more than stm32f439 has: 262,144": ("plan", "--model", model, "--ram", "1M"),
        r"--ram 1000 leaves nothing": ("build", "--model", model, "--ram", "1000"),
        r"--optimize must be one of": ("build", "--model", model, "--optimize", "speed"),
        r"--input must be one of": ("plan", "--model", model, "--input", "camera"),
        r"--schedule must be one of": ("plan", "--model", model, "--schedule", "rows"),
    }
    for expected, arguments in faults.items():
        assert re.search(expected, cli.error(*arguments)), arguments


def test_a_build_keeps_to_its_ram_and_its_reserve_wastes_little(cli: Cli) -> None:
    graph = detector()
    summary = cli.json("build", "--model", cli.model(graph), "--toolchain", "zig", "--ram", "12K")
    ram = summary["ram"]
    assert ram["budget_bytes"] == 12 << 10
    reserved = (12 << 10) - arena_budget(graph, load_board("stm32f439"), PlanOptions(ram_bytes=12 << 10))
    beside = ram["peak_bytes"] - ram["items"]["arena"] - ram["items"]["input"]
    assert reserved - 512 <= beside <= reserved


def test_a_build_above_its_ram_fails_and_leaves_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcu_vision.cli.planning.STACK_BYTES", 0)
    monkeypatch.setattr("mcu_vision.cli.planning.STATICS_BYTES", 0)
    model = cli.model(tiny_classifier())
    need = sum(json.loads(cli("plan", "--model", model, "--optimize", "ram", "--json"))["arena_bytes"].values())
    line = cli.error("build", "--model", model, "--toolchain", "zig", "--optimize", "ram", "--ram", str(need + 64))
    assert re.search(r"takes [\d,]+ B of RAM, [\d,]+ B more than --ram", line)
    assert not Path(cli.folder, "build", "tiny-classifier").exists()
