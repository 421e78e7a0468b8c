"""Joins space, photos, planner, emulated board and training to a search. Imports torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.cli.candidates import MemoryLimit, measure_if_fitting
from mcu_vision.cli.search_examples import open_examples
from mcu_vision.cli.train_classifier import train_wake_word
from mcu_vision.cli.train_detector import train_face_detector
from mcu_vision.cli.workers import fan_out
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.models.network_config import NetworkConfig, parse_network
from mcu_vision.plan import PlanOptions
from mcu_vision.report import draw_search_pareto, draw_trajectory, to_png
from mcu_vision.search.cost_model import CostModel
from mcu_vision.search.finalists import Finalist, choose_finalists
from mcu_vision.search.loop import ARMS, WARM_UP, Costs, Record, Search, SearchOptions
from mcu_vision.search.space import Space
from mcu_vision.training.detection_dataset import FrameOptions
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.wake_word_dataset import WakeWordOptions

SETTINGS = "settings.json"
QUALITY = {"vww": "accuracy", "faces": "average precision"}


class SearchRun:
    """One search in the folder `out`."""

    def __init__(
        self,
        space: str,
        task: str,
        size: tuple[int, int, int] | None,
        board: str,
        planning: PlanOptions,
        costs: CostModel,
        out: Path,
    ) -> None:
        self.space = Space(space, task, size)
        self.board, self.planning, self.costs, self.out = board, planning, costs, out

    def check_folder(self, resume: bool, settings: dict[str, Any]) -> None:
        """Raise UserError if the folder holds an earlier run that is not to go on, or one of other settings."""
        whole = {"space": self.space.space, "task": self.space.task, "input": list(self.space.size)} | settings
        self._settings = json.dumps(whole, indent=1) + "\n"
        path = self.out / SETTINGS
        if path.is_file() and not resume:
            raise UserError(f"{self.out} holds an earlier search; add --resume, or choose another --out")
        if path.is_file() and path.read_text("utf-8") != self._settings:
            raise UserError(f"{self.out} holds a search of other settings; give the same, or choose another --out")

    def search(
        self, data: Path, chosen: SearchOptions, batch: int, cache: Path | None, finalists: int
    ) -> dict[str, Any]:
        """Warm-up and both arms, after `check_folder`; the best networks of each."""
        examples = open_examples(self.space.task, self.space.size, data, batch, chosen.seed, cache)
        atomic_write(self.out / SETTINGS, self._settings)
        limits = Costs(self.costs.estimate, MemoryLimit(load_board(self.board), self.planning))
        search = Search(self.space, examples, limits, chosen, self.out)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        found: list[Finalist] = []
        history: dict[str, list[Record]] = {}
        with Progress(*columns, console=options.progress_console()) as progress:
            for stage in (WARM_UP, *ARMS):
                total = chosen.warm_up if stage == WARM_UP else chosen.steps
                bar = progress.add_task(stage, total=total)
                records = search.run(stage, _teller(progress, bar, stage))
                progress.update(bar, completed=total)
                if stage != WARM_UP:
                    history[stage] = list(records)
                    found += choose_finalists(search, stage, records, finalists)
        self._keep_pictures(history, found, chosen.target_cycles)
        if not found:
            raise UserError("no network keeps to both --ram and --latency; raise one of them, or shrink --input")
        return {"found": found, "target_cycles": chosen.target_cycles, "history": history}

    def _keep_pictures(self, history: dict[str, list[Record]], found: list[Finalist], target: float) -> None:
        lines = [json.dumps({"arm": arm} | record) for arm, records in history.items() for record in records]
        atomic_write(self.out / "trajectory.jsonl", "\n".join(lines) + "\n")
        rewards = {arm: [_number(r["reward"]) for r in records] for arm, records in history.items()}
        seen = {arm: [(_number(r["cycles"]), _number(r["quality"])) for r in rs] for arm, rs in history.items()}
        best = {arm: [(f.cycles, f.quality) for f in found if f.arm == arm] for arm in history}
        name = f"{self.space.space} for {self.space.task}"
        trajectory = draw_trajectory(f"{name}: reward of controller and random search", rewards)
        title = f"{name}: {QUALITY[self.space.task]} with shared weights against cycles"
        pareto = draw_search_pareto(title, QUALITY[self.space.task], seen, best, target)
        atomic_write(self.out / "trajectory.png", to_png(trajectory))
        atomic_write(self.out / "pareto.png", to_png(pareto))

    def finish(
        self,
        outcome: dict[str, Any],
        data: Path,
        recipe: TrainOptions,
        cache: Path | None,
        toolchain: str,
        workers: int,
        ray: str | None,
    ) -> dict[str, Any]:
        """Measure the finalists, train those that keep to the limits, write winner.toml and search.json.

        recipe: of the finalists' training; without epochs none is trained.
        """
        found: list[Finalist] = outcome["found"]
        rows: list[dict[str, Any]] = [_row(item) for item in found]
        jobs = [(item.network, self.board, self.planning, toolchain) for item in found]
        console = options.progress_console()
        with console.status("measuring the finalists on the emulated board"):
            for index, measured in fan_out(measure_if_fitting, jobs, workers, ray):
                rows[index]["measured"] = measured and {
                    "cycles": measured.cycles,
                    "instructions": measured.instructions,
                    "arena_bytes": measured.arena_bytes,
                }
        target = outcome["target_cycles"]
        fitting = [i for i, row in enumerate(rows) if row["measured"] and row["measured"]["cycles"] <= target]
        if not fitting:
            raise UserError("no finalist keeps to --ram and --latency when measured; raise one of them, or --finalists")
        if recipe.epochs:
            training = [(found[i].network.to_toml(), data, self.out / "finalists", recipe, cache) for i in fitting]
            with console.status(f"training {len(fitting)} finalists"):
                for index, score in fan_out(train_candidate, training, workers, ray):
                    rows[fitting[index]]["score"] = score
        best = max(fitting, key=lambda i: (rows[i]["score"] or 0.0, rows[i]["quality"]))
        winner = replace(found[best].network, name=f"{self.space.space}-{self.space.task}")
        path = self.out / "winner.toml"
        atomic_write(path, winner.to_toml(_remarks(rows[best], self.board, self.planning)))
        result = {
            "winner": str(path),
            "winner_name": rows[best]["name"],
            "target_cycles": round(target),
            "ram_bytes": self.planning.ram_bytes,
            "finalists": rows,
        }
        atomic_write(self.out / "search.json", json.dumps(result, indent=1) + "\n")
        return result


def train_candidate(text: str, data: Path, out: Path, recipe: TrainOptions, cache: Path | None) -> float:
    """Train a network (a description's text) from fresh weights; its best score on the validation photos."""
    torch.set_num_threads(1)
    network: NetworkConfig = parse_network(text, "a finalist")
    path = out / f"{network.name}.toml"
    atomic_write(path, text)
    folder = out / network.name
    resume = (folder / "checkpoint.pt").is_file()
    if network.task == "faces":
        result = train_face_detector(str(path), data, folder, recipe, FrameOptions(), cache, None, resume)
    else:
        result = train_wake_word(str(path), data, folder, recipe, WakeWordOptions(), None, cache, None, resume)
    return float(result["best_score"])


def _row(item: Finalist) -> dict[str, Any]:
    names = {"name": item.network.name, "arm": item.arm, "quality": item.quality}
    return names | {"cycles_estimated": round(item.cycles), "measured": None, "score": None}


def _remarks(row: dict[str, Any], board: str, planning: PlanOptions) -> str:
    measured = row["measured"]
    return (
        f"Found by mcu-vision search as {row['name']}.\n"
        f"On {board}: {measured['cycles']:,} cycles (estimated), {measured['instructions']:,} instructions (exact), "
        f"an arena of {measured['arena_bytes']:,} bytes."
    )


def _number(value: Any) -> float:
    return float(value)


def _teller(progress: Progress, bar: TaskID, stage: str) -> Callable[[int, Record], None]:
    def tell(done: int, record: Record) -> None:
        text = f"{stage} loss {record['loss']:.3f}"
        if "reward" in record:
            text += f" reward {record['reward']:+.3f}"
        progress.update(bar, completed=done, description=text)

    return tell
