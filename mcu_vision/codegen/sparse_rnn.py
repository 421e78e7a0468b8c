"""Straight-line code for RNNPool cells whose matrices hold many zeros, in the frames of nn_rnn_sparse.h.

Products are taken two units at a time. Two weights of one unit that meet the same word of the vector share an
SMLAD; the others take an SMLABB, SMLABT, SMLATB or SMLATT each, and lie two in a word of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Graph, to_int
from mcu_vision.ops.rnn_pool import INT16_LIMIT, STATE_BITS, Cell, CellFormat, RnnPool
from mcu_vision.ops.rnn_sparsity import pixel_words, sparse_matrices

SUMS = ("r9", "r10")
WEIGHTS = ("r11", "r12", "lr")
STREAM = "r8"
PIXEL_STARTS, PIXEL_SECONDS = ("r2", "r3"), ("r4", "r5")
"""Sums of two units and of the first pixel, which begin as starts; of the second."""
PIXEL_WEIGHTS = ("r10", "r11", "lr")


@dataclass(frozen=True)
class SparseCode:
    """A routine for one matrix: the macro of nn_rnn_sparse.h that makes it, and the words it reads (int32)."""

    name: str
    key: str
    macro: str
    stream: IntArray
    lines: list[str]
    """Assembly of the products, one string for each two units."""


@dataclass
class _Products:
    lines: list[str] = field(default_factory=list)
    stream: list[int] = field(default_factory=list)


def sparse_code(op: RnnPool, graph: Graph, prefix: str) -> list[SparseCode]:
    """Routines of an operator: sweeps of its cells and the input product of the second, where they gain."""
    found, cells = [], op.kernel_cells(graph)
    for key in sparse_matrices(op, graph):
        cell_name, kind = key.split(".")
        index = int(cell_name[-1]) - 1
        cell = Cell(*map(to_int, cells[index]))
        name, form = f"{prefix}_{kind}{index + 1}", op.formats[index]
        if kind == "pixels":
            zero = graph.tensors[op.inputs[0]].quant.zero_point
            found.append(_pixels(name, key, cell, form, zero))
        else:
            found.append((_sweep if kind == "sweep" else _project)(name, key, cell, form))
    return found


def _sweep(name: str, key: str, cell: Cell, form: CellFormat) -> SparseCode:
    hidden = len(cell.u)
    k = INT16_LIMIT - 1 + cell.bias_z - (1 << form.pre_bits)
    weights = -cell.u << (16 - (form.u_bits + STATE_BITS - form.pre_bits))
    products = _products(weights, (weights.sum(1) << STATE_BITS) + (k << 16) + (1 << 15), sum_step=2)
    constants = zip(_words(k), _words(cell.bias_h - cell.bias_z), strict=True)
    stream = np.array([word for pair in constants for word in pair] + products.stream, np.int64)
    lift = STATE_BITS - 1 - form.pre_bits
    shifts = ", ".join(f'"{shift}"' for shift in (1 + lift, 14 - lift, 2 + lift))
    frame = f'NN_RNN_SPARSE_SWEEP({name}, {hidden}, "{4 * hidden}", {shifts},'
    return SparseCode(name, key, frame, _int32(stream), products.lines)


def _project(name: str, key: str, cell: Cell, form: CellFormat) -> SparseCode:
    hidden, inputs = cell.w.shape
    shift = form.w_bits - form.pre_bits
    weights = -cell.w << (16 - shift)
    products = _products(weights, (1 << 15) + (weights.sum(1) << STATE_BITS) + (1 << 31))
    frame = f"NN_RNN_SPARSE_PROJECT({name}, {inputs}, {hidden},"
    return SparseCode(name, key, frame, _int32(np.array(products.stream, np.int64)), products.lines)


def _pixels(name: str, key: str, cell: Cell, form: CellFormat, zero: int) -> SparseCode:
    """Input products of two pixels: words of channels 0 and 2 in r6 and r8, of 1 and 3 in r7 and r9."""
    shift = form.w_bits - form.pre_bits
    w = pixel_words(cell.w)
    starts = ((1 << (shift - 1)) - (zero + 128) * cell.w.sum(1) << (16 - shift)) + (1 << 31)
    lines, stream = [], []
    for unit in range(0, len(w), 2):
        line, words = _pixel_units(w[unit : unit + 2])
        lines.append("".join(f"{text}\\n" for text in line))
        stream += [int(start) for start in starts[unit : unit + 2]] + words
    return SparseCode(name, key, f"NN_RNN_SPARSE_PIXELS({name},", _int32(np.array(stream, np.int64)), lines)


def _pixel_units(w: IntArray) -> tuple[list[str], list[int]]:
    """Code and words of weights of two units; w: (2, words of a pixel, 2)."""
    work = [
        (unit, k, _word(low, high))
        for unit in range(2)
        for k, (low, high) in enumerate(w[unit].tolist())
        if low or high
    ]
    registers = [*PIXEL_STARTS, *PIXEL_WEIGHTS[: len(work)]]
    lines = [f"ldmia r1!, {{{', '.join(registers)}}}"]
    lines += [f"mov {PIXEL_SECONDS[unit]}, {PIXEL_STARTS[unit]}" for unit in range(2) if not w[unit].any()]
    begun = set()
    for number, (unit, k, _) in enumerate(work):
        register = PIXEL_WEIGHTS[number % len(PIXEL_WEIGHTS)]
        if number and register == PIXEL_WEIGHTS[0]:
            lines.append(f"ldr {register}, [r1], #4")
        first, second = PIXEL_STARTS[unit], PIXEL_SECONDS[unit]
        before = second if unit in begun else first
        begun.add(unit)
        lines += [f"smlad {second}, r{8 + k}, {register}, {before}", f"smlad {first}, r{6 + k}, {register}, {first}"]
    for (low, high), out in zip((PIXEL_STARTS, PIXEL_SECONDS), ("r0", "r12"), strict=True):
        lines += [f"pkhtb {low}, {high}, {low}, asr #16", f"str {low}, [{out}], #4"]
    return lines, [word for _, _, word in work]


def _products(weights: IntArray, starts: IntArray, sum_step: int = 1) -> _Products:
    """Code for all units (an even number), and its stream.

    starts: what the sums start from, modulo 2**32; sum_step: from the register of two units' sums to the next.
    """
    products = _Products()
    for unit in range(0, len(weights), 2):
        work = _pair_work(weights[unit : unit + 2])
        lines = _loads_and_products(work, products)
        products.stream += [int(s) for s in starts[unit : unit + 2]]
        products.stream += [word for word, _ in work]
        lines += [f"pkhtb {SUMS[0]}, {SUMS[1]}, {SUMS[0]}, asr #16", f"vmov s{unit // 2 * sum_step}, {SUMS[0]}"]
        products.lines.append("".join(f"{line}\\n" for line in lines))
    return products


def _pair_work(rows: IntArray) -> list[tuple[int, list[str]]]:
    """Words of weights of two units, each with its instructions, in which {w} is the word's register."""
    both: list[tuple[int, list[str]]] = []
    single: list[tuple[int, str]] = []
    for total, row in zip(SUMS, rows, strict=True):
        for k, (low, high) in enumerate(row.reshape(-1, 2).tolist()):
            if low and high:
                both.append((_word(low, high), [f"smlad {total}, r{k}, {{w}}, {total}"]))
            elif low or high:
                lane = "b" if low else "t"
                single.append((low or high, f"smla{lane}{{lane}} {total}, r{k}, {{w}}, {total}"))
    for first, second in zip_longest(single[::2], single[1::2], fillvalue=(0, "")):
        code = [text.replace("{lane}", lane) for (_, text), lane in ((first, "b"), (second, "t")) if text]
        both.append((_word(first[0], second[0]), code))
    return both


def _loads_and_products(work: list[tuple[int, list[str]]], products: _Products) -> list[str]:
    """The starts come with the first words; then as many words a load as there are registers."""
    lines: list[str] = []
    at, registers = 0, list(SUMS)
    while at < len(work) or registers:
        part = work[at : at + len(WEIGHTS)]
        registers += WEIGHTS[: len(part)]
        single = len(registers) == 1
        lines.append(
            f"ldr {registers[0]}, [{STREAM}], #4" if single else f"ldmia {STREAM}!, {{{', '.join(registers)}}}"
        )
        lines += [c.replace("{w}", w) for (_, code), w in zip(part, WEIGHTS, strict=False) for c in code]
        at, registers = at + len(part), []
    return lines


def _word(low: int, high: int) -> int:
    return (low & 0xFFFF) | (high & 0xFFFF) << 16


def _words(lanes: IntArray) -> list[int]:
    return [_word(low, high) for low, high in lanes.reshape(-1, 2).tolist()]


def _int32(words: IntArray) -> IntArray:
    """Modulo 2**32, as int32."""
    return (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
