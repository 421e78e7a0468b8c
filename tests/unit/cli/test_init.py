"""mcu-vision init: the project that it makes works as it stands."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from cli_runner import Cli
from graphs import tiny_detector

ROOT = Path(__file__).resolve().parents[3]


def detector_file(cli: Cli) -> str:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    return cli.model(graph)


def test_the_project_passes_its_own_tests(cli: Cli) -> None:
    made = cli.json("init", "demo", "--model", detector_file(cli))
    demo = cli.folder / "demo"
    assert ".github/workflows/firmware.yml" in made["files"]
    assert all((demo / name).is_file() for name in made["files"])
    assert "${{ github.workspace }}" in (demo / ".github/workflows/firmware.yml").read_text()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mcu_vision.pytest_plugin", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=demo, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    # A limit that is too low, and a project that cannot be built, fail it.
    settings = demo / "pyproject.toml"
    text = settings.read_text()
    settings.write_text(text.replace("max-instructions = ", "max-instructions = 1 #"))
    run = subprocess.run(command, cwd=demo, env=environment, capture_output=True, text=True, timeout=300)
    assert "1 failed" in run.stdout
    settings.write_text(text.replace('board = "', 'board = "un'))
    run = subprocess.run(command, cwd=demo, env=environment, capture_output=True, text=True, timeout=300)
    assert "no board unstm32f439" in run.stdout


def test_a_folder_with_something_in_it_is_left_alone(cli: Cli) -> None:
    (cli.folder / "demo").mkdir()
    (cli.folder / "demo" / "mine").write_text("mine")
    assert "demo exists already" in cli.error("init", "demo")
    assert [path.name for path in (cli.folder / "demo").iterdir()] == ["mine"]


@pytest.mark.slow
def test_the_shipped_project_passes_in_a_fresh_environment(tmp_path: Path) -> None:
    """The core install from the wheel and pytest, nothing else."""
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = f"{programs}:{environment['PATH']}"

    def run(*command: str, folder: Path = tmp_path) -> None:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(programs / "pip"), "install", "-q", str(ROOT), "pytest")
    run(str(programs / "mcu-vision"), "init", "demo")
    run(str(programs / "pytest"), folder=tmp_path / "demo")
    run(str(programs / "mcu-vision"), "test", folder=tmp_path / "demo")
