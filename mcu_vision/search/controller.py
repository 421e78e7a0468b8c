"""The policy that proposes networks, trained by REINFORCE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mcu_vision.search.space import Choice

BASELINE_DECAY = 0.95


class Controller:
    """A distribution for each decision, independent of the others; at first all options are alike.

    learning_rate: of Adam, 0 for a policy that stays uniform (random search). entropy: weight of a term that keeps
    options open.
    """

    def __init__(self, sizes: Sequence[int], learning_rate: float = 0.05, entropy: float = 0.0) -> None:
        self.logits = [torch.zeros(size, requires_grad=True) for size in sizes]
        self.optimizer = torch.optim.Adam(self.logits, lr=learning_rate, betas=(0.0, 0.999))
        self.entropy_weight = entropy
        self.baseline: float | None = None

    def propose(self, random: np.random.Generator) -> Choice:
        """A choice drawn from the policy."""
        return tuple(int(random.choice(len(p), p=p)) for p in self.probabilities())

    def best(self) -> Choice:
        """The most probable option of each decision."""
        return tuple(int(p.argmax()) for p in self.probabilities())

    def probabilities(self) -> list[np.ndarray]:
        """Of each decision's options, each float64 summing to 1."""
        return [torch.softmax(logits.detach().double(), 0).numpy() for logits in self.logits]

    def learn(self, choice: Choice, reward: float, active: Sequence[bool]) -> None:
        """A step of REINFORCE; active: the decisions that made the network.

        The baseline is a moving average of rewards, which makes the gradient's variance smaller.
        """
        before = reward if self.baseline is None else self.baseline
        advantage = reward - before
        self.baseline = BASELINE_DECAY * before + (1 - BASELINE_DECAY) * reward
        loss = torch.zeros(())
        for logits, option, used in zip(self.logits, choice, active, strict=True):
            if used:
                loss = loss - advantage * _log_softmax(logits)[option] - self.entropy_weight * _entropy(logits)
        self.optimizer.zero_grad()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()

    def entropy(self) -> float:
        """Mean over the decisions, 1 for uniform ones and 0 for certain ones."""
        parts = [float(_entropy(logits.detach()) / np.log(len(logits))) for logits in self.logits if len(logits) > 1]
        return sum(parts) / max(1, len(parts))

    def state(self) -> dict[str, Any]:
        """What `load` takes back."""
        logits = [x.detach().clone() for x in self.logits]
        return {"logits": logits, "optimizer": self.optimizer.state_dict(), "baseline": self.baseline}

    @torch.no_grad()
    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        for own, saved in zip(self.logits, state["logits"], strict=True):
            own.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.baseline = state["baseline"]


def _log_softmax(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, 0)


def _entropy(logits: Tensor) -> Tensor:
    logs = _log_softmax(logits)
    return -(logs.exp() * logs).sum()
