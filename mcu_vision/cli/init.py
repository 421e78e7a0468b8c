"""mcu-vision init"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import jinja2
import typer

from mcu_vision.cli import options
from mcu_vision.cli.emulated_board import EmulatedBoard
from mcu_vision.cli.emulators import open_model
from mcu_vision.cli.photos import SAMPLE
from mcu_vision.cli.pipeline import build_model
from mcu_vision.cli.project import Limits
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_directory
from mcu_vision.plan import PlanOptions
from mcu_vision.saved_model import save_graph

_TEMPLATES = {
    "pyproject.toml.j2": "pyproject.toml",
    "test_firmware.py.j2": "tests/test_firmware.py",
    "firmware.yml.j2": ".github/workflows/firmware.yml",
    "README.md.j2": "README.md",
}
_TEXTS = {"requirements.txt": "mcu-vision\npytest>=8\n", ".gitignore": "/build/\n__pycache__/\n.pytest_cache/\n"}


def init(
    folder: Annotated[Path, typer.Argument(help="The new folder.")],
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    as_json: options.Json = False,
) -> None:
    """Make a small project: a model, an image, tests on an emulated board, and a GitHub Actions workflow.

    It works as it stands. Its limits of RAM, flash and instructions are what a first build takes, and 5 % more.

    Example: mcu-vision init demo && cd demo && pytest
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already; name a new folder")
    own_board = Path(board).is_file()
    with (
        options.progress_console().status("building once, to know what the firmware takes"),
        tempfile.TemporaryDirectory() as scratch,
    ):
        build = build_model(model, board, "zig", Path(scratch), PlanOptions())
        with open_model(build, "unicorn") as running:
            result = EmulatedBoard(build, running, Limits()).infer(SAMPLE)
    values = _values(build.summary) | {
        "name": build.graph.name,
        "board": "board.toml" if own_board else board,
        "boxes": len(result.boxes),
    }
    with atomic_directory(folder.absolute()) as staging:
        _write(staging, values)
        save_graph(build.graph, staging / "model.int8.safetensors")
        (staging / "images").mkdir()
        shutil.copy(SAMPLE, staging / "images" / SAMPLE.name)
        if own_board:
            shutil.copy(board, staging / "board.toml")
        files = sorted(str(path.relative_to(staging)) for path in staging.rglob("*") if path.is_file())
    if as_json:
        options.print_json({"folder": str(folder), "files": files})
    else:
        typer.echo(f"made {folder}: {', '.join(files)}")
        typer.echo(f"next: cd {folder} && pytest")


def _values(summary: dict[str, Any]) -> dict[str, Any]:
    """The limits."""

    def more(value: int) -> int:
        return value + value // 20

    return {
        "max_ram": f"{-(-more(summary['ram']['peak_bytes']) // 1024)}K",
        "max_flash": f"{-(-more(summary['flash_bytes']) // 1024)}K",
        "max_instructions": more(summary["instructions"]),
    }


def _write(folder: Path, values: dict[str, Any]) -> None:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mcu_vision.cli", "project_template"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    contents = {name: environment.get_template(template).render(values) for template, name in _TEMPLATES.items()}
    for name, text in {**contents, **_TEXTS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
