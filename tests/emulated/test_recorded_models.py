"""Networks take no more instructions than are kept in benchmarks/results."""

import shutil
from pathlib import Path

import pytest
from network_benchmark import NETWORKS, Network, measure
from records import MOST_RISE, compiler_version, read_counts


def check(network: Network, toolchain: str, cache: Path) -> None:
    if toolchain == "gcc" and not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs arm-none-eabi-gcc on the PATH")
    kept = read_counts("models", toolchain).get(network.name)
    if kept is None:
        pytest.skip(f"no count is kept for {compiler_version(toolchain)}: benchmarks/models.py --write")
    instructions = measure(network, toolchain, cache)["instructions"]
    assert instructions <= MOST_RISE * kept, f"{network.name} takes {instructions:,} instructions, and took {kept:,}"


@pytest.mark.parametrize("name", ["face-m4", "person_detect"])
def test_trained_networks(name: str, tmp_path: Path) -> None:
    check(next(network for network in NETWORKS if network.name == name), "zig", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_all_networks(network: Network, toolchain: str, tmp_path: Path) -> None:
    check(network, toolchain, tmp_path)
