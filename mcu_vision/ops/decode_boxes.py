"""Anchor decoding of one detection level, row by row, keeping the best candidates.

Each cell (x, y) has A square anchors centred at ((x + 0.5) * stride, (y + 0.5) * stride). Of each
anchor's logits the last is the object's, the others are background and the largest of those counts
(max-out, S3FD section 3.3). Offsets follow SSD: centre = anchor + variance0 * anchor * d,
size = anchor * exp(variance1 * d).

Integer definition: coordinates in 1/16 pixel, scores in Q15, tables made here and kept in flash:

    score  = scores[object - max(background) + 255]
    centre = anchor_centre + rounding_shift((q - zero_point) * center_multiplier, 12)
    size   = sizes[q + 128]
    left   = clamp(centre - (size >> 1), 0, image), right = clamp(centre - (size >> 1) + size, 0, image)

Candidates with score >= min_score and an area are kept in descending order of score, earlier ones
first among equals, at most `top_k`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.int8 import rounding_shift
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import image_shape

SUBPIXELS = 16
SCORE_ONE = 32767
CENTER_BITS = 12


@dataclass
class DecodeBoxes(Op):
    """inputs: offsets (1, H, W, 4*A), logits (1, H, W, A*(B+1)); output (1, top_k, 5) int16:
    left, top, width, height in 1/16 pixel, score in Q15; unused places are zero.

    anchors: sides in pixels. image: (height, width) in pixels. In float the output is in pixels and [0, 1].
    """

    kind = "decode_boxes"
    accumulates = True
    stride: int = 8
    anchors: tuple[int, ...] = (8,)
    backgrounds: int = 1
    image: tuple[int, int] = (240, 320)
    variances: tuple[float, float] = (0.1, 0.2)
    min_score: float = 0.5
    top_k: int = 64

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        h, w, channels = image_shape(inputs[0], self.name)
        logits = (1, h, w, len(self.anchors) * (self.backgrounds + 1))
        if channels != 4 * len(self.anchors) or inputs[1].shape != logits:
            raise UserError(
                f"{self.name}: {len(self.anchors)} anchors need 4 offsets each and logits {logits}, "
                f"but the heads give {inputs[0].shape} and {inputs[1].shape}"
            )
        return (1, self.top_k, 5)

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [RowWindow(), RowWindow()]

    def _centers(self, shape: Shape, unit: int) -> tuple[Array, Array]:
        """Anchor centres (H, W, A) down and across, in 1/unit pixel."""
        ys, xs = (np.arange(n) * self.stride * unit + self.stride * unit // 2 for n in shape[1:3])
        down, across = np.meshgrid(ys, xs, indexing="ij")
        repeat = (1, 1, len(self.anchors))
        return np.tile(down[..., None], repeat), np.tile(across[..., None], repeat)

    def _split(self, offsets: Array, logits: Array) -> tuple[Array, Array, Array]:
        """Offsets (N, H, W, A, 4), best background and object logit (N, H, W, A)."""
        n, h, w, _ = offsets.shape
        classes = logits.reshape(n, h, w, len(self.anchors), self.backgrounds + 1)
        return offsets.reshape(n, h, w, len(self.anchors), 4), classes[..., :-1].max(-1), classes[..., -1]

    def reference_float(self, *arrays: Array) -> Array:
        offsets, background, target = self._split(*arrays)
        score = 1 / (1 + np.exp(background - target))
        down, across = self._centers(arrays[0].shape, 1)
        side = np.array(self.anchors, np.float32)
        center_x = across + offsets[..., 0] * self.variances[0] * side
        center_y = down + offsets[..., 1] * self.variances[0] * side
        half_w = side * np.exp(offsets[..., 2] * self.variances[1]) / 2
        half_h = side * np.exp(offsets[..., 3] * self.variances[1]) / 2
        left, right = (np.clip(center_x + s * half_w, 0, self.image[1]) for s in (-1, 1))
        top, bottom = (np.clip(center_y + s * half_h, 0, self.image[0]) for s in (-1, 1))
        boxes = np.stack([left, top, right - left, bottom - top, score], -1)
        return keep_best(boxes, self.min_score, self.top_k).astype(np.float32)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        source = graph.tensors[self.inputs[0]].quant
        offsets, background, target = self._split(*(to_int(a) for a in arrays))
        score = self.score_table(graph)[target - background + 255].astype(np.int64)
        down, across = self._centers(arrays[0].shape, SUBPIXELS)
        multiplier, sizes = (to_int(t) for t in (self.center_multipliers(graph), self.size_tables(graph)))
        center_x = across + rounding_shift((offsets[..., 0] - source.zero_point) * multiplier, CENTER_BITS)
        center_y = down + rounding_shift((offsets[..., 1] - source.zero_point) * multiplier, CENTER_BITS)
        anchor = np.arange(len(self.anchors))
        width, height = sizes[anchor, offsets[..., 2] + 128], sizes[anchor, offsets[..., 3] + 128]
        limit_y, limit_x = (n * SUBPIXELS for n in self.image)
        left, top = center_x - (width >> 1), center_y - (height >> 1)
        right, bottom = np.clip(left + width, 0, limit_x), np.clip(top + height, 0, limit_y)
        left, top = np.clip(left, 0, limit_x), np.clip(top, 0, limit_y)
        boxes = np.stack([left, top, right - left, bottom - top, score], -1)
        return keep_best(boxes, self.min_score_q15, self.top_k).astype(np.int16)

    @property
    def min_score_q15(self) -> int:
        """Lowest score that is kept, in Q15 (at least 1, since 0 marks an unused place)."""
        return max(1, round(self.min_score * SCORE_ONE))

    def score_table(self, graph: Graph) -> npt.NDArray[np.int16]:
        """Q15 sigmoid of the logit difference, -255..255 quantisation steps (511 entries)."""
        difference = np.arange(-255, 256) * graph.tensors[self.inputs[1]].quant.scale
        return np.asarray(np.floor(SCORE_ONE / (1 + np.exp(-difference)) + 0.5), np.int16)

    def center_multipliers(self, graph: Graph) -> npt.NDArray[np.int32]:
        """1/16 pixels an offset step for each anchor, with 12 fraction bits."""
        scale = graph.tensors[self.inputs[0]].quant.scale * self.variances[0] * SUBPIXELS
        return np.floor(np.array(self.anchors) * scale * (1 << CENTER_BITS) + 0.5).astype(np.int32)

    def size_tables(self, graph: Graph) -> npt.NDArray[np.int16]:
        """Box sides in 1/16 pixel by offset q + 128 for each anchor, (A, 256)."""
        quant = graph.tensors[self.inputs[0]].quant
        offset = (np.arange(-128, 128) - quant.zero_point) * quant.scale * self.variances[1]
        sides = np.array(self.anchors)[:, None] * SUBPIXELS * np.exp(np.minimum(offset, 20.0))
        return np.asarray(np.minimum(np.floor(sides + 0.5), 32767), np.int16)

    def kernel(self, graph: Graph) -> KernelCall:
        offsets = graph.tensors[self.inputs[0]]
        params: dict[str, int | Array] = {
            "width": offsets.shape[2],
            "anchors": len(self.anchors),
            "backgrounds": self.backgrounds,
            "stride": self.stride,
            "image_w": self.image[1] * SUBPIXELS,
            "image_h": self.image[0] * SUBPIXELS,
            "top_k": self.top_k,
            "min_score": self.min_score_q15,
            "offset_zero": offsets.quant.zero_point,
            "center_multipliers": self.center_multipliers(graph),
            "sizes": self.size_tables(graph),
            "scores": self.score_table(graph),
        }
        return KernelCall("nn_decode_boxes_s8", "nn_decode_boxes", params, ("row", "row"), passes_step=True)


def keep_best(boxes: Array, min_score: float, count: int) -> Array:
    """The best `count` boxes of each image, (N, count, 5) filled up with zeros; boxes (N, H, W, A, 5)."""
    kept = np.zeros((len(boxes), count, 5), boxes.dtype)
    for image, candidates in enumerate(boxes.reshape(len(boxes), -1, 5)):
        good = (candidates[:, 4] >= min_score) & (candidates[:, 2] > 0) & (candidates[:, 3] > 0)
        chosen = candidates[good]
        chosen = chosen[np.argsort(-chosen[:, 4], kind="stable")][:count]
        kept[image, : len(chosen)] = chosen
    return kept
