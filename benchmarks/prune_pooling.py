"""Makes the pooling matrices of a saved quantised model sparse, to measure what zeros save.

    python benchmarks/prune_pooling.py face-m4 /tmp/sparse.int8.safetensors
    mcu-vision build --model /tmp/sparse.int8.safetensors --toolchain gcc

Keeps the weights of the largest magnitude: half of the first cell's W and 30 % of the other three matrices, as in
RNNPool-Face-M4 (paper, section 6.3). The model is not trained with these zeros, so its results mean nothing; its
time does.
"""

import argparse
from pathlib import Path

import numpy as np

from mcu_vision.cli.pipeline import find_model
from mcu_vision.ir import Array, Graph
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.saved_model import load_graph, save_graph

KEPT = {1: 0.5, 2: 0.3, 5: 0.3, 6: 0.3}
"""Share of weights that stay, by the number of the operator's input."""


def prune_pooling(graph: Graph) -> Graph:
    """Zero the smallest weights of each RNNPool of `graph`, in place; returns it."""
    for op in graph.ops:
        if isinstance(op, RnnPool):
            for index, share in KEPT.items():
                tensor = graph.tensors[op.inputs[index]]
                assert tensor.data is not None
                tensor.data = keep_largest(tensor.data, share)
    return graph


def keep_largest(weights: Array, share: float) -> Array:
    """`weights` with only this share of them not zero."""
    order = np.argsort(-np.abs(weights.astype(np.int64)), axis=None, kind="stable")
    pruned = weights.copy().reshape(-1)
    pruned[order[round(share * weights.size) :]] = 0
    return pruned.reshape(weights.shape)


def write_pruned(model: str, out: Path) -> Path:
    """Prune a shipped or saved model; returns `out`."""
    save_graph(prune_pooling(load_graph(find_model(model))), out)
    return out


def main() -> None:
    """Read, prune, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a shipped model's name, or a saved quantised model")
    parser.add_argument("out", type=Path, help="where to write")
    options = parser.parse_args()
    write_pruned(options.model, options.out)


if __name__ == "__main__":
    main()
