"""The end of a classifier, which is not part of the trained network."""

from __future__ import annotations

from copy import deepcopy

from mcu_vision.ir import Graph, Tensor
from mcu_vision.ops import Softmax


def attach_softmax(graph: Graph) -> Graph:
    """A copy of a float `graph` with one output of logits (1, classes), which gives probabilities instead."""
    result = deepcopy(graph)
    logits = result.tensors[result.outputs[0]]
    result.tensors["probabilities"] = Tensor("probabilities", logits.shape)
    result.ops.append(Softmax("softmax", (logits.name,), ("probabilities",)))
    result.outputs = ("probabilities",)
    result.verify()
    return result
