"""Flashing through a debug probe by OpenOCD or pyOCD, if one of them is installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from mcu_vision.device.flash_image import FlashImage
from mcu_vision.errors import UserError

# Names that the two programs have for a board.
_OPENOCD_BOARDS = {
    "stm32f439": "board/st_nucleo_f4.cfg",
    "nucleo-f446re": "board/st_nucleo_f4.cfg",
    "stm32f407-discovery": "board/stm32f4discovery.cfg",
    "nucleo-l4r5zi": "board/st_nucleo_l4.cfg",
    "nrf52840-dk": "board/nordic_nrf52_dk.cfg",
}
_PYOCD_TARGETS = {
    "stm32f439": "stm32f439xi",
    "nucleo-f446re": "stm32f446retx",
    "stm32f407-discovery": "stm32f407vgtx",
    "nucleo-l4r5zi": "stm32l4r5zitx",
    "nrf52840-dk": "nrf52840",
}
_TIMEOUT_S = 300


def flash_by_probe(path: Path, image: FlashImage, base: int, board: str) -> str:
    """Write `path`, read the flash back, compare it with `image`, and start it; return the program's name.

    `base` is where a binary file goes. Raises UserError if neither program is installed or knows the board, if it
    fails, or if the flash differs.
    """
    program = next((name for name in ("openocd", "pyocd") if shutil.which(name)), None)
    if program is None:
        raise UserError("--probe needs OpenOCD (apt install openocd) or pyOCD (pip install pyocd) on the PATH")
    if board not in _OPENOCD_BOARDS:
        raise UserError(f"--probe knows {', '.join(_OPENOCD_BOARDS)}, not {board}; run {program} yourself")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"image{path.suffix}"
        shutil.copyfile(path, copy)  # under a name without characters that the programs' own languages take apart
        dump = Path(folder) / "dump"
        for command in (_openocd if program == "openocd" else _pyocd)(copy, image, dump, base, board):
            _run(command)
        content = dump.read_bytes() if dump.is_file() else b""
    for block in image.blocks:
        offset = block.address - image.start
        if content[offset : offset + len(block.data)] != block.data:
            raise UserError(f"{program} ended, but the flash differs from 0x{block.address:08x} on; run it again")
    return program


def _openocd(path: Path, image: FlashImage, dump: Path, base: int, board: str) -> list[list[str]]:
    steps = (
        f"program {path} verify" + (f" {base:#x}" if _is_binary(path) else ""),
        f"dump_image {dump} {image.start:#x} {image.end - image.start}",
        "reset run",
        "shutdown",
    )
    return [["openocd", "-f", _OPENOCD_BOARDS[board], *(part for step in steps for part in ("-c", step))]]


def _pyocd(path: Path, image: FlashImage, dump: Path, base: int, board: str) -> list[list[str]]:
    target = ["-t", _PYOCD_TARGETS[board]]
    address = ["-a", f"{base:#x}"] if _is_binary(path) else []
    kind = ["--format", "bin" if _is_binary(path) else "hex" if path.suffix.lower() in (".hex", ".ihex") else "elf"]
    save = f"savemem {image.start:#x} {image.end - image.start} {dump}"
    return [
        ["pyocd", "flash", *target, *kind, *address, str(path)],
        ["pyocd", "commander", *target, "-c", save, "-c", "reset"],
    ]


def _is_binary(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) != b"\x7fELF" and path.suffix.lower() not in (".hex", ".ihex")


def _run(command: list[str]) -> None:
    try:
        outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{command[0]} did not end within {_TIMEOUT_S} s; is the probe connected?") from error
    if outcome.returncode:
        lines = (outcome.stderr or outcome.stdout).strip().splitlines() or ["no message"]
        said = next((line for line in lines if "error" in line.lower()), lines[-1])
        raise UserError(f"{command[0]} failed: {said.strip()}; is the probe connected, and the board powered?")
