"""Every block and model of the lab as firmware: the emulated board gives the bytes of the integer reference."""

from pathlib import Path

import pytest
from light_networks import NETWORKS, make_network, quantized
from models import BuiltModel, noise_images

from mcu_vision.verify import verify_executions


def check(name: str, folder: Path) -> None:
    graph = quantized(make_network(name), "block")
    runs = BuiltModel.generate(graph, folder, "stream").executions(emulated=True)
    outcome = verify_executions(graph, runs, noise_images(graph, 1))
    assert outcome.equal, outcome.first_difference


@pytest.mark.parametrize("name", ["all blocks", "all necks and heads"])
def test_blocks(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)
