"""Greedy non-maximum suppression over the candidates of all detection levels.

Candidates are taken by descending score, on equal scores those of earlier inputs and earlier places
first. A candidate is dropped if a kept box overlaps it by more than the threshold:
intersection * 1024 > threshold * union, threshold in Q10, areas in (1/16 pixel)**2, 64-bit products.
"""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int


@dataclass
class NonMaxSuppression(Op):
    """inputs: lists (1, K, 5) as DecodeBoxes gives them; output (1, max_boxes, 5), unused places zero."""

    kind = "non_max_suppression"
    iou_threshold: float = 0.3
    max_boxes: int = 64

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        for tensor in inputs:
            if len(tensor.shape) != 3 or tensor.shape[2] != 5:
                raise UserError(f"{self.name}: {tensor.name} is no list of boxes (1, K, 5): {tensor.shape}")
        return (1, self.max_boxes, 5)

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None for _ in self.inputs]

    @property
    def threshold_q10(self) -> int:
        """Overlap threshold in Q10."""
        return round(self.iou_threshold * 1024)

    def reference_float(self, *arrays: Array) -> Array:
        return np.stack([self._suppress(np.concatenate(lists)) for lists in zip(*arrays, strict=True)])

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        lists = (to_int(a) for a in arrays)
        return np.stack([self._suppress(np.concatenate(x)) for x in zip(*lists, strict=True)]).astype(np.int16)

    def _suppress(self, boxes: Array) -> Array:
        boxes = boxes[boxes[:, 4] > 0]
        boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
        kept = np.zeros((self.max_boxes, 5), boxes.dtype)
        count = 0
        for box in boxes:
            if count == self.max_boxes:
                break
            if not np.any(self._overlaps(kept[:count], box)):
                kept[count] = box
                count += 1
        return kept

    def _overlaps(self, kept: Array, box: Array) -> Array:
        right = np.minimum(kept[:, 0] + kept[:, 2], box[0] + box[2])
        bottom = np.minimum(kept[:, 1] + kept[:, 3], box[1] + box[3])
        width = np.maximum(right - np.maximum(kept[:, 0], box[0]), 0)
        height = np.maximum(bottom - np.maximum(kept[:, 1], box[1]), 0)
        intersection = width * height
        union = kept[:, 2] * kept[:, 3] + box[2] * box[3] - intersection
        result: Array = intersection * 1024 > self.threshold_q10 * union
        return result

    def kernel(self, graph: Graph) -> KernelCall:
        params: dict[str, int | Array] = {
            "lists": len(self.inputs),
            "sizes": np.array([graph.tensors[name].shape[1] for name in self.inputs], np.int32),
            "max_boxes": self.max_boxes,
            "threshold": self.threshold_q10,
        }
        return KernelCall("nn_nms_s16", "nn_nms", params, ("whole_list",))
