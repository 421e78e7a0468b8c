"""Imported operators give the bytes of TensorFlow Lite's reference kernels."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_case import Case
from tflite_cases import CASES
from tflite_models import assert_equal_to_reference, import_bytes, random_images


def check_operator(kind: str, folder: Path, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def check(data: st.DataObject, seed: int) -> None:
        case = Case(data.draw)
        CASES[kind](case)
        file = case.file()
        graph = import_bytes(file, folder)
        assert_equal_to_reference(file, graph, random_images(graph, seed))

    check()


@pytest.mark.parametrize("kind", CASES)
def test_operator_equals_the_reference_kernel(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_operator_equals_the_reference_kernel_in_many_cases(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 200)
