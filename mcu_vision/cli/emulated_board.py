"""The emulated board as tests use it: photos in, bytes and figures out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import Build
from mcu_vision.cli.project import Limits
from mcu_vision.cli.running_model import RunningModel
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.reference import quantize_input, run_graph

Photo = Path | str | Image.Image | npt.NDArray[np.uint8]
"""A file, an image of any size, or pixels as the model takes them: uint8 (H, W, C)."""


@dataclass(frozen=True)
class Inferred:
    """One inference. outputs: the bytes of each output. boxes: (x, y, width, height, score), of a detector; pixels of
    the model's input. scores: of a classifier. instructions: None where the emulator does not tell.
    """

    outputs: tuple[bytes, ...]
    boxes: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]
    instructions: int | None


class EmulatedBoard:
    """A built model, running. `limits` are those of the project."""

    def __init__(self, build: Build, model: RunningModel, limits: Limits) -> None:
        self.build, self.limits = build, limits
        self._model = model
        self._last: Inferred | None = None

    def infer(self, photo: Photo) -> Inferred:
        """Run the firmware's model on a photo."""
        self._model.write_image(self.frame(photo))
        measured = self._model.infer()
        boxes: tuple[tuple[float, ...], ...] = ()
        scores: tuple[float, ...] = ()
        if self.build.graph.metadata.get("task") == "detect":
            boxes = tuple((*(v / 16 for v in box[:4]), box[4] / 32767) for box in self._model.boxes().tolist())
        else:
            scores = tuple(self._model.scores())
        self._last = Inferred(self._model.outputs(), boxes, scores, measured.instructions)
        return self._last

    def reference(self, photo: Photo) -> tuple[bytes, ...]:
        """The bytes of each output that the integer reference gives."""
        results = run_graph(self.build.graph, quantize_input(self.frame(photo)))
        return tuple(results[name].tobytes() for name in self.build.graph.outputs)

    def frame(self, photo: Photo) -> npt.NDArray[np.uint8]:
        """The photo as the model takes it: uint8 (H, W, C), its whole in the middle."""
        _, height, width, channels = self.build.graph.input.shape
        if isinstance(photo, np.ndarray):
            if photo.shape != (height, width, channels):
                raise UserError(f"the model takes pixels of shape {[height, width, channels]}, not {list(photo.shape)}")
            return photo
        image = photo if isinstance(photo, Image.Image) else load_photo(Path(photo))
        return letterbox(image, width, height, channels)[0]

    def console(self, command: str) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"."""
        return self._model.command(command)

    @property
    def instructions(self) -> int | None:
        """Instructions of the last inference. Raises UserError before the first."""
        if self._last is None:
            raise UserError("no inference yet; call infer() first")
        return self._last.instructions

    @property
    def peak_ram(self) -> int:
        """Bytes of RAM that the firmware takes, with the stack as used so far, in this run and at the build."""
        ram = self.build.summary["ram"]
        built = int(ram["items"]["stack"])
        return int(ram["peak_bytes"]) - built + max(built, self._model.stack_bytes())

    @property
    def flash(self) -> int:
        """Bytes of flash that the firmware takes."""
        return int(self.build.summary["flash_bytes"])
