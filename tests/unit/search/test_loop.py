"""The search on drawn squares: what it keeps to, and that it goes on where it stopped."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.search.finalists import choose_finalists
from mcu_vision.search.loop import ARMS, WARM_UP, Costs, Forward, Record, Search, SearchOptions
from mcu_vision.search.space import Space

SPACE = Space("rnnpool", "vww", (32, 32, 3))
OPTIONS = SearchOptions(target_cycles=40.0, steps=6, warm_up=3, save_every=2, rated=4)


class Squares:
    """Bright images are persons."""

    def loss(self, forward: Forward, number: int) -> Tensor:
        images, labels = self._batch(number)
        return torch.nn.functional.cross_entropy(forward(images), labels)

    def quality(self, forward: Forward, number: int) -> float:
        images, labels = self._batch(10_000 + number)
        return float((forward(images).argmax(1) == labels).float().mean())

    def _batch(self, number: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(number)
        labels = torch.randint(0, 2, (8,), generator=generator)
        images = 0.5 * torch.rand(8, 3, 32, 32, generator=generator) + 0.5 * labels.view(-1, 1, 1, 1)
        return images, labels


def cycles_of(network: NetworkConfig) -> float:
    return float(sum(block.channels for block in network.blocks) / 10)


def start(folder: Path, options: SearchOptions = OPTIONS, fits: Any = lambda network: True) -> Search:
    return Search(SPACE, Squares(), Costs(cycles_of, fits), options, folder)


def run(search: Search) -> dict[str, list[Record]]:
    return {stage: list(search.run(stage)) for stage in (WARM_UP, *ARMS)}


def test_going_on_equals_never_having_stopped(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    expected = run(whole)
    for stage, stop in ((WARM_UP, 2), ("controller", 4), ("random", 2)):
        interrupted = start(tmp_path / "parts")

        def tell(done: int, record: Record, stop: int = stop) -> None:
            if done == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted.run(stage, tell)
        assert start(tmp_path / "parts").run(stage) == expected[stage]
    resumed = start(tmp_path / "parts")
    assert run(resumed) == expected
    for name, tensor in whole.shared.state_dict().items():
        assert torch.equal(tensor, resumed.shared.state_dict()[name]), name


def test_both_arms_start_from_the_warm_up_and_only_one_learns(tmp_path: Path) -> None:
    history = run(start(tmp_path))
    assert [len(history[stage]) for stage in (WARM_UP, *ARMS)] == [3, 6, 6]
    assert all(record["entropy"] == pytest.approx(1) for record in history["random"])
    assert history["controller"][-1]["entropy"] < 0.9999
    for record in history["controller"]:
        assert record["reward"] == pytest.approx(record["quality"] - abs(record["cycles"] / 40 - 1), abs=0.02)


def test_networks_over_the_memory_are_refused(tmp_path: Path) -> None:
    def fits(network: NetworkConfig) -> bool:
        return network.stem == 8

    search = start(tmp_path, replace(OPTIONS, steps=20, controller_lr=0.1), fits)
    search.run(WARM_UP)
    history = list(search.run("controller"))
    stems = [SPACE.network(tuple(record["choice"])).stem for record in history]  # type: ignore[arg-type]
    assert stems == [8] * 20
    assert search.controller.probabilities()[0][0] > 0.8, "the controller has learned what fits"
    assert all(item.network.stem == 8 for item in choose_finalists(search, "controller", history, 2))


def test_more_batches_judge_a_step_none_of_them_twice(tmp_path: Path) -> None:
    seen = []

    class Counted(Squares):
        def quality(self, forward: Forward, number: int) -> float:
            seen.append(number)
            return number / 100

    search = Search(
        SPACE, Counted(), Costs(cycles_of, lambda network: True), replace(OPTIONS, judged=3, steps=2), tmp_path
    )
    search.run(WARM_UP)
    assert [record["quality"] for record in search.run("controller")] == pytest.approx([0.01, 0.04])
    assert seen == [0, 1, 2, 3, 4, 5]


def test_finalists_keep_to_the_target_and_are_rated(tmp_path: Path) -> None:
    search = start(tmp_path)
    history = run(search)
    found = choose_finalists(search, "random", history["random"], 3)
    assert [item.network.name for item in found] == ["random-0", "random-1", "random-2"]
    assert all(item.cycles <= 1.02 * OPTIONS.target_cycles for item in found)
    assert [item.quality for item in found] == sorted((item.quality for item in found), reverse=True)
    assert len({item.choice for item in found}) == 3


def test_where_nothing_fits_nothing_is_found(tmp_path: Path) -> None:
    search = start(tmp_path, replace(OPTIONS, steps=1), lambda network: False)
    search.run(WARM_UP)
    (record,) = search.run("controller")
    assert (record["fits"], record["reward"]) == (0, -1.0)
    assert choose_finalists(search, "controller", [record], 2) == []
