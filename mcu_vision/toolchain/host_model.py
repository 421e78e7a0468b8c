"""A generated model that runs on this machine, called through ctypes."""

import ctypes
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError


class HostModel:
    """The functions of `<prefix>.h` in a host library.

    Every instance loads its own copy of the code, but one library file has one working memory:
    do not run two instances of a file at once.
    """

    def __init__(self, library: Path, prefix: str) -> None:
        try:
            self._library = ctypes.CDLL(str(library.resolve()))
        except OSError as error:
            raise UserError(f"cannot load {library}: {error}; build the model again") from error
        self._prefix = prefix
        self._input = self._function("input", ctypes.c_void_p)
        self._invoke = self._function("invoke", ctypes.c_int)
        self._step = self._function("step", None, ctypes.c_int)
        self._output = self._function("output", ctypes.c_void_p, ctypes.c_int)
        self._output_bytes = self._function("output_bytes", ctypes.c_int, ctypes.c_int)

    def _function(self, name: str, result: type | None, *arguments: type) -> Any:
        function = getattr(self._library, f"{self._prefix}_{name}")
        function.restype = result
        function.argtypes = list(arguments)
        return function

    def write_input(self, image: bytes) -> None:
        """Copy an int8 image (HWC) to the model's input."""
        ctypes.memmove(self._input(), image, len(image))

    def invoke(self) -> None:
        """Run one inference."""
        if self._invoke() != 0:
            raise RuntimeError(f"{self._prefix}_invoke failed")

    def step(self, index: int) -> None:
        """Run one step of an inference."""
        self._step(index)

    def output(self, index: int) -> bytes:
        """Raw bytes of an output."""
        return ctypes.string_at(self._output(index), self._output_bytes(index))

    def read_arena(self, region: str, offset: int, count: int) -> bytes:
        """Bytes of the working memory in `region`."""
        base = ctypes.addressof(ctypes.c_char.in_dll(self._library, f"{self._prefix}_arena_{region}"))
        return ctypes.string_at(base + offset, count)
