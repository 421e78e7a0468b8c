"""Smooth activations: aten operators to tables."""

from __future__ import annotations

from mcu_vision.frontends.torch_values import Arguments, GraphBuilder, Importer, Value, check
from mcu_vision.ir import Shape
from mcu_vision.ops import Unary


def _unary(function: str) -> Importer:
    def emit(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
        return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function=function)

    return emit


def leaky_relu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """negative_slope times what is below zero."""
    alpha = float(a["negative_slope"])
    return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function="leaky_relu", alpha=alpha)


def elu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """alpha (exp(x) - 1) below zero."""
    check((a["scale"], a["input_scale"]) == (1, 1), "with a scale (SELU, CELU)")
    return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function="elu", alpha=float(a["alpha"]))


def gelu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The exact form."""
    check(a["approximate"] == "none", f"with approximate={a['approximate']}")
    return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function="gelu")


FUNCTIONS: dict[str, Importer] = {
    "aten.elu.default": elu,
    "aten.gelu.default": gelu,
    "aten.hardsigmoid.default": _unary("hard_sigmoid"),
    "aten.hardswish.default": _unary("hard_swish"),
    "aten.leaky_relu.default": leaky_relu,
    "aten.sigmoid.default": _unary("sigmoid"),
    "aten.silu.default": _unary("silu"),
    "aten.tanh.default": _unary("tanh"),
}
