"""Averaged weights, and batch-norm statistics measured for them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable

import torch
from torch import Tensor, nn


class AveragedModel:
    """Exponential moving average of a model's parameters and buffers, in `model`.

    The decay grows from 0 to `decay` over the first updates, so that early averages are not the start.
    """

    def __init__(self, source: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(source).eval().requires_grad_(False)
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """Take in the present weights of `source`."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for mean, value in zip(self.model.state_dict().values(), source.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1.0 - decay)
            else:
                mean.copy_(value)


@torch.no_grad()
def estimate_batch_norm(model: nn.Module, images: Iterable[Tensor], fixed: Collection[nn.Module] = ()) -> None:
    """Set running means and variances to their averages over `images`, batches of model inputs.

    fixed: modules whose statistics stay, since the others learned behind these very ones.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d) and m not in fixed]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
        norm.train()
    for image in images:
        model(image)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
