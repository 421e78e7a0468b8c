"""Random networks of all tasks and several input sizes, by which the cost model is fitted and held to account."""

import numpy as np

from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.search.space import Space

DRAWN_SPACES = ("mobiledet", "rnnpool")
"""The others are parts of these."""
INPUTS = {
    "vww": ((64, 64, 3), (80, 80, 3), (96, 96, 3), (96, 96, 3)),
    "faces": ((128, 96, 1), (160, 120, 1), (192, 144, 1)),
}
FACES_SHARE = 0.25


def draw_network(seed: int, index: int, attempt: int = 0, space: Space | None = None) -> NetworkConfig:
    """Network `index` of the sequence that `seed` fixes; another `attempt` is another network.

    space: the one to draw from, in place of all tasks and sizes.
    """
    random = np.random.default_rng((seed, index, attempt))
    if space is not None:
        return space.network(space.draw(random), f"random-{index}")
    task = "faces" if random.random() < FACES_SHARE else "vww"
    sizes = INPUTS[task]
    which = int(random.integers(len(sizes)))
    whole = Space(DRAWN_SPACES[int(random.integers(len(DRAWN_SPACES)))], task, sizes[which])
    return whole.network(whole.draw(random), f"random-{index}")
