"""Spaces and networks that the tests of the search share."""

from collections.abc import Iterator

import pytest
import torch

from mcu_vision.search.space import SPACES, Space

SIZES = {"vww": (48, 48, 3), "faces": (96, 64, 1)}


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[(space, task) for space in SPACES for task in SIZES], ids="-".join)
def space(request: pytest.FixtureRequest) -> Space:
    name, task = request.param
    return Space(name, task, SIZES[task])
