"""Turn a network of head maps into a detector that gives boxes. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Protocol

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops import DecodeBoxes, NonMaxSuppression


class DetectorLevelLike(Protocol):
    """One detection head: pixels a cell, side of its square anchor in pixels, background logits."""

    @property
    def stride(self) -> int: ...
    @property
    def anchor(self) -> float: ...
    @property
    def background_logits(self) -> int: ...


class DetectorSpecLike(Protocol):
    """What decoding needs to know; `mcu_vision.models.detector_spec.DetectorSpec` is one."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def levels(self) -> Sequence[DetectorLevelLike]: ...
    @property
    def variances(self) -> tuple[float, float]: ...
    @property
    def score_threshold(self) -> float: ...
    @property
    def iou_threshold(self) -> float: ...
    def to_json(self) -> dict[str, Any]: ...


def attach_detector(graph: Graph, spec: DetectorSpecLike, top_k: int = 64, max_boxes: int = 64) -> Graph:
    """A copy of `graph`, whose outputs are (loc_0, conf_0, loc_1, ...), with decoding and suppression.

    Works on float and quantised graphs. The one output "boxes" is (1, max_boxes, 5), see `DecodeBoxes`;
    top_k: candidates kept of each level. Metadata gets "task": "detect" and "detector": the spec.
    Raises UserError if the heads do not fit the spec.
    """
    if len(graph.outputs) != 2 * len(spec.levels):
        raise UserError(
            f"{graph.name} has {len(graph.outputs)} outputs, but {len(spec.levels)} detection levels "
            "need an offset map and a score map each"
        )
    result = deepcopy(graph)
    lists = []
    for index, level in enumerate(spec.levels):
        if level.anchor != int(level.anchor):
            raise UserError(f"detection level {index} has an anchor of {level.anchor} px; use whole pixels")
        decode = DecodeBoxes(
            f"decode.{index}",
            tuple(graph.outputs[2 * index : 2 * index + 2]),
            (f"candidates.{index}",),
            stride=level.stride,
            anchors=(int(level.anchor),),
            backgrounds=level.background_logits,
            image=(spec.height, spec.width),
            variances=(spec.variances[0], spec.variances[1]),
            min_score=spec.score_threshold,
            top_k=top_k,
        )
        _append(result, decode)
        lists.append(decode.outputs[0])
    nms = NonMaxSuppression("nms", tuple(lists), ("boxes",), iou_threshold=spec.iou_threshold, max_boxes=max_boxes)
    _append(result, nms)
    result.outputs = nms.outputs
    result.metadata |= {"task": "detect", "detector": spec.to_json()}
    result.verify()
    return result


def _append(graph: Graph, op: Op) -> None:
    """Add an operator that gives boxes: int16 in a quantised graph."""
    shape = op.infer_shape([graph.tensors[name] for name in op.inputs])
    name = op.outputs[0]
    if graph.quantized:
        graph.tensors[name] = Tensor(name, shape, "int16", Quantization((1.0,)))
    else:
        graph.tensors[name] = Tensor(name, shape)
    graph.ops.append(op)
