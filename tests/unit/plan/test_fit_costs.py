from collections import Counter

import fit_costs
import numpy as np
import pytest
from cost_graphs import cost_graph

from mcu_vision.plan.work import Work


def test_least_squares_finds_the_prices() -> None:
    random = np.random.default_rng(0)
    matrix = random.uniform(0, 1000, (60, 4)) * [1, 30, 1e-3, 1]
    prices = np.array([2.0, 0.5, 300.0, 0.0])
    assert fit_costs.nonnegative_least_squares(matrix, matrix @ prices) == pytest.approx(prices, abs=1e-6)


def test_no_price_is_negative() -> None:
    matrix = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    first, second = fit_costs.nonnegative_least_squares(matrix, np.array([3.0, 2.0, 1.0]))
    assert second == 0
    assert first == pytest.approx(2)


def test_a_kernel_that_calls_others_pays_for_the_rest_alone() -> None:
    random = np.random.default_rng(1)
    samples = []
    for model in range(40):
        part = Work("part", Counter(words=int(random.integers(1000, 9000))))
        own = Work("whole", Counter(tiles=int(random.integers(100, 900))))
        for works in ([part], [part, own]):
            spent = sum(7 * w.counts["words"] + 50 * w.counts["tiles"] for w in works)
            samples.append(fit_costs.Sample(model, "op", works, dict.fromkeys(fit_costs.FIGURES, spent), {}))
    kernels = fit_costs.fit_all(samples)
    assert kernels["part"]["cycles"] == pytest.approx({"words": 7})
    assert kernels["whole"]["cycles_flash"] == pytest.approx({"tiles": 50})
    assert kernels["whole"]["held_out"]["max_percent"] == pytest.approx(0, abs=0.1)


def test_a_part_that_was_not_measured_has_its_known_price() -> None:
    random = np.random.default_rng(2)
    samples = []
    for model in range(40):
        part = Work("part", Counter(words=int(random.integers(1000, 9000))))
        own = Work("whole", Counter(tiles=int(random.integers(100, 900))))
        spent = 7 * part.counts["words"] + 50 * own.counts["tiles"]
        samples.append(fit_costs.Sample(model, "op", [part, own], dict.fromkeys(fit_costs.FIGURES, spent), {}))
    known = {"part": {figure: {"words": 7.0} for figure in fit_costs.FIGURES}}
    kernels = fit_costs.fit_all(samples, known)
    assert list(kernels) == ["whole"]
    assert kernels["whole"]["cycles"] == pytest.approx({"tiles": 50})


def test_random_graphs_are_repeatable_and_of_every_kind() -> None:
    graphs = [cost_graph(seed) for seed in range(16)]
    assert str(graphs[3]) == str(cost_graph(3))
    kinds = {op.kind for graph in graphs for op in graph.ops}
    blocks = {"expand_depthwise", "inverted_bottleneck"}
    assert kinds >= {"conv2d", "depthwise_conv2d", *blocks, "rnn_pool", "add", "concat", "dense", "mean"}
