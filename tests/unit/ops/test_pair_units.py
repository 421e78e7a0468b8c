"""Orders of hidden units that suit sparse matrices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision.int8 import IntArray
from mcu_vision.ops.pair_units import pair_units


def whole_pairs(matrices: list[IntArray], order: IntArray) -> int:
    even = order.size // 2 * 2
    return sum(int((m[:, order[:even]].reshape(len(m), -1, 2) != 0).all(2).sum()) for m in matrices)


@given(st.integers(0, 2**32 - 1), st.integers(1, 16), st.floats(0, 1))
def test_an_order_with_no_fewer_pairs(seed: int, units: int, share: float) -> None:
    random = np.random.default_rng(seed)
    matrices = [random.integers(-9, 10, (rows, units)) * (random.random((rows, units)) < share) for rows in (units, 5)]
    order = pair_units(matrices)
    assert sorted(order.tolist()) == list(range(units))
    assert whole_pairs(matrices, order) >= whole_pairs(matrices, np.arange(units))


def test_units_that_go_together_become_neighbours() -> None:
    matrix = np.tile([[1, 0, 0, 1], [0, 1, 1, 0]], (3, 1))
    order = pair_units([matrix]).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset((0, 3)), frozenset((1, 2))}


def test_dense_matrices_stay() -> None:
    assert pair_units([np.ones((8, 8))]).tolist() == list(range(8))


def test_the_matrix_that_is_used_most_decides() -> None:
    often, rarely = np.array([[1, 1, 0, 0], [0, 0, 1, 1]]), np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 1, 0, 1]])
    assert {frozenset(p) for p in pair_units([often, rarely], [2, 1]).reshape(2, 2).tolist()} == {
        frozenset((0, 1)),
        frozenset((2, 3)),
    }
    assert {frozenset(p) for p in pair_units([often, rarely]).reshape(2, 2).tolist()} == {
        frozenset((0, 2)),
        frozenset((1, 3)),
    }
