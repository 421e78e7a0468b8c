"""Import of a torch module through torch.export, as a float graph in NHWC layout."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from operator import getitem
from typing import Any

import torch
from torch import fx
from torch.export import ExportedProgram

from mcu_vision.errors import UserError
from mcu_vision.frontends.torch_convolutions import CONVOLUTIONS
from mcu_vision.frontends.torch_elementwise import ELEMENTWISE
from mcu_vision.frontends.torch_functions import FUNCTIONS
from mcu_vision.frontends.torch_layers import LAYERS
from mcu_vision.frontends.torch_movement import MOVEMENT
from mcu_vision.frontends.torch_padding import PADDING
from mcu_vision.frontends.torch_source import error_line, module_path, operator_name, source_line
from mcu_vision.frontends.torch_values import Activation, GraphBuilder, Unsupported
from mcu_vision.ir import Graph

IMPORTERS = CONVOLUTIONS | LAYERS | ELEMENTWISE | FUNCTIONS | MOVEMENT | PADDING


def export_graph(module: torch.nn.Module, example: torch.Tensor, name: str) -> Graph:
    """The float graph of `module` in evaluation mode.

    example: an image float32 (1, C, H, W), whose values do not matter. Tensors are named after the modules
    that make them; weights become (O, kh, kw, I), depthwise (1, kh, kw, C), linear (O, I) in NHWC order.
    Raises UserError if the module cannot be traced or uses an operator that is not supported; the message
    names the operator, its place in the source and its module.
    """
    if example.dim() != 4 or example.shape[0] != 1:
        raise UserError(f"{name}: the example must be one image (1, C, H, W), not {list(example.shape)}")
    program = _trace(module, example, name)
    builder = GraphBuilder(name)
    values: dict[fx.Node, Any] = {}
    constants = _constants(program)
    for node in program.graph.nodes:
        if node.op == "placeholder":
            constant = constants.get(node.name)
            is_input = constant is None and isinstance(node.meta.get("val"), torch.Tensor)
            values[node] = builder.add_input(node.name, tuple(example.shape)) if is_input else constant
        elif node.op == "call_function":
            values[node] = _import_node(builder, node, values)
        elif node.op == "output":
            _set_outputs(builder, node, values)
    builder.graph.verify()
    return builder.graph


def _trace(module: torch.nn.Module, example: torch.Tensor, name: str) -> ExportedProgram:
    with _evaluation_mode(module), torch.no_grad(), _quiet_torch():
        try:
            module(example)  # a fault of the module itself is told better without the tracer around it
        except Exception as error:
            size = list(example.shape)
            raise UserError(f"{name} fails for an image {size}: {error_line(error)}") from error
        try:
            # The empty table decomposes nothing but turns in-place operators into functional ones.
            program: ExportedProgram = torch.export.export(module, (example,), strict=False).run_decompositions({})
            return program
        except Exception as error:
            raise UserError(f"torch.export cannot trace {name}: {error_line(error)}") from error


@contextmanager
def _quiet_torch() -> Iterator[None]:
    """Without torch's warnings about itself, and without the programs that it prints beside an error."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.filterwarnings("ignore", r".*treespec", FutureWarning)
            yield
    finally:
        logging.disable(level)


@contextmanager
def _evaluation_mode(module: torch.nn.Module) -> Iterator[None]:
    before = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


def _constants(program: ExportedProgram) -> dict[str, torch.Tensor]:
    """Parameters, buffers and lifted constants by the name of their placeholder."""
    stored = {**program.state_dict, **program.constants}
    specs = program.graph_signature.input_specs
    return {s.arg.name: stored[s.target] for s in specs if s.target is not None and s.target in stored}


def _import_node(builder: GraphBuilder, node: fx.Node, values: dict[fx.Node, Any]) -> Any:
    arguments: Any = fx.map_arg(node.args, values.__getitem__)
    options: Any = fx.map_arg(node.kwargs, values.__getitem__)
    if all(isinstance(values[n], torch.Tensor) for n in node.all_input_nodes):
        return node.target(*arguments, **options)  # type: ignore[operator]  # of constants alone
    if node.target is getitem:
        return arguments[0][arguments[1]]
    builder.operator_name, builder.source = operator_name(node), source_line(node)
    builder.users_of_input = len(node.all_input_nodes[0].users)
    target = str(node.target)
    try:
        if target not in IMPORTERS:
            raise Unsupported("")
        return IMPORTERS[target](builder, _by_name(node, arguments, options), _result_shape(node))
    except Unsupported as problem:
        raise UserError(_message(target, str(problem), node)) from problem
    except UserError as error:
        raise UserError(f"{error}{_place(node)}") from error


def _by_name(node: fx.Node, arguments: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names of the operator's schema, defaults filled in."""
    schema = node.target._schema.arguments  # type: ignore[union-attr]
    named = {a.name: a.default_value for a in schema if a.has_default_value()}
    return named | dict(zip((a.name for a in schema), arguments, strict=False)) | options


def _result_shape(node: fx.Node) -> tuple[int, ...]:
    value = node.meta["val"]
    first = value[0] if isinstance(value, (tuple, list)) else value
    return tuple(int(n) for n in first.shape)


def _place(node: fx.Node) -> str:
    source, path = source_line(node), module_path(node)
    return (f" at {source}" if source else "") + (f" in module {path}" if path else "")


def _message(target: str, problem: str, node: fx.Node) -> str:
    supported = sorted({name.rsplit(".", 1)[0] for name in IMPORTERS})
    what = f"{target} {problem}".strip()
    return f"{what} is not supported{_place(node)}; supported are {', '.join(supported)}"


def _set_outputs(builder: GraphBuilder, node: fx.Node, values: dict[fx.Node, Any]) -> None:
    results: Any = fx.map_arg(node.args[0], values.__getitem__)
    builder.operator_name = "output"
    try:
        outputs = [builder.plain(v).name for v in results]
    except Unsupported as problem:
        raise UserError(f"an output {problem} is not supported; return images or vectors") from problem
    if any(not isinstance(v, Activation) for v in results) or len(set(outputs)) != len(outputs):
        raise UserError(f"{builder.graph.name}: each output must be a tensor of its own")
    builder.graph.outputs = tuple(outputs)
