"""Instructions, cycles and memory of whole networks on the emulated board, beside the project's goals and its peers.

    python benchmarks/models.py --toolchain zig
    python benchmarks/models.py --models face-m4,resnet-8 --write

Each network is planned for time, built, and runs one picture. Instructions are exact; cycles, without wait states and
with the model of the flash accelerator, are estimates, and so are times. Networks that do not ship trained have
random weights, all channels live. --write keeps the instructions in benchmarks/results/models.json, which a test
holds the toolchain to.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from network_benchmark import NETWORKS, Network, measure
from random_models import CACHE
from records import compiler_version, read_counts, write_counts
from rich.console import Console

HEADER = """| model | instructions, M | cycles, M | with flash, M | time | RAM, B | flash, B | goal (aim), M | others |
|---|--:|--:|--:|--:|--:|--:|---|---|"""
MILLION = 1e6


def items(network: Network, summary: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry a figure: {name, value, unit, goal, better}."""
    figures = (
        ("instructions", summary["instructions"], "instructions", network.goal[0] * MILLION),
        ("cycles without wait states", summary["cycles_0ws_estimated"], "cycles, estimated", _scaled(network.goal[1])),
        ("cycles", summary["cycles_estimated"], "cycles, estimated", None),
        ("time", summary["time_ms_estimated"], "ms, estimated", None),
        ("peak RAM", summary["ram"]["peak_bytes"], "bytes", None),
        ("flash", summary["flash_bytes"], "bytes", None),
    )
    return [
        {
            "name": f"{network.name} {name} ({summary['toolchain']})",
            "value": value,
            "unit": unit,
            "goal": goal,
            "better": "lower",
        }
        for name, value, unit, goal in figures
    ]


def _scaled(millions: float | None) -> float | None:
    return None if millions is None else millions * MILLION


def row(network: Network, summary: dict[str, Any]) -> str:
    """A line of the table, as the README shows it."""
    counts = [summary[name] for name in ("instructions", "cycles_0ws_estimated", "cycles_estimated")]
    goal, aim = (" / ".join(f"{x:g}" for x in figures if x is not None) for figures in (network.goal, network.aim))
    reached = [
        all(count <= _scaled(x) for count, x in zip(counts, figures, strict=False) if x is not None)
        for figures in (network.goal, network.aim)
    ]
    verdict = "aim met" if reached[1] else "met" if reached[0] else "missed"
    cells = [
        network.name,
        *(f"{count / MILLION:.2f}" for count in counts),
        f"{summary['time_ms_estimated']:.0f} ms",
        f"{summary['ram']['peak_bytes']:,}",
        f"{summary['flash_bytes']:,}",
        f"{goal} ({aim}): {verdict}",
        network.peers,
    ]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ",".join(network.name for network in NETWORKS)
    parser.add_argument("--models", default=names, help=f"some of {names} (default: all)")
    parser.add_argument("--toolchain", default="zig", choices=["zig", "gcc", "auto"])
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of random models (default: {CACHE})")
    parser.add_argument("--write", action="store_true", help="keep the instructions in the repository")
    parser.add_argument("--json", action="store_true", help="print a list of {name, value, unit, goal, better}")
    options = parser.parse_args()
    unknown = set(options.models.split(",")) - set(names.split(","))
    if unknown:
        parser.error(f"unknown model {min(unknown)!r}; choose some of {names}")
    entries: list[dict[str, Any]] = []
    kept = read_counts("models", options.toolchain)
    if not options.json:
        print(f"{compiler_version(options.toolchain)}\n\n{HEADER}")
    for network in (n for n in NETWORKS if n.name in options.models.split(",")):
        with Console(stderr=True).status(f"building and running {network.name}"):
            summary = measure(network, options.toolchain, options.cache)
        entries += items(network, summary)
        kept[network.name] = summary["instructions"]
        if not options.json:
            print(row(network, summary), flush=True)
    if options.write:
        write_counts("models", options.toolchain, kept)
    if options.json:
        print(json.dumps(entries, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
