"""A .tflite file of one operator whose every number hypothesis chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st
from tflite_models import TfliteModel

T = TypeVar("T")
Quant = tuple[float, int]
ZERO_POINTS = (-128, -127, -3, 0, 5, 127)
FUSED = (0, 1, 2, 3)


class Case(TfliteModel):
    """One operator under construction, and its input and outputs."""

    def __init__(self, draw: Any) -> None:
        super().__init__()
        self._draw = draw
        self._random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.x = -1
        self.outputs: list[int] = []

    def file(self) -> bytes:
        """The file's bytes."""
        return self.to_bytes([self.x], self.outputs)

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        value: int = self._draw(st.integers(low, high))
        return value

    def integers(self, count: int, low: int, high: int) -> list[int]:
        """Several of them."""
        return [self.integer(low, high) for _ in range(count)]

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        value: T = self._draw(st.sampled_from(options))
        return value

    def flag(self) -> bool:
        """Yes or no."""
        value: bool = self._draw(st.booleans())
        return value

    def real(self, low: float, high: float) -> float:
        """A real number that hypothesis does not choose."""
        return float(self._random.uniform(low, high))

    def scale(self) -> float:
        """A scale, often a power of two, with which ties are frequent."""
        if self.flag():
            return self.pick([2.0**i for i in range(-8, 1)])
        return float(np.float32(np.exp(self._random.uniform(-6, 0.4))))

    def quant(self) -> Quant:
        """Scale and zero point of an activation."""
        return self.scale(), self.pick(ZERO_POINTS)

    def values(self, shape: Sequence[int], low: int = -128, high: int = 127) -> np.ndarray:
        """Random values."""
        return self._random.integers(low, high + 1, shape)

    def source(self, shape: Sequence[int], quant: Quant | None = None) -> int:
        """The model's input."""
        self.x = self.tensor(shape, *(quant or self.quant()))
        return self.x

    def shape(self, rank: int, largest: int = 5) -> list[int]:
        """A shape, mostly with a batch of 1."""
        sizes = self.integers(rank, 1, largest)
        return sizes if self.pick([False, False, True]) else [1, *sizes[1:]]

    def result(self, shape: Sequence[int], quant: Quant | None = None, dtype: str = "int8") -> int:
        """One more output of the model."""
        scale, zero = quant or (None, 0)
        self.outputs.append(self.tensor(shape, scale, zero, dtype=dtype))
        return self.outputs[-1]

    def weights(self, shape: Sequence[int], axis: int, source_scale: float, optional: bool = True) -> list[int]:
        """Weights and a bias at the scale of the products, which may be left out if it is `optional`."""
        channels = shape[axis]
        scales = [self._weight_scale() for _ in range(channels)]
        scales = scales if self.flag() else scales[:1]
        kernel = self.tensor(shape, scales, 0, self.values(shape, -127), axis=axis)
        if optional and self.pick([False, False, True]):
            return [kernel]
        products = [s * source_scale for s in scales]
        return [kernel, self.tensor([channels], products, 0, self.values([channels], -900, 900), "int32")]

    def _weight_scale(self) -> float:
        return float(self.pick([2.0**-6, 2.0**-9])) if self.flag() else float(self._random.uniform(2e-4, 0.05))
