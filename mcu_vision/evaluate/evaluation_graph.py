"""A detector that reports nearly everything, as average precision needs."""

from copy import deepcopy
from dataclasses import replace

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op
from mcu_vision.ops import DecodeBoxes, NonMaxSuppression


def report_weak_boxes(graph: Graph, min_score: float = 0.02, top_k: int = 400, max_boxes: int = 400) -> Graph:
    """A copy of a detector's graph with a low score threshold and long lists; all else is the same.

    A curve over scores would otherwise end at the threshold that the product shows boxes from.
    Raises UserError if the graph decodes no boxes.
    """
    if not any(isinstance(op, DecodeBoxes) for op in graph.ops):
        raise UserError(f"{graph.name} is no detector: it decodes no boxes; choose a detection model")
    result = deepcopy(graph)
    result.ops = [_lengthen(op, min_score, top_k, max_boxes) for op in result.ops]
    for op in result.ops:
        name = op.outputs[0]
        inputs = [result.tensors[n] for n in op.inputs]
        result.tensors[name] = replace(result.tensors[name], shape=op.infer_shape(inputs))
    result.verify()
    return result


def _lengthen(op: Op, min_score: float, top_k: int, max_boxes: int) -> Op:
    if isinstance(op, DecodeBoxes):
        return replace(op, min_score=min_score, top_k=top_k)
    if isinstance(op, NonMaxSuppression):
        return replace(op, max_boxes=max_boxes)
    return op
