"""RNNPool: a pooling layer that summarises patches with two small recurrent cells.

Source: Saha et al., "RNNPool: Efficient Non-linear Pooling for RAM Constrained Inference", NeurIPS 2020,
Algorithm 1; the cell is FastGRNN (Kusupati et al., NeurIPS 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.errors import UserError


class Cell(NamedTuple):
    """Parameters of a FastGRNN cell; w (hidden, inputs), u (hidden, hidden), biases (hidden,).

    h' = z*h + (zeta*(1 - z) + nu)*c with z = sigma(w x + u h + gate_bias), c = tanh(w x + u h + bias).
    """

    w: Tensor
    u: Tensor
    gate_bias: Tensor
    bias: Tensor
    zeta: float = 1.0
    nu: float = 0.0

    def step(self, pre: Tensor, h: Tensor | None, smooth: bool) -> Tensor:
        """One time step; pre (..., hidden) is w x, h the state before (None for zeros)."""
        if h is not None:
            pre = pre + F.linear(h, self.u)
        if smooth:
            z = torch.sigmoid(pre + self.gate_bias)
            c = torch.tanh(pre + self.bias)
        else:
            z = (0.5 * (pre + self.gate_bias + 1.0)).clamp(0.0, 1.0)
            c = (pre + self.bias).clamp(-1.0, 1.0)
        fresh = (self.zeta * (1.0 - z) + self.nu) * c
        return fresh if h is None else z * h + fresh

    def sweep(self, steps: list[Tensor], smooth: bool) -> Tensor:
        """Last state after the input products `steps`, each (..., hidden), in order of time."""
        h: Tensor | None = None
        for pre in steps:
            h = self.step(pre, h, smooth)
        assert h is not None
        return h


def _windows(x: Tensor, dim: int, size: int, stride: int) -> list[Tensor]:
    """Element t of every window along `dim`, for t = 0..size-1."""
    count = (x.shape[dim] - size) // stride + 1
    span = (count - 1) * stride + 1
    index = [slice(None)] * x.dim()
    steps = []
    for t in range(size):
        index[dim] = slice(t, t + span, stride)
        steps.append(x[tuple(index)])
    return steps


def _sweep_both_ways(cell: Cell, steps: list[Tensor], smooth: bool) -> Tensor:
    paired = [torch.stack(pair) for pair in zip(steps, reversed(steps), strict=True)]
    forward, backward = cell.sweep(paired, smooth).unbind(0)
    return torch.cat((forward, backward), dim=-1)


def rnn_pool(
    x: Tensor,
    first: Cell,
    second: Cell,
    patch: tuple[int, int],
    stride: int,
    smooth: bool = False,
    replicate_last: bool = False,
) -> Tensor:
    """Pool (N, C, H, W) to (N, 4*hidden2, H', W'), H' = (H - patch[0]) // stride + 1, W' likewise.

    Channels: [rows forward, rows backward, columns forward, columns backward], hidden2 each, where "rows"
    means that the second cell swept, top to bottom and back, the first cell's summaries of the patch's
    rows (each read left to right); "columns" the same with both axes exchanged. With `replicate_last` the
    last row and column of the result are repeated once. Work that patches share is computed once: a
    summary of a row segment serves all patches above one another that contain it.
    """
    pixels = F.linear(x.permute(0, 2, 3, 1), first.w)
    height, width = patch
    row_summaries = first.sweep(_windows(pixels, 2, width, stride), smooth)  # N, H, W', hidden1
    column_summaries = first.sweep(_windows(pixels, 1, height, stride), smooth)  # N, H', W, hidden1
    row_steps = _windows(F.linear(row_summaries, second.w), 1, height, stride)
    column_steps = _windows(F.linear(column_summaries, second.w), 2, width, stride)
    rows = _sweep_both_ways(second, row_steps, smooth)
    columns = _sweep_both_ways(second, column_steps, smooth)
    out = torch.cat((rows, columns), dim=-1).permute(0, 3, 1, 2)
    if replicate_last:
        out = torch.cat((out, out[:, :, -1:]), dim=2)
        out = torch.cat((out, out[:, :, :, -1:]), dim=3)
    return out.contiguous()


@torch.library.custom_op("mcu_vision::rnn_pool", mutates_args=())
def rnn_pool_op(
    x: Tensor,
    w1: Tensor,
    u1: Tensor,
    gate_bias1: Tensor,
    bias1: Tensor,
    w2: Tensor,
    u2: Tensor,
    gate_bias2: Tensor,
    bias2: Tensor,
    zeta1: float,
    nu1: float,
    zeta2: float,
    nu2: float,
    patch_h: int,
    patch_w: int,
    stride: int,
    smooth: bool,
    replicate_last: bool,
) -> Tensor:
    """`rnn_pool` as one operator, so that an exported program keeps it as one node."""
    first = Cell(w1, u1, gate_bias1, bias1, zeta1, nu1)
    second = Cell(w2, u2, gate_bias2, bias2, zeta2, nu2)
    return rnn_pool(x, first, second, (patch_h, patch_w), stride, smooth, replicate_last)


@rnn_pool_op.register_fake
def _(
    x: Tensor, w1: Tensor, u1: Tensor, gate_bias1: Tensor, bias1: Tensor,
    w2: Tensor, u2: Tensor, gate_bias2: Tensor, bias2: Tensor,
    zeta1: float, nu1: float, zeta2: float, nu2: float,
    patch_h: int, patch_w: int, stride: int, smooth: bool, replicate_last: bool,
) -> Tensor:  # fmt: skip
    rows = (x.shape[2] - patch_h) // stride + 1 + int(replicate_last)
    columns = (x.shape[3] - patch_w) // stride + 1 + int(replicate_last)
    return x.new_empty((x.shape[0], 4 * w2.shape[0], rows, columns))


class RNNPool(nn.Module):
    """RNNPool(patch, stride) over (N, C, H, W); see `rnn_pool` for the shape and order of the result.

    smooth: sigmoid and tanh instead of the piecewise-linear clip((x + 1)/2, 0, 1) and clip(x, -1, 1).
    density: fractions of w1, u1, w2, u2 that `apply_sparsity` leaves non-zero (None: all).
    """

    def __init__(
        self,
        channels: int,
        hidden1: int,
        hidden2: int,
        patch: int | tuple[int, int],
        stride: int,
        *,
        smooth: bool = False,
        replicate_last: bool = False,
        density: tuple[float, float, float, float] | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.hidden1, self.hidden2 = channels, hidden1, hidden2
        self.patch = (patch, patch) if isinstance(patch, int) else patch
        self.stride, self.smooth, self.replicate_last = stride, smooth, replicate_last
        self.density = density
        self.zeta1, self.nu1, self.zeta2, self.nu2 = 1.0, 0.0, 1.0, 0.0
        self.w1 = nn.Parameter(torch.randn(hidden1, channels) * 0.5 / channels**0.5)
        self.u1 = nn.Parameter(torch.randn(hidden1, hidden1) * 0.5 / hidden1**0.5)
        self.gate_bias1 = nn.Parameter(torch.full((hidden1,), 0.5))
        self.bias1 = nn.Parameter(torch.zeros(hidden1))
        self.w2 = nn.Parameter(torch.randn(hidden2, hidden1) / hidden1**0.5)
        self.u2 = nn.Parameter(torch.randn(hidden2, hidden2) * 0.5 / hidden2**0.5)
        self.gate_bias2 = nn.Parameter(torch.full((hidden2,), 0.5))
        self.bias2 = nn.Parameter(torch.zeros(hidden2))

    @property
    def out_channels(self) -> int:
        """Channels of the result."""
        return 4 * self.hidden2

    @torch.no_grad()
    def apply_sparsity(self) -> None:
        """Zero all but the largest entries of each matrix, to `density` (iterative hard thresholding)."""
        if self.density is None:
            return
        for matrix, density in zip((self.w1, self.u1, self.w2, self.u2), self.density, strict=True):
            keep = max(1, round(matrix.numel() * density))
            kept = matrix.abs().flatten().topk(keep).indices
            mask = torch.zeros(matrix.numel(), dtype=matrix.dtype).scatter_(0, kept, 1.0)
            matrix.mul_(mask.view_as(matrix))

    @torch.no_grad()
    def load_edgeml_state_dict(self, state: Mapping[str, Tensor], prefix: str = "") -> None:
        """Take the weights of EdgeML's `RNNPool` from `state`, whose keys begin with `prefix`.

        EdgeML learns zeta and nu behind a sigmoid. Its channels come in our order: first the pass that it
        calls "across columns", which reads each row left to right. Nothing has to be permuted. Raises
        UserError if an entry is missing or has another size.
        """
        for number, cell in ((1, "cell_rnn"), (2, "cell_bidirrnn")):
            for ours, theirs in (("w", "W"), ("u", "U"), ("gate_bias", "bias_gate"), ("bias", "bias_update")):
                key = f"{prefix}{cell}.cell.{theirs}"
                target: Tensor = getattr(self, f"{ours}{number}")
                if key not in state or state[key].numel() != target.numel():
                    raise UserError(
                        f"the state dict has no {key} of shape {tuple(target.shape)}; "
                        "give the prefix and the sizes of its RNNPool"
                    )
                target.copy_(state[key].reshape(target.shape))
            for name in ("zeta", "nu"):
                value = state.get(f"{prefix}{cell}.cell.{name}")
                if value is not None:
                    setattr(self, f"{name}{number}", float(torch.sigmoid(value)))

    def extra_repr(self) -> str:
        return f"{self.channels} -> {self.out_channels}, patch={self.patch}, stride={self.stride}"

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            first = Cell(self.w1, self.u1, self.gate_bias1, self.bias1, self.zeta1, self.nu1)
            second = Cell(self.w2, self.u2, self.gate_bias2, self.bias2, self.zeta2, self.nu2)
            return rnn_pool(x, first, second, self.patch, self.stride, self.smooth, self.replicate_last)
        result: Tensor = rnn_pool_op(
            x, self.w1, self.u1, self.gate_bias1, self.bias1,
            self.w2, self.u2, self.gate_bias2, self.bias2,
            self.zeta1, self.nu1, self.zeta2, self.nu2,
            *self.patch, self.stride, self.smooth, self.replicate_last,
        )  # fmt: skip
        return result
