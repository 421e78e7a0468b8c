"""The searched network beside random search's best and a hand-made one, each trained alike with several seeds.

    python benchmarks/searched_network.py                                         # the table, of the kept figures
    python benchmarks/searched_network.py --train --data vww/ --cache photos/ --write
    python benchmarks/searched_network.py --measure --networks controller,random --ram-bytes 27596 --write
    python benchmarks/searched_network.py --measure --networks hand-made --write

The hand-made network is vww-rnnpool for the search's 64x64 pixels (benchmarks/search/hand-made.toml), whose cycles and
RAM, planned for time, were the search's limits. --train gives each network and seed the same photos in the same order;
figures are of the averaged weights after the last step, on the validation photos, in float. --measure builds each with
random weights for the STM32F439 and compares every tensor with the integer reference: RAM and instructions are
measured, cycles estimates. Kept in benchmarks/results/searched_network.json.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from ram import check_bytes

from mcu_vision.cli.pipeline import build_model
from mcu_vision.cli.train_classifier import train_wake_word
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.models.network_config import read_network
from mcu_vision.models.registry import NETWORKS as FOUND
from mcu_vision.models.searched import build_network
from mcu_vision.plan import PlanOptions
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.wake_word_dataset import WakeWordOptions

FOLDER = Path(__file__).resolve().parent
KEPT = FOLDER / "results" / "searched_network.json"
CACHE = Path("~/.cache/mcu-vision/searched-network")
NETWORKS = {
    "controller": FOLDER / "search" / "controller.toml",
    "random": FOUND / "mobiledet-mcu.toml",
    "hand-made": FOLDER / "search" / "hand-made.toml",
}
"""The best network of each arm of the search, and what they are measured against."""
SEEDS = (0, 1, 2)
EPOCHS, BATCH = 4, 64
FIGURES = ("accuracy", "auc", "annotated_accuracy", "annotated_auc")
"""On all validation photos, and on those that people annotated."""


def recipe(seed: int) -> TrainOptions:
    """Of each training: passes of 12,800 photos."""
    return TrainOptions(epochs=EPOCHS, batch=BATCH, lr=2e-3, warmup_epochs=0.1 * EPOCHS, seed=seed, workers=0)


def train(path: Path, seed: int, data: Path, cache: Path | None, out: Path) -> dict[str, float]:
    """Figures after the last step. A run that `out` holds goes on where it was stopped."""
    torch.set_num_threads(1)
    resume = (out / "checkpoint.pt").is_file()
    if not resume:
        (out / "metrics.jsonl").unlink(missing_ok=True)
    train_wake_word(str(path), data, out, recipe(seed), WakeWordOptions(), None, cache, None, resume)
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    return {name: round(last[name], 4) for name in FIGURES}


def measure(path: Path, ram_bytes: int | None, cache: Path) -> dict[str, Any]:
    """Build with random weights, run and compare. Raises UserError if it does not fit or a byte differs."""
    build = build_model(str(path), "stm32f439", "zig", cache, PlanOptions(optimize="time", ram_bytes=ram_bytes))
    check_bytes(build, build.program)
    summary = build.summary
    network = build_network(read_network(path))
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs": summary["macs"],
        "ram_bytes": summary["ram"]["peak_bytes"],
        "flash_bytes": summary["flash_bytes"],
        "instructions": summary["instructions"],
        "cycles_estimated": summary["cycles_estimated"],
        "time_ms_estimated": summary["time_ms_estimated"],
    }


def describe(seeds: Mapping[str, Mapping[str, float]], figure: str) -> str:
    """Mean and standard deviation over the seeds."""
    values = [run[figure] for run in seeds.values()]
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    return f"{mean(values):.3f}{spread}"


def print_table(kept: Mapping[str, Any]) -> None:
    """Of what is kept."""
    print("| network | parameters | MACs | RAM, B | M cycles, est. | accuracy | AUC | accuracy, annotated | AUC |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in NETWORKS:
        board, seeds = kept.get("board", {}).get(name), kept.get("training", {}).get(name)
        cells = [name]
        cells += [f"{board[k]:,}" for k in ("parameters", "macs", "ram_bytes")] if board else [""] * 3
        cells += [f"{board['cycles_estimated'] / 1e6:.2f}" if board else ""]
        cells += [describe(seeds, figure) if seeds else "" for figure in FIGURES]
        print(f"| {' | '.join(cells)} |")


def main() -> int:
    """Measure what is asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="build and run all networks")
    parser.add_argument("--train", action="store_true", help="train all networks with all seeds; needs --data")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="some of them")
    parser.add_argument("--ram-bytes", type=int, help="the most RAM of the plans (default: the board's)")
    parser.add_argument("--data", type=Path, help="folder of wake-word data, as `mcu-vision train` reads it")
    parser.add_argument("--cache", type=Path, help="folder of decoded photos")
    parser.add_argument("--out", type=Path, default=CACHE, help=f"folder of the runs (default: {CACHE})")
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    parser.add_argument("--json", action="store_true", help="print the kept and measured figures")
    options = parser.parse_args()
    names = options.networks.split(",")
    if set(names) - set(NETWORKS):
        parser.error(f"unknown network {min(set(names) - set(NETWORKS))!r}; choose some of {','.join(NETWORKS)}")
    if options.train and options.data is None:
        parser.error("--train needs --data")
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    out = options.out.expanduser()
    try:
        for name in names if options.measure else ():
            board = kept.setdefault("board", {})
            board[name] = measure(NETWORKS[name], options.ram_bytes, out / "builds")
        for seed in SEEDS if options.train else ():
            for name in names:
                run = train(NETWORKS[name], seed, options.data, options.cache, out / f"{name}-{seed}")
                kept.setdefault("training", {}).setdefault(name, {})[str(seed)] = run
                if options.write:
                    _write(kept)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if options.write:
        _write(kept)
    if options.json:
        print(json.dumps(kept, indent=1))
    else:
        print_table(kept)
    return 0


def _write(kept: dict[str, Any]) -> None:
    kept["recipe"] = asdict(recipe(0)) | {"photos": EPOCHS * 12_800}
    atomic_write(KEPT, json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
