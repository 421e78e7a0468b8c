"""RNNPool with the input products of rows kept that the next step reads too: less time, more memory."""

from dataclasses import replace

from mcu_vision.ir import Graph
from mcu_vision.ops.rnn_pool import RnnPool


def keep_products(graph: Graph) -> Graph:
    """`graph` with the products of every RNNPool kept whose patches overlap; itself if there is none."""
    ops = [
        replace(op, keep_products=True) if isinstance(op, RnnPool) and op.kept_rows and not op.keep_products else op
        for op in graph.ops
    ]
    unchanged = all(new is old for new, old in zip(ops, graph.ops, strict=True))
    return graph if unchanged else replace(graph, ops=ops)
