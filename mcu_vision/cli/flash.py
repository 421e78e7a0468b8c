"""mcu-vision flash"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mcu_vision.boards import Board, load_board
from mcu_vision.cli import options
from mcu_vision.cli.pipeline import find_model, load_model
from mcu_vision.device.bootloader import Bootloader
from mcu_vision.device.byte_port import Boot0Line, PortLostError, SerialBytePort
from mcu_vision.device.chips import chip_of_board
from mcu_vision.device.flash_image import FlashImage, load_image
from mcu_vision.device.flasher import Flasher
from mcu_vision.device.ports import serial_ports
from mcu_vision.device.probe import flash_by_probe
from mcu_vision.errors import UserError


def flash(
    port: Annotated[str | None, typer.Option("--port", "-p", help="Serial port that the ROM bootloader is on.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="ELF, Intel HEX or binary; by default the last build of the model.")
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    boot0: Annotated[
        str, typer.Option(help="Line that drives BOOT0: rts, dtr, or none; the other drives NRST.")
    ] = "none",
    baud: Annotated[int, typer.Option(min=1200, max=115200, help="Bits a second.")] = 115200,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what the flash already holds of the image.")] = False,
    mass: Annotated[bool, typer.Option("--mass", help="Erase the whole flash, not only the image's sectors.")] = False,
    unprotect: Annotated[
        bool, typer.Option("--unprotect", help="Lift readout and write protection, which ERASES the flash.")
    ] = False,
    start: Annotated[bool, typer.Option(help="Start the firmware at the end.")] = True,
    probe: Annotated[bool, typer.Option("--probe", help="Use a debug probe through OpenOCD or pyOCD.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which sectors would be erased.")] = False,
    as_json: options.Json = False,
) -> None:
    """Put firmware on the board through its ROM bootloader, and verify every byte.

    Example: mcu-vision flash --port /dev/ttyUSB0
    """
    options.check_choice(boot0, ("rts", "dtr", "none"), "--boot0")
    if resume and mass:
        raise UserError("--mass leaves nothing that --resume could keep; drop one of them")
    description = load_board(board)
    path = file or build_dir / _folder_name(model) / "firmware.elf"
    image = load_image(path, description.flash_sectors)
    covered = [sector.number for sector in image.covered(description.flash_sectors)]
    summary: dict[str, Any] = {"file": str(path), "image_bytes": image.size_bytes, "sectors": covered}
    if dry_run:
        summary |= {"verified": False, "started": False}
    elif probe:
        _refuse_serial_options(port, resume, mass, unprotect, start)
        with options.progress_console().status("flashing through the probe"):
            summary["program"] = flash_by_probe(path, image, description.flash.base, description.name)
        summary |= {"verified": True, "started": True}
    else:
        chip = chip_of_board(description.name)
        with SerialBytePort(_check_port(port), baud, _line(boot0)) as line:
            summary |= _flash_by_serial(line, image, description, resume, mass, unprotect, start)
        summary["chip_id"] = f"0x{chip.id:03x}"
    if as_json:
        options.print_json(summary)
    else:
        _print(summary, description, mass)


def _flash_by_serial(
    line: SerialBytePort, image: FlashImage, board: Board, resume: bool, mass: bool, unprotect: bool, start: bool
) -> dict[str, Any]:
    columns = (TextColumn("{task.description:7s}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=options.progress_console()) as bars:
        tasks = {stage: bars.add_task(stage, total=None) for stage in ("erase", "write", "verify")}

        def show(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], completed=done, total=total)

        flasher = Flasher(Bootloader(line), image, board.flash_sectors, chip_of_board(board.name), show)
        result = flasher.flash(resume, mass, unprotect)
    started = False
    if start:
        try:
            started = flasher.start()
        except PortLostError:
            started = False  # the image is verified all the same
    return {
        "bootloader_version": f"{result.bootloader_version >> 4}.{result.bootloader_version & 15}",
        "erased_sectors": result.erased_sectors,
        "mass_erased": result.mass_erased,
        "written_bytes": result.written_bytes,
        "kept_bytes": result.kept_bytes,
        "verified": True,
        "started": started,
    }


def _folder_name(model: str) -> str:
    """The folder of a model's build."""
    return load_model(find_model(model)).name


def _line(boot0: str) -> Boot0Line:
    return "rts" if boot0 == "rts" else "dtr" if boot0 == "dtr" else "none"


def _check_port(port: str | None) -> str:
    if port is not None:
        return port
    names = [f"{p.device}{' (ST-LINK console)' if p.st_link else ''}" for p in serial_ports() if p.usb]
    seen = f"give one of {', '.join(names)}" if names else "no USB serial port is connected"
    raise UserError(f"--port is missing: {seen}; or use --probe for the board's own ST-LINK")


def _refuse_serial_options(port: str | None, resume: bool, mass: bool, unprotect: bool, start: bool) -> None:
    if port is not None or resume or mass or unprotect or not start:
        raise UserError("--probe cannot be combined with --port, --resume, --mass, --unprotect or --no-start; drop one")


def _print(summary: dict[str, Any], board: Board, mass: bool) -> None:
    console = Console(soft_wrap=True)
    numbers = set(summary["sectors"])
    if not summary["verified"]:
        console.print(f"{summary['file']}: {summary['image_bytes']:,} bytes; would erase")
        for sector in board.flash_sectors:
            if mass or sector.number in numbers:
                console.print(f"  sector {sector.number:2d}  0x{sector.base:08x}  {sector.size_bytes // 1024:3d} KB")
        return
    console.print(f"verified: all {summary['image_bytes']:,} bytes of {summary['file']} are in flash")
    if summary.get("kept_bytes"):
        console.print(f"kept {summary['kept_bytes']:,} bytes that were there")
    if summary["started"]:
        console.print("started; set BOOT0 low, or the next reset enters the bootloader again")
    else:
        console.print("not started: set BOOT0 low and reset the board")
