"""Operators of .tflite files, as hypothesis chooses them: kernels give the bytes of the integer reference.

Which are those of TensorFlow Lite's reference kernels: tests/unit/frontends/test_tflite_operators.py, the same cases.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from build import build_host
from driver import run_operator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine import HostMachine, Machine
from tflite_case import Case
from tflite_cases import CASES
from tflite_models import import_bytes, random_images

from mcu_vision.ir import Array, Graph, Op
from mcu_vision.reference import run_graph


def check_operators(machine: Machine, kind: str, folder: Path, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def check(data: st.DataObject, seed: int) -> None:
        case = Case(data.draw)
        CASES[kind](case)
        graph = import_bytes(case.file(), folder)
        for image in random_images(graph, seed, 1):
            values = run_graph(graph, image, keep_all=True)
            for op in graph.ops:
                check_operator(machine, graph, op, values)

    check()


def check_operator(machine: Machine, graph: Graph, op: Op, values: dict[str, Array]) -> None:
    """One operator of a graph, given what the reference gives it."""
    inputs = tuple(dict.fromkeys(t.name for t in op.activations(graph)))
    alone = Graph("alone", graph.tensors, [op], inputs, op.outputs)
    given_values = [values[t.name] for t in op.activations(graph)]
    np.testing.assert_array_equal(run_operator(machine, alone, given_values), values[op.outputs[0]], str(op))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostMachine:
    return HostMachine(str(build_host(tmp_path_factory.mktemp("host"))))


@pytest.mark.parametrize("kind", CASES)
def test_kernels_on_this_machine(kind: str, host: HostMachine, tmp_path: Path) -> None:
    check_operators(host, kind, tmp_path, 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_kernels_on_every_machine(kind: str, machine: Machine, tmp_path: Path) -> None:
    check_operators(machine, kind, tmp_path, 40)
