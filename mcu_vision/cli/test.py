"""mcu-vision test"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from mcu_vision.cli import options
from mcu_vision.cli.emulators import EMULATORS, chosen_emulator
from mcu_vision.cli.firmware_checks import FirmwareChecks
from mcu_vision.cli.photos import SAMPLE, find_photos
from mcu_vision.cli.pipeline import take_build
from mcu_vision.cli.project import Limits, Project, load_project
from mcu_vision.cli.sizes import parse_bytes
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write, check_writable
from mcu_vision.report.junit import TestCase, junit_xml

_LIMITS = "Limits"
_OWN = "; by default what pyproject.toml says in [tool.mcu-vision]"


def run_tests(
    photos: Annotated[
        list[Path] | None, typer.Option("--photos", help="A photo or a folder of photos; by default the project's.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="As in build" + _OWN + ".")] = None,
    board: Annotated[str | None, typer.Option("--board", "-b", help="As in build" + _OWN + ".")] = None,
    toolchain: Annotated[str | None, typer.Option(help="zig, gcc or auto" + _OWN + ".")] = None,
    emulator: Annotated[str | None, typer.Option(help="unicorn, renode or auto" + _OWN + ".")] = None,
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    max_ram: Annotated[
        str | None, typer.Option(help="Fail above this much RAM, stack as used: 96K.", rich_help_panel=_LIMITS)
    ] = None,
    max_flash: Annotated[
        str | None, typer.Option(help="Fail above this much flash: 256K.", rich_help_panel=_LIMITS)
    ] = None,
    max_instructions: Annotated[
        int | None, typer.Option(min=1, help="Fail above, for any inference.", rich_help_panel=_LIMITS)
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results here, as JUnit XML.")] = None,
    as_json: options.Json = False,
) -> None:
    """What a project's CI runs: build, emulate, hold outputs against the integer reference, and keep limits.

    Options left out come from [tool.mcu-vision] in pyproject.toml. Exit code 1 if a check fails.

    Example: mcu-vision test --photos images --max-ram 104K --junit build/firmware.xml
    """
    project = load_project(Path.cwd())
    chosen = chosen_emulator(options.check_choice(emulator or project.emulator, EMULATORS, "--emulator"))
    compiler = options.check_choice(toolchain or project.toolchain, options.TOOLCHAINS, "--toolchain")
    limits = _limits(project.limits, max_ram, max_flash, max_instructions)
    paths = _photos(project, photos or [])
    if junit is not None:
        check_writable(junit)
    progress_console = options.progress_console()
    with progress_console.status("building"):
        build = take_build(model or project.model, board or project.board, compiler, build_dir)
    checks = FirmwareChecks(build, chosen, limits)
    with Progress(console=progress_console, transient=True) as progress:
        task = progress.add_task("testing", total=len(paths))
        cases = []
        for case in checks.run(paths):
            cases.append(case)
            progress.advance(task)
    if junit is not None:
        atomic_write(junit, junit_xml(build.graph.name, cases))
    summary: dict[str, Any] = {
        "model": build.graph.name,
        "board": build.board.name,
        "emulator": chosen,
        **checks.figures(),
        "cases": [{"group": c.group, "name": c.name, "failure": c.failure} for c in cases],
    }
    if as_json:
        options.print_json(summary)
    else:
        _print(summary, cases)
    if any(case.failure is not None for case in cases):
        raise typer.Exit(1)


def _limits(own: Limits, max_ram: str | None, max_flash: str | None, max_instructions: int | None) -> Limits:
    return Limits(
        own.ram_bytes if max_ram is None else parse_bytes(max_ram, "--max-ram"),
        own.flash_bytes if max_flash is None else parse_bytes(max_flash, "--max-flash"),
        own.instructions if max_instructions is None else max_instructions,
    )


def _photos(project: Project, named: list[Path]) -> list[Path]:
    """Those named, else the project's, else the sample."""
    places = named or ([project.images] if project.images is not None else [SAMPLE])
    paths = [photo for place in places for photo in find_photos(place)]
    if not paths:
        raise UserError(f"no photos in {', '.join(map(str, places))}: name image files or folders of them")
    return paths


def _print(summary: dict[str, Any], cases: list[TestCase]) -> None:
    console = Console(soft_wrap=True, markup=False, highlight=False)
    for case in cases:
        console.print(f"{'FAILED' if case.failure else 'passed'}  {case.group}: {case.name}")
        if case.failure:
            console.print(f"        {case.failure}")
    failed = sum(case.failure is not None for case in cases)
    count = summary["instructions"]
    instructions = "instructions unknown" if count is None else f"{count:,} instructions"
    console.print(f"{summary['peak_ram_bytes']:,} bytes of RAM, {summary['flash_bytes']:,} of flash, {instructions}")
    console.print(f"{len(cases) - failed} passed, {failed} failed ({summary['model']} on {summary['emulator']})")
