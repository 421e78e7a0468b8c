"""Makes start weights for a network with narrower inverted bottlenecks out of the weights of a wider one.

    python benchmarks/narrow_expansions.py vww-rnnpool wider.safetensors start.safetensors
    mcu-vision train vww-rnnpool --data vww/ --start start.safetensors

Keeps the hidden channels that weigh most in their block's result: the size of the depthwise scale times the norm of
the weights that read the channel. The rest has to be the same in both networks.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mcu_vision.models.blocks import MBConv
from mcu_vision.models.registry import build_model
from mcu_vision.models.weights_file import save_weights


def narrowed_state(state: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Of `state`, what `model` has room for."""
    result = dict(state)
    for name, block in model.named_modules():
        if isinstance(block, MBConv) and len(block.layers) == 3:
            hidden = block.layers[0][0].out_channels  # type: ignore[index,union-attr]
            result.update(_narrowed_block(state, f"{name}.layers", int(hidden)))
    return result


def _narrowed_block(state: dict[str, Tensor], name: str, hidden: int) -> dict[str, Tensor]:
    reading = state[f"{name}.2.0.weight"]
    weight = state[f"{name}.1.1.weight"].abs() * reading.flatten(2).norm(dim=(0, 2))
    kept = weight.topk(hidden).indices.sort().values
    inner = {
        key: value[kept] for key, value in state.items() if key.startswith((f"{name}.0.", f"{name}.1.")) and value.dim()
    }
    return inner | {f"{name}.2.0.weight": reading[:, kept]}


def main() -> None:
    """Read, narrow, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="name of the narrower network")
    parser.add_argument("wider", type=Path, help="weights of the wider one")
    parser.add_argument("out", type=Path, help="where to write")
    options = parser.parse_args()
    model = build_model(options.model)
    with torch.no_grad():
        model.load_state_dict(narrowed_state(load_file(options.wider), model))
    save_weights(options.out, model, {"narrowed from": options.wider.name})


if __name__ == "__main__":
    main()
