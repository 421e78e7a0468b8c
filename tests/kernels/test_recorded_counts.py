"""Layers take no more instructions than are kept in benchmarks/results."""

import shutil

import pytest
from kernel_graphs import LAYERS, Layer
from kernels import measure_layer
from records import MOST_RISE, compiler_version, read_counts

FAST = ("pointwise 64->64", "depthwise 3x3, ", "conv 3x3 16->16", "add")


def check(layer: Layer, toolchain: str) -> None:
    if toolchain == "gcc" and not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs arm-none-eabi-gcc on the PATH")
    kept = read_counts("kernels", toolchain).get(layer.name)
    if kept is None:
        pytest.skip(f"no count is kept for {compiler_version(toolchain)}: benchmarks/kernels.py --write")
    instructions = measure_layer(layer, toolchain).instructions
    assert instructions <= MOST_RISE * kept, f"{layer.name} takes {instructions:,} instructions, and took {kept:,}"


@pytest.mark.parametrize("layer", [x for x in LAYERS if x.name.startswith(FAST)], ids=lambda layer: layer.name)
def test_some_layers(layer: Layer) -> None:
    check(layer, "zig")


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_all_layers(layer: Layer, toolchain: str) -> None:
    check(layer, toolchain)
