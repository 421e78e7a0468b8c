"""A plugin of pytest: the fixture `emulated_board`, the firmware of the project on an emulated board.

The project's model, board and limits are those of [tool.mcu-vision] in the pyproject.toml of pytest's root folder.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # pytest loads this file in every run; the product behind it only where the fixture is used
    from mcu_vision.cli.emulated_board import EmulatedBoard


def pytest_addoption(parser: pytest.Parser) -> None:
    """Command-line options."""
    group = parser.getgroup("mcu-vision", "firmware on an emulated board")
    group.addoption("--mcu-emulator", help="unicorn, renode or auto; by default the project's")


@pytest.fixture(scope="session")
def emulated_board(pytestconfig: pytest.Config) -> "Iterator[EmulatedBoard]":
    """The built firmware, running: infer(photo), reference(photo), console(command), instructions, peak_ram, flash,
    limits. Built first if its inputs have changed, into build/.
    """
    from mcu_vision.cli.emulated_board import EmulatedBoard
    from mcu_vision.cli.emulators import open_model
    from mcu_vision.cli.pipeline import take_build
    from mcu_vision.cli.project import load_project
    from mcu_vision.errors import UserError

    try:
        project = load_project(pytestconfig.rootpath)
        emulator = pytestconfig.getoption("--mcu-emulator") or project.emulator
        build = take_build(project.model, project.board, project.toolchain, project.folder / "build")
        model = open_model(build, emulator)
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    with model:
        yield EmulatedBoard(build, model, project.limits)
