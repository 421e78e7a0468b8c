"""The image pulled row by row, instead of lying in RAM."""

from dataclasses import replace

from mcu_vision.ir import Graph
from mcu_vision.ops.read_rows import ReadRows


def pull_rows(graph: Graph) -> Graph:
    """The same graph with an operator in front that reads the rows of the image as they are needed.

    Whoever read the image reads what that operator writes; inputs and outputs keep their names.
    """
    image = graph.input
    rows = replace(image, name=f"{image.name}.rows")
    reader = ReadRows("read_rows", (image.name,), (rows.name,))
    readers = [
        replace(op, inputs=tuple(rows.name if name == image.name else name for name in op.inputs)) for op in graph.ops
    ]
    return replace(graph, tensors=graph.tensors | {rows.name: rows}, ops=[reader, *readers])
