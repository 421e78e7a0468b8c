"""Kernels keep to a number of instructions: exact counts, so a loop that a compiler spoils is seen."""

import pytest
from cortex_m4 import CortexM4
from layers import LAYERS, count_row

# Instructions a multiply-accumulate (an output, for add); about 5 % over what both compilers need.
LIMITS = {
    "pointwise 64->128, 40": 0.83,
    "pointwise 64->64, 25": 0.91,
    "pointwise 16->96, 40": 1.2,
    "depthwise 128, 40": 2.1,
    "depthwise 128 s2, 40": 2.83,
    "bottleneck 32->64, 40, tile 24": 1.43,
    "bottleneck 32->64, 40, tile 8": 1.62,
    "bottleneck 32->64, 40, tile 8, again": 1.48,
    "expand 32->64, depthwise, 40": 0.89,
    "expand 32->64, depthwise s2, 40": 0.88,
    "conv 1->4 s2, 320": 3.2,
    "conv 3->4 s2, 640": 1.9,
    "conv 32->8, 40": 0.89,
    "conv 16->32 s2, 32": 0.9,
    "conv 32->8, 40, carry, tile 8": 1.27,
    "conv 64->6, 20, carry": 0.99,
    "winograd 16->16, 32": 0.43,
    "winograd 32->32, 16": 0.3,
    "winograd 64->64, 8": 0.23,
    "winograd 64->6, 20": 0.54,
    "dense 640->128": 1.7,
    "l2 32, 40": 15.5,
    "rnn_pool 4->16->16, 160": 1.25,
    "rnn_pool 4->8->8, 320": 2.04,
    "rnn_pool 3->6->6, 320": 3.64,
    "rnn_pool 3->16->16, 160": 1.27,
    "rnn_pool 8->8->8, 112": 2.48,
    "rnn_pool 32->16->16, 40": 1.55,
    "add 32, 40": 7.2,
}


@pytest.mark.parametrize("layer", LIMITS)
def test_instructions_of_a_row(layer: str, target: CortexM4) -> None:
    instructions, macs = count_row(target, LAYERS[layer]())
    assert instructions / macs < LIMITS[layer], f"{instructions} instructions for {macs}"
