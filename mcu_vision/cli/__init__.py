"""The command `mcu-vision`: one file a verb, each thin."""

import errno
import json
import sys
from typing import Any, NoReturn

import typer

from mcu_vision import __version__
from mcu_vision.cli.analyze import analyze
from mcu_vision.cli.build import build
from mcu_vision.cli.cards import cards
from mcu_vision.cli.cost import cost
from mcu_vision.cli.detect import detect
from mcu_vision.cli.devices import devices
from mcu_vision.cli.emulate import emulate
from mcu_vision.cli.evaluate import evaluate
from mcu_vision.cli.export import export
from mcu_vision.cli.flash import flash
from mcu_vision.cli.init import init
from mcu_vision.cli.label import label
from mcu_vision.cli.plan import plan
from mcu_vision.cli.profile import profile
from mcu_vision.cli.quantize import quantize
from mcu_vision.cli.run import run
from mcu_vision.cli.search import search
from mcu_vision.cli.test import run_tests
from mcu_vision.cli.train import train
from mcu_vision.cli.validate import validate
from mcu_vision.cli.verify import verify
from mcu_vision.errors import UserError

_UsageError: Any = typer.BadParameter.__bases__[0]
"""Of the click that typer uses: a package, or, lately, a part of typer."""
_INTERRUPTED = 130
_NO_BUGS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EIO,
}
"""What a file system may say to anything that reads or writes."""

app = typer.Typer(
    name="mcu-vision",
    help="Deploy RNNPool face detection and wake-word models on Cortex-M4 microcontrollers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
VERBS = (
    build,
    run,
    verify,
    run_tests,
    init,
    validate,
    profile,
    analyze,
    emulate,
    flash,
    devices,
    plan,
    export,
    quantize,
    train,
    search,
    evaluate,
    detect,
    label,
    cards,
)
for verb in VERBS:
    app.command("test" if verb is run_tests else None)(verb)
app.add_typer(cost)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"mcu-vision {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line: user faults end in one line and exit code 2, bugs in a traceback."""
    try:
        code = app(prog_name="mcu-vision", standalone_mode=False)
    except UserError as error:
        _fail(str(error))
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # whose message is the help
            error.show()
            sys.exit(2)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "mcu-vision"
        _fail(f"{' '.join(error.format_message().split()).rstrip('.')}; see {command} --help")
    except OSError as error:
        if error.errno not in _NO_BUGS or error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}; choose another place")
    if code == _INTERRUPTED:
        typer.echo("interrupted", err=True)
    sys.exit(code or 0)


def _fail(text: str) -> NoReturn:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": text}))
    typer.echo(f"error: {text}", err=True)
    sys.exit(2)
