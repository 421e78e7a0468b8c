"""Runs a one-operator graph step by step through its kernel, as generated code does."""

from typing import Any

import numpy as np
from machine import Array, Machine

from mcu_vision.ir import DTYPES, Graph, KernelCall, Op, Tensor


def run_operator(machine: Machine, graph: Graph, inputs: list[Array]) -> Array:
    """The output of the graph's one operator, computed by its kernel on `machine`."""
    op = graph.ops[0]
    call = op.kernel(graph)
    out = graph.tensors[op.outputs[0]]
    output = np.full((out.rows, out.row_elements), 99, out.dtype)
    scratch, state = (np.full(size // 4, -0x5A5A5A5A, np.int32) for size in memory_words(call))
    for step in range(op.steps(graph)):
        first, last = op.rows_written(graph, step)
        copied = op.row_copied(graph, step)
        if copied is not None:
            output[first] = output[copied]
            continue
        target = output if op.accumulates else output[first:last]
        copy = target.copy()
        given: Any = copy
        if call.output_rows > 1:
            given = [*copy, *[None] * (call.output_rows - len(copy))]
        arguments: list[Any] = [*input_arguments(graph, op, call, inputs, step), given]
        arguments += [scratch] if call.scratch_bytes else []
        arguments += [state] if call.state_bytes else [0] if call.passes_state else []
        arguments += [step] if call.passes_step else []
        machine.call(call.function, call.struct, call.params, *arguments)
        target[...] = copy
    return output.reshape(out.shape)


def run_in_place(machine: Machine, graph: Graph, x: Array) -> Array:
    """The same for an operator of one input whose output rows take the places of the input rows."""
    op = graph.ops[0]
    call = op.kernel(graph)
    rows = [constant(row) for row in x.reshape(x.shape[1], -1)]
    scratch, state = (np.full(size // 4, -0x5A5A5A5A, np.int32) for size in memory_words(call))
    (window,) = op.windows(graph)
    assert window is not None
    for step, out in enumerate(rows):
        first = step * window.stride + window.offset
        places = range(first - window.lead, first + window.size)
        out.flags.writeable = True
        given = [rows[y] if 0 <= y < len(rows) else None for y in places]
        machine.call(call.function, call.struct, call.params, given, out, scratch, state, step)
        out.flags.writeable = False
    return np.stack(rows).reshape(x.shape)


def memory_words(call: KernelCall) -> tuple[int, int]:
    """Bytes of scratch and state in whole words, at most three bytes more than the operator asks for."""
    return -(-call.scratch_bytes // 4) * 4, -(-call.state_bytes // 4) * 4


def input_arguments(graph: Graph, op: Op, call: KernelCall, inputs: list[Array], step: int) -> list[Any]:
    """What a step is given of the operator's inputs."""
    tensors = op.activations(graph)
    rows = [constant(a).reshape(t.rows, -1) for a, t in zip(inputs, tensors, strict=True)]
    if call.arguments == ("whole_list",):
        return [[r.reshape(-1) for r in rows]]
    if call.arguments == ("row_list",):
        return [[r[step] for r in rows]]
    windows = zip(call.arguments, rows, op.windows(graph), strict=True)
    arguments: list[Any] = []
    for kind, tensor_rows, window in windows:
        if kind == "rows":
            assert window is not None
            first = step * window.stride + window.offset
            places = range(first - window.lead, first + window.size, window.dilation)
            there = window.rows(step, len(tensor_rows))
            gone = constant(np.full_like(tensor_rows[0], 0x55))
            given = [tensor_rows[y] if y in there else gone for y in places]
            arguments.append([row if 0 <= y < len(tensor_rows) else None for y, row in zip(places, given, strict=True)])
        else:
            arguments.append(tensor_rows.reshape(-1) if kind == "whole" else tensor_rows[step])
    return arguments


def constant(array: Array) -> Array:
    """A copy that kernels may not change."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def random_input(tensor: Tensor, random: np.random.Generator, extreme: bool = False) -> Array:
    """Values over the whole range of the type, or only its ends."""
    limits = np.iinfo(tensor.dtype)
    assert tensor.dtype in DTYPES
    if extreme:
        return random.choice([limits.min, limits.max], tensor.shape).astype(tensor.dtype)
    return random.integers(limits.min, limits.max, tensor.shape, dtype=tensor.dtype, endpoint=True)


def assert_equal_to_reference(machine: Machine, graph: Graph, inputs: list[Array]) -> None:
    """The kernel's bytes are those of the operator's integer reference."""
    op = graph.ops[0]
    constants = [t.data for t in (graph.tensors[n] for n in op.inputs) if t.data is not None]
    expected = op.reference_int8(graph, *inputs, *constants)
    np.testing.assert_array_equal(run_operator(machine, graph, inputs), expected)
