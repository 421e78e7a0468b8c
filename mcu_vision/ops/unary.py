"""A smooth function of each value. Exists in float graphs alone: quantisation makes it a table."""

from collections.abc import Callable
from dataclasses import dataclass
from math import erf

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, Quantization, Shape, Tensor, to_int
from mcu_vision.ops.common import ALL_VALUES

_erf = np.vectorize(erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x, 0.0))


FUNCTIONS: dict[str, Callable[[Array, float], Array]] = {
    "abs": lambda x, _: np.abs(x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x, _: 0.5 * x * (1 + _erf(x / 2**0.5)),
    "gelu_tanh": lambda x, _: 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
    "hard_sigmoid": lambda x, _: np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "mish": lambda x, _: x * np.tanh(_softplus(x)),
    "sigmoid": lambda x, _: _sigmoid(x),
    "silu": lambda x, _: x * _sigmoid(x),
    "softplus": lambda x, _: _softplus(x),
    "tanh": lambda x, _: np.tanh(x),
}
"""By name; the second argument is the operator's alpha."""


@dataclass
class Unary(Op):
    """inputs: x of any shape. alpha: the parameter of "elu" and "leaky_relu"."""

    kind = "unary"
    function: str = "sigmoid"
    alpha: float = 0.0

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if self.function not in FUNCTIONS:
            raise UserError(f"{self.name}: there is no function {self.function!r}; there are {', '.join(FUNCTIONS)}")
        return inputs[0].shape

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(FUNCTIONS[self.function](arrays[0], self.alpha), arrays[0].dtype)

    def table(self, x: Quantization, out: Quantization) -> Array:
        """The int8 results of all int8 values, in the order of a lookup's table; halves away from zero."""
        scaled = FUNCTIONS[self.function](x.scale * (to_int(ALL_VALUES) - x.zero_point), self.alpha) / out.scale
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)
        return np.asarray(np.clip(rounded + out.zero_point, -128, 127), np.int8)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        raise NotImplementedError("unary becomes a lookup when a graph is quantised")

    def kernel(self, graph: Graph) -> KernelCall:
        raise NotImplementedError("unary becomes a lookup when a graph is quantised")
