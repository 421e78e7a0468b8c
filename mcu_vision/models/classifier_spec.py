"""What the other stages need to know of a classifier. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassifierSpec:
    """Input size, and the names of the classes in order of the outputs.

    softmax: the deployed network ends in one, so that its outputs are probabilities; the module gives logits.
    """

    width: int
    height: int
    channels: int
    labels: tuple[str, ...]
    softmax: bool = False
