"""The notebook: what needs Google Colab is short, and all else runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphs import tiny_detector

from mcu_vision.saved_model import save_graph

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples" / "colab.ipynb"
COLAB_LINES = 20


def cells(colab: bool) -> list[str]:
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text())
    assert notebook["nbformat"] == 4
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    return ["".join(cell["source"]) for cell in code if ("colab" in cell["metadata"].get("tags", ())) == colab]


def test_what_needs_colab_is_short_and_is_python() -> None:
    source = "\n".join(cells(colab=True))
    assert len(source.splitlines()) <= COLAB_LINES
    compile("\n".join(line for line in source.splitlines() if line[:1] not in "%!"), "colab", "exec")


def test_the_other_cells_run(tmp_path: Path) -> None:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    save_graph(graph, tmp_path / "tiny.safetensors")
    source = "\n".join(cells(colab=False))
    assert 'MODEL = "face-m4"' in source
    script = tmp_path / "cells.py"
    script.write_text(source.replace('MODEL = "face-m4"', 'MODEL = "tiny.safetensors"'))
    environment = {k: v for k, v in os.environ.items() if k != "RENODE_ROOT"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "instructions on unicorn" in done.stdout
    assert "equal in reference, host, emulated" in done.stdout
    assert (tmp_path / "boxes.png").stat().st_size > 0


@pytest.mark.parametrize("line", ["renode-colab-tools", "git+https://github.com/antmicro/renode-colab-tools"])
def test_its_tools_are_a_dependency_group(line: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert line in text.split("[dependency-groups]")[1]
