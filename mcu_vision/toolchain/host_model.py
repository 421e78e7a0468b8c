"""A generated model that runs on this machine, called through ctypes."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError

RowSource = Callable[[int], bytes | None]
"""Row of the image -> its int8 values; anything but a row of them ends the inference."""
_READ_ROW = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int32, ctypes.c_void_p)


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
        self._pulls_rows = hasattr(self._library, f"{prefix}_read_row")
        self._input = None if self._pulls_rows else self._function("input", ctypes.c_void_p)
        self._invoke = self._function("invoke", ctypes.c_int)
        self._step = self._function("step", ctypes.c_int, ctypes.c_int)
        self._output = self._function("output", ctypes.c_void_p, ctypes.c_int)
        self._output_bytes = self._function("output_bytes", ctypes.c_int, ctypes.c_int)

    def _function(self, name: str, result: type | None, *arguments: type) -> Any:
        function = getattr(self._library, f"{self._prefix}_{name}")
        function.restype = result
        function.argtypes = list(arguments)
        return function

    def write_input(self, image: bytes) -> None:
        """Copy an int8 image (HWC) to the model's input, or keep it for a model that pulls its rows."""
        if self._input is None:
            size = self._row_bytes()
            self.read_rows_from(lambda row: image[row * size : (row + 1) * size])
        else:
            ctypes.memmove(self._input(), image, len(image))

    def read_rows_from(self, source: RowSource) -> None:
        """Ask `source` for the rows of the image, from now on, where the model pulls them."""
        size = self._row_bytes()

        def read_row(row: int, to: int) -> int:
            values = source(row)
            if values is None or len(values) != size:
                return 1
            ctypes.memmove(to, values, size)
            return 0

        self._read_row = _READ_ROW(read_row)  # the library holds no reference
        pointer = ctypes.c_void_p.in_dll(self._library, "model_row_source")
        pointer.value = ctypes.cast(self._read_row, ctypes.c_void_p).value

    def _row_bytes(self) -> int:
        return ctypes.c_int32.in_dll(self._library, "model_row_bytes").value

    def invoke(self) -> None:
        """Run one inference. Raises RuntimeError if the source of rows ended it."""
        if self._invoke() != 0:
            raise RuntimeError(f"{self._prefix}_invoke failed")

    def step(self, index: int) -> None:
        """Run one step of an inference. Raises RuntimeError as invoke() does."""
        if self._step(index) != 0:
            raise RuntimeError(f"step {index} of {self._prefix} failed")

    def output(self, index: int) -> bytes:
        """Raw bytes of an output."""
        return ctypes.string_at(self._output(index), self._output_bytes(index))

    def read_arena(self, region: str, offset: int, count: int) -> bytes:
        """Bytes of the working memory in `region`."""
        base = ctypes.addressof(ctypes.c_char.in_dll(self._library, f"{self._prefix}_arena_{region}"))
        return ctypes.string_at(base + offset, count)
