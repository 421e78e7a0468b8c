"""The best networks that an arm of the search has found, by the shared weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.search.loop import ARMS, Record, Search
from mcu_vision.search.space import Choice

RATING_BATCHES = 8
MOST_DRAWS = 2000
TARGET_TOLERANCE = 1.02
"""Estimates above the target by less may still be within it when measured."""


@dataclass(frozen=True)
class Finalist:
    """quality: with the shared weights. cycles: estimated."""

    arm: str
    choice: Choice
    network: NetworkConfig
    quality: float
    cycles: float


def choose_finalists(search: Search, arm: str, history: list[Record], count: int) -> list[Finalist]:
    """The `count` best of the arm's last networks and of new ones, of those that keep to RAM and target.

    The shared weights must be the arm's: those at the end of `search.run(arm)`.
    """
    rated = []
    seen = set[Choice]()
    for choice in _candidates(search, arm, history):
        choice = search.space.simplest(choice)
        network = search.space.network(choice)
        cycles = search.costs.cycles(network)
        if choice in seen or cycles > TARGET_TOLERANCE * search.options.target_cycles or not search.costs.fits(network):
            continue
        seen.add(choice)
        quality = search.quality(choice, range(10**6, 10**6 + RATING_BATCHES))
        rated.append((quality, choice, network, cycles))
        if len(rated) == search.options.rated:
            break
    rated.sort(key=lambda item: (-item[0], item[3]))
    return [
        Finalist(arm, choice, _named(network, arm, place), quality, cycles)
        for place, (quality, choice, network, cycles) in enumerate(rated[:count])
    ]


def _candidates(search: Search, arm: str, history: list[Record]) -> Iterator[Choice]:
    """The controller's favourite, half as many of its last networks as are rated, then new ones."""
    if arm == ARMS[0]:
        yield search.controller.best()
    for record in history[: -search.options.rated // 2 - 1 : -1]:
        yield tuple(cast(list[int], record["choice"]))
    random = np.random.default_rng((search.options.seed, ARMS.index(arm), 1))
    for _ in range(MOST_DRAWS):
        yield search.controller.propose(random)


def _named(network: NetworkConfig, arm: str, place: int) -> NetworkConfig:
    values = {name: getattr(network, name) for name in network.__dataclass_fields__}
    return NetworkConfig(**values | {"name": f"{arm}-{place}"})
