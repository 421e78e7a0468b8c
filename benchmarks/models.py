"""Memory, flash and time of the shipped models on the emulated board.

Instructions are exact, cycles and times estimates. Example: python benchmarks/models.py --json
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mcu_vision.cli.pipeline import build_model, shipped_models
from mcu_vision.plan import PlanOptions

GOALS = {
    ("face-m4", "peak RAM"): 150_000,
    ("face-m4", "flash"): 400_000,
    ("face-m4", "time"): 2500.0,
}


def measure(model: str, board: str, toolchain: str) -> list[dict[str, Any]]:
    """One entry a figure: {name, value, unit, goal, better}."""
    with tempfile.TemporaryDirectory() as folder:
        summary = build_model(model, board, toolchain, Path(folder), PlanOptions()).summary
    figures = (
        ("peak RAM", summary["ram"]["peak_bytes"], "bytes"),
        ("flash", summary["flash_bytes"], "bytes"),
        ("instructions", summary["instructions"], "instructions"),
        ("cycles without wait states", summary["cycles_0ws_estimated"], "cycles, estimated"),
        ("cycles", summary["cycles_estimated"], "cycles, estimated"),
        ("time", summary["time_ms_estimated"], "ms, estimated"),
    )
    return [
        {
            "name": f"{model} {name} ({summary['toolchain']})",
            "value": value,
            "unit": unit,
            "goal": GOALS.get((model, name)),
            "better": "lower",
        }
        for name, value, unit in figures
    ]


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", default="stm32f439")
    parser.add_argument("--toolchain", default="zig", choices=["zig", "gcc", "auto"])
    parser.add_argument("--json", action="store_true", help="print a list of {name, value, unit, goal, better}")
    options = parser.parse_args()
    entries = [e for model in shipped_models() for e in measure(model, options.board, options.toolchain)]
    if options.json:
        print(json.dumps(entries, indent=2))
        return
    table = Table("figure", "value", "unit", "goal")
    for entry in entries:
        goal = "" if entry["goal"] is None else f"{entry['goal']:,}"
        table.add_row(entry["name"], f"{entry['value']:,}", entry["unit"], goal)
    Console().print(table)


if __name__ == "__main__":
    main()
