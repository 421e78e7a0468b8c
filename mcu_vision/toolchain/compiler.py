"""One C compiler driver: its command, and how to run it."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcu_vision.toolchain.cache import cache_dir


class CompileError(Exception):
    """The compiler or linker refused its input. The message holds the command's last words, in full."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler driver.

    `identity` names kind and version, and so keeps objects of different compilers apart in the cache.
    """

    command: tuple[str, ...]
    identity: str
    is_zig: bool = False
    install_dir: str = ""
    """Where its own headers lie, if that differs between installations of one version."""

    def run(self, arguments: Sequence[str], working_dir: Path) -> None:
        """Run with `arguments` in `working_dir`. Raises CompileError with what the compiler printed."""
        with tempfile.TemporaryDirectory(prefix="mcu-vision-") as scratch:
            result = subprocess.run(
                [*self.command, *arguments],
                cwd=working_dir,
                env=self._environment(scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        if result.returncode != 0:
            text = (result.stderr + result.stdout).strip()
            raise CompileError(text or f"{self.command[0]} ended with status {result.returncode}")

    def _environment(self, scratch: str) -> dict[str, str]:
        environment = {**os.environ, "LC_ALL": "C"}
        if self.is_zig:
            # Its run-time library is kept; a second copy of each of our objects would only fill the disk.
            environment["ZIG_GLOBAL_CACHE_DIR"] = str(cache_dir("zig"))
            environment["ZIG_LOCAL_CACHE_DIR"] = scratch
        return environment
