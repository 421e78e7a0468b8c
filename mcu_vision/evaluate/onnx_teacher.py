"""A network in an ONNX file as a teacher: pixels as it wants them, boxes or a probability from what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.models.anchors import non_maximum_suppression

PIXELS = {"unit": (0.0, 255.0), "signed": (127.5, 127.5), "bytes": (0.0, 1.0)}
"""Forms of an input's pixels p: (p - first) / second. "imagenet": unit, then IMAGENET."""
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)
"""Mean and deviation of red, green and blue."""
PIXEL_FORMS = (*PIXELS, "imagenet")
BOX_FORMS = ("corners", "centres")
SAME_OBJECT_IOU = 0.45
MOST_VALUES = 99
"""Of one box; an axis that is longer runs over boxes."""
LARGEST_FRACTION = 2.0
"""Boxes without a larger coordinate are in parts of the frame, others in pixels."""

FloatArray = npt.NDArray[np.float32]
Frame = tuple[int, int, int]


@dataclass(frozen=True)
class OnnxForm:
    """How a file's network takes pixels and gives boxes.

    frame: width, height, channels, where the file leaves them open. pixels: a key of PIXELS, or imagenet. bgr: blue
    comes first. boxes: "corners" x0 y0 x1 y1, or "centres" x y width height; those below least_score are left out.
    """

    frame: Frame | None = None
    pixels: str = "unit"
    bgr: bool = False
    boxes: str = "corners"
    least_score: float = 0.02


class OnnxTeacher:
    """Runs the network in onnxruntime. Raises UserError if that is missing, or the file is not such a network.

    An output of 1 or 2 values is a classifier's: the last is of a person, as logit or probability. A detector gives
    boxes (N, 4) and probabilities (N,), (N, 1) or (N, 2), of which the last counts, or one output (N, 5 or more) of box
    and probability, or its transpose; each perhaps with a batch of one in front.
    """

    def __init__(self, path: Path, form: OnnxForm) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise UserError("an ONNX teacher needs onnxruntime: pip install 'mcu-vision[onnx]'") from error
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # of many kinds, if a file is broken
            raise UserError(f"cannot read {path} as an ONNX model: {str(error).splitlines()[0]}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
            raise UserError(f"{path} does not take one float32 image; export the network alone, without pre-processing")
        self._path, self._form, self._input = path, form, inputs[0].name
        self.frame, self._channels_last = _frame_of(path, inputs[0].shape, form.frame)
        width, height, channels = self.frame
        if channels == 1 and form.pixels == "imagenet":
            raise UserError(f"{path} takes gray images, and --pixels imagenet is of colour; say unit, signed or bytes")
        outputs = self._infer(np.zeros((height, width, channels), np.uint8))
        self.detector = len(outputs) != 1 or outputs[0].size not in (1, 2)
        if self.detector:
            _split_boxes(outputs, path)

    def detect(self, frame: npt.NDArray[np.uint8]) -> FloatArray:
        """Boxes (N, 5) x, y, width, height in pixels and score of a frame (H, W, C)."""
        boxes, scores = _split_boxes(self._infer(frame), self._path)
        kept = scores >= self._form.least_score
        boxes, scores = boxes[kept], scores[kept]
        if len(boxes) and np.abs(boxes).max() <= LARGEST_FRACTION:
            boxes = boxes * np.array([self.frame[0], self.frame[1]] * 2, np.float32)
        if self._form.boxes == "centres":
            boxes = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
        chosen = non_maximum_suppression(boxes, scores, SAME_OBJECT_IOU)
        boxes, scores = boxes[chosen], scores[chosen]
        return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2], scores[:, None]], axis=1)

    def probability(self, frame: npt.NDArray[np.uint8]) -> float:
        """Of a person in a frame (H, W, C)."""
        values = self._infer(frame)[0].ravel().astype(np.float64)
        are_shares = (values >= 0).all() and (values <= 1).all() and (len(values) == 1 or abs(values.sum() - 1) < 1e-3)
        if are_shares:
            return float(values[-1])
        return float(1 / (1 + np.exp(-(values[-1] - (values[0] if len(values) == 2 else 0.0)))))

    def _infer(self, frame: npt.NDArray[np.uint8]) -> list[npt.NDArray[Any]]:
        values = _to_pixels(frame, self._form)
        image = values if self._channels_last else values.transpose(2, 0, 1)
        try:
            return [np.asarray(v) for v in self._session.run(None, {self._input: np.ascontiguousarray(image[None])})]
        except Exception as error:  # onnxruntime's own kinds
            text = str(error).splitlines()[0]
            raise UserError(f"{self._path} does not run on {self.frame[0]} x {self.frame[1]} pixels: {text}") from error


def _to_pixels(frame: npt.NDArray[np.uint8], form: OnnxForm) -> FloatArray:
    offset, scale = PIXELS["unit" if form.pixels == "imagenet" else form.pixels]
    values: FloatArray = (frame.astype(np.float32) - np.float32(offset)) / np.float32(scale)
    if form.pixels == "imagenet":
        values = (values - IMAGENET[0]) / IMAGENET[1]
    return values[:, :, ::-1] if form.bgr else values


def _frame_of(path: Path, shape: Sequence[int | str | None], chosen: Frame | None) -> tuple[Frame, bool]:
    """Width, height, channels, and whether the channels come last."""
    sizes = [n if isinstance(n, int) and n > 0 else 0 for n in shape[1:]]
    channels_last = sizes[2] in (1, 3) and sizes[0] not in (1, 3)
    height, width, channels = sizes if channels_last else (sizes[1], sizes[2], sizes[0])
    own = (width, height, channels)
    frame = chosen or own
    if 0 in frame or channels not in (0, 1, 3):
        raise UserError(
            f"{path} takes images of {list(shape)}: say --input WIDTHxHEIGHTxCHANNELS, with 1 or 3 channels"
        )
    if any(n not in (0, wanted) for n, wanted in zip(own, frame, strict=True)):
        raise UserError(f"{path} takes images of {list(shape)}, not --input {'x'.join(map(str, frame))}")
    return frame, channels_last


def _split_boxes(outputs: list[npt.NDArray[Any]], path: Path) -> tuple[FloatArray, FloatArray]:
    """Boxes (N, 4) as they are, and scores (N,)."""
    for boxes in outputs:
        count = boxes.size // 4
        for scores in outputs if boxes.shape[-1] == 4 else ():
            if scores is not boxes and scores.size in (count, 2 * count):
                last = scores.reshape(count, scores.size // count if count else 1)[:, -1]
                return boxes.reshape(count, 4).astype(np.float32), last.astype(np.float32)
    if len(outputs) == 1 and outputs[0].ndim in (2, 3):
        *_, rows, columns = outputs[0].shape
        table = outputs[0].reshape(rows, columns)
        table = (table.T if columns > MOST_VALUES else table).astype(np.float32)
        if 5 <= table.shape[1] <= MOST_VALUES:
            return table[:, :4], table[:, 4]
    shapes = ", ".join(str(list(o.shape)) for o in outputs)
    raise UserError(f"{path} gives {shapes}: neither boxes with scores nor a person's probability (docs/training.md)")
