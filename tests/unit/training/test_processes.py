"""Two processes on CPUs train as one does, and go on from one's checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcu_vision.errors import UserError
from mcu_vision.training.processes import join_processes, share_batch

SCRIPT = Path(__file__).with_name("two_processes.py")


def _train(folder: Path, epochs: int, processes: int, *options: str) -> dict:
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    done = subprocess.run([*launcher, str(SCRIPT), str(folder), str(epochs), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["processes"] == processes
    return figures


@pytest.mark.slow
def test_two_processes_give_the_metrics_of_one_and_resume_its_checkpoint(tmp_path):
    for name in ("one", "two", "changed"):
        (tmp_path / name).mkdir()
    _train(tmp_path / "one", 2, 1)
    for name in ("checkpoint.pt", "metrics.jsonl"):
        (tmp_path / "changed" / name).write_bytes((tmp_path / "one" / name).read_bytes())
    one = _train(tmp_path / "one", 4, 1, "--resume")
    two = _train(tmp_path / "two", 4, 2)
    changed = _train(tmp_path / "changed", 4, 2, "--resume")
    for figures in (two, changed):
        assert figures["epoch"] == one["epoch"] == 4
        for name in ("loss", "weight", "lr"):
            assert figures[name] == pytest.approx(one[name], rel=1e-5)


def test_a_batch_must_split_evenly():
    share_batch(3, join_processes())

    class Three:
        world_size = 3

    with pytest.raises(UserError, match="choose a multiple"):
        share_batch(16, Three())
