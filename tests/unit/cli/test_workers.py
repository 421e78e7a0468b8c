"""Work in other processes, and on a Ray cluster that loses one of its two nodes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worker_tasks
from worker_tasks import refuse, square, stuck_square

from mcu_vision.cli.workers import fan_out
from mcu_vision.errors import UserError


@pytest.mark.parametrize("workers", [1, 2])
def test_every_result_comes_once(workers: int, tmp_path: Path) -> None:
    results = dict(fan_out(square, [(n, str(tmp_path)) for n in range(6)], workers))
    assert results == {n: n * n for n in range(6)}
    processes = {path.name.split("-")[1] for path in tmp_path.iterdir()}
    assert (str(os.getpid()) in processes) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_faults_come_through(workers: int) -> None:
    with pytest.raises(UserError, match="not 3"):
        list(fan_out(refuse, [(3,)], workers))


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'mcu-vision\[search\]'"):
        list(fan_out(square, [(1,)], ray="auto"))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that runs no tasks, and two nodes of one worker each."""
    ray = pytest.importorskip("ray", reason="needs Ray: pip install 'mcu-vision[search]'")
    from ray.cluster_utils import Cluster

    paths = [str(Path(worker_tasks.__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in paths if p))  # for workers
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    built = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield built
    ray.shutdown()
    built.shutdown()


@pytest.mark.slow
def test_a_lost_worker_loses_no_result(cluster: Any, tmp_path: Path) -> None:
    nodes = {node.node_id: node for node in (cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1))}
    cluster.wait_for_nodes()
    results = {}
    for index, result in fan_out(stuck_square, [(n, str(tmp_path)) for n in range(6)], ray=cluster.address):
        results[index] = result
        if len(results) == 1:
            (place,) = wait_for_start(tmp_path)
            cluster.remove_node(nodes[place], allow_graceful=False)
    assert results == {n: n * n for n in range(6)}
    assert len(list(tmp_path.glob("0-*"))) == 2, "the task of the lost node ran again on the other"


def wait_for_start(folder: Path) -> list[str]:
    """The node where number 0 runs."""
    for _ in range(600):
        if found := [path.name.removeprefix("0-") for path in folder.glob("0-*")]:
            return found
        time.sleep(0.1)
    raise AssertionError("number 0 did not start within a minute")


@pytest.mark.slow
def test_faults_of_tasks_are_told(cluster: Any) -> None:
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    with pytest.raises(UserError, match="not 5"):
        list(fan_out(refuse, [(5,)], ray=cluster.address))
