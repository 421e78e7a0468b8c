"""What the other stages need to know of a classifier. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassifierSpec:
    """Input size, and the names of the classes in order of the outputs."""

    width: int
    height: int
    channels: int
    labels: tuple[str, ...]
