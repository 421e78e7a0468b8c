"""What the kernel of RNNPool does in one inference, counted."""

from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import Any

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Graph
from mcu_vision.ops.common import quad
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.ops.rnn_sparsity import DENSE_PIXEL_CYCLES, pixel_cycles, product_cycles, sparse_matrices

ASSEMBLY_SIZES = (4, 8, 16)
"""Lengths of vectors of recurrent cells for which kernels have loops in assembly."""


def count_rnn_pool(op: RnnPool, graph: Graph) -> tuple[Counter[str], bool]:
    """What nn_rnn_pool_s8 does in one inference, and whether both cells have piecewise-linear gates of the usual kind.

    Pixels go through in columns, each patch row's all of them; summaries of rows are kept for the next.
    """
    x = graph.tensors[op.inputs[0]]
    params, sparse = op.kernel(graph).params, sparse_matrices(op, graph)
    patch_rows, columns = op.pooled_size(x)
    (patch_h, patch_w), stride = op.patch, op.stride
    hidden1, hidden2 = (quad(graph.tensors[op.inputs[i]].shape[0]) for i in (1, 5))
    kept_w, kept_h = max(0, patch_w - stride), max(0, patch_h - stride)
    batch = 4 if stride > 2 else 2
    fresh_w = patch_w - kept_w
    column_pairs = patch_rows * (ceil(patch_w / 2) + (columns - 1) * ceil(fresh_w / 2))
    column_calls = patch_rows * (ceil(patch_w / batch) + (columns - 1) * ceil(fresh_w / batch))
    row_pairs = columns * (ceil(patch_h / 2) + (patch_rows - 1) * ceil((patch_h - kept_h) / 2))
    patches = patch_rows * columns
    counts = Counter(patches=patches, outputs=patches * 4 * hidden2)
    later = (patch_rows - 1) / patch_rows if params["keep_products"] else 0
    kept_products = int(kept_h * column_pairs * later)
    pixel_pairs = column_pairs * patch_h - kept_products
    counts += _project_pixels(params, x.shape[3], hidden1, pixel_pairs, sparse.get("cell1.pixels"))
    in_place = 2 * kept_h == patch_h
    counts["copied"] = 0 if in_place else 4 * kept_products * hidden1
    narrow = bool(params["cell2.w_spare"] >= 0)
    counts += _project(hidden1, hidden2, row_pairs + column_pairs, narrow, sparse.get("cell2.project"))
    first, second = (_Sweeps(f"cell{i}", params, sparse.get(f"cell{i}.sweep")) for i in (1, 2))
    parts = 1 + later if in_place else 1
    counts += first.count(hidden1, column_pairs, patch_h, int(column_pairs * parts), int(column_calls * parts))
    batches = ceil(patch_w / min(batch, stride))
    counts += first.count(hidden1, row_pairs, patch_w, row_pairs * batches, patches * batches)
    counts += second.count(hidden2, patches, patch_h, patches, patches)
    counts += second.count(hidden2, patches, patch_w, patches, patches)
    counts["unpacked"] = patch_rows * (hidden1 * (quad(x.shape[3]) + hidden1) + hidden2 * (hidden1 + hidden2))
    counts["moved"] = patches * (2 * kept_h + kept_w) * hidden2
    return counts, bool(params["cell1.simple"] and params["cell2.simple"])


def _project_pixels(
    params: dict[str, Any], channels: int, hidden: int, pairs: int, sparse: IntArray | None
) -> Counter[str]:
    """Input products of pairs of pixels; of few channels and narrow products, without being widened first."""
    if sparse is not None:
        return Counter(pixel_pairs4=pairs, pixel_products4=pairs * pixel_cycles(sparse) // DENSE_PIXEL_CYCLES)
    if params["pixel_shift"] >= 0:
        return Counter(pixel_pairs4=pairs, pixel_products4=pairs * hidden)
    widened = Counter(pixel_pairs=pairs, pixel_values=pairs * quad(channels))
    return widened + _project(quad(channels), hidden, pairs, bool(params["cell1.w_spare"] >= 0), None)


def _project(inputs: int, hidden: int, pairs: int, narrow: bool, sparse: IntArray | None) -> Counter[str]:
    """Input products of pairs of vectors. narrow: those that need no shift and saturation."""
    counts = Counter(projects=pairs)
    if sparse is not None:
        return counts + Counter(sparse_project=pairs * hidden, sparse_products=2 * pairs * product_cycles(sparse))
    counts += Counter() if narrow else Counter(project_rounds=pairs * hidden)
    if inputs in ASSEMBLY_SIZES:
        return counts + Counter({f"project{inputs}": pairs * hidden})
    return counts + Counter(project_any=pairs * hidden, project_products=pairs * hidden * inputs)


@dataclass(frozen=True)
class _Sweeps:
    """How a cell takes pairs of sequences."""

    cell: str
    params: dict[str, Any]
    sparse: IntArray | None

    def count(self, hidden: int, pairs: int, length: int, parts: int, calls: int) -> Counter[str]:
        """Pairs of sequences of `length` steps, taken in so many parts and calls."""
        steps = pairs * (length - 1)
        if self.sparse is not None:
            products = 2 * steps * product_cycles(self.sparse)
            gates = 2 * (steps + pairs) * hidden
            return Counter(sparse_sweeps=calls, sparse_parts=parts, sparse_gates=gates, sparse_products=products)
        if not self.params[f"{self.cell}.simple"] or hidden not in ASSEMBLY_SIZES:
            all_steps = steps + pairs
            return Counter(
                sweeps=calls, step_any=all_steps, gates=all_steps * hidden, step_products=steps * hidden * hidden
            )
        counts = Counter({"sweeps": calls, "parts": parts, "first_gates": pairs * hidden, f"step{hidden}": steps})
        if self.params[f"{self.cell}.u_spare"] < 0:
            counts["scaled_gates"] = steps * hidden
        if self.params[f"{self.cell}.pre_bits"] != 12:
            counts["lifted_gates"] = (steps + pairs) * hidden
        return counts
