"""The command line as tests call it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcu_vision.cli import main
from mcu_vision.ir import Graph
from mcu_vision.saved_model import save_graph


class Cli:
    """Runs the command line in a folder of its own; keeps what it printed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def model(self, graph: Graph) -> str:
        path = self.folder / f"{graph.name}.safetensors"
        save_graph(graph, path)
        return str(path)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["mcu-vision", *arguments])
            patch.setenv("COLUMNS", "200")
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as stop:
                main()
        printed = self._capsys.readouterr()
        assert (stop.value.code or 0) == code, printed
        self.errors = printed.err
        return printed.out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))

    def error(self, *arguments: str) -> str:
        """The one line of a user's fault."""
        self(*arguments, code=2)
        lines = self.errors.strip().splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        return lines[0]
