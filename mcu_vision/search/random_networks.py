"""Random networks of all spaces, tasks and input sizes, by which the cost model is fitted and held to account."""

import numpy as np

from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.search.space import SPACES, Space

INPUTS = {
    "vww": ((64, 64, 3), (80, 80, 3), (96, 96, 3), (96, 96, 3)),
    "faces": ((128, 96, 1), (160, 120, 1), (192, 144, 1)),
}
FACES_SHARE = 0.25


def draw_network(seed: int, index: int, attempt: int = 0) -> NetworkConfig:
    """Network `index` of the sequence that `seed` fixes; another `attempt` is another network."""
    random = np.random.default_rng((seed, index, attempt))
    task = "faces" if random.random() < FACES_SHARE else "vww"
    sizes = INPUTS[task]
    which = int(random.integers(len(sizes)))
    space = Space(SPACES[int(random.integers(len(SPACES)))], task, sizes[which])
    return space.network(space.draw(random), f"random-{index}")
