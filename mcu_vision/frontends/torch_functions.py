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
    """The exact form or the one with tanh."""
    function = "gelu" if a["approximate"] == "none" else "gelu_tanh"
    return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function=function)


def softplus(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """log(1 + exp(x)); torch's threshold changes less than float32 can tell."""
    check(a["beta"] == 1, f"with beta={a['beta']}")
    return builder.emit(Unary, [builder.plain(a["self"])], {}, shape, function="softplus")


FUNCTIONS: dict[str, Importer] = {
    "aten.abs.default": _unary("abs"),
    "aten.elu.default": elu,
    "aten.gelu.default": gelu,
    "aten.hardsigmoid.default": _unary("hard_sigmoid"),
    "aten.hardswish.default": _unary("hard_swish"),
    "aten.leaky_relu.default": leaky_relu,
    "aten.mish.default": _unary("mish"),
    "aten.sigmoid.default": _unary("sigmoid"),
    "aten.silu.default": _unary("silu"),
    "aten.softplus.default": softplus,
    "aten.tanh.default": _unary("tanh"),
}
