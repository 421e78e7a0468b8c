"""The search: shared weights and controller trained in turn, and random search beside it.

After TuNAS (Bender et al., CVPR 2020): first the shared weights alone are trained, on networks drawn alike and with
all filters at first; then each step draws a network from the controller, trains its weights on a batch, and rewards
the controller for its quality on photos kept aside. The arm "random" goes on from the same weights for as many steps
with a controller that never learns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.search.controller import Controller
from mcu_vision.search.reward import UNFIT, absolute_reward
from mcu_vision.search.shared_network import SharedNetwork
from mcu_vision.search.space import Choice, Space
from mcu_vision.training.checkpoint import load_checkpoint, save_checkpoint
from mcu_vision.training.trainer import schedule

WARM_UP, ARMS = "warm-up", ("controller", "random")
MOST_PROPOSALS = 20
"""Networks that a step proposes until one fits."""
CLIP_NORM = 5.0

Forward = Callable[[Tensor], Any]
Record = dict[str, float | int | list[int]]
"""step, quality, cycles, reward, fits (0 or 1), entropy, and the choice."""


class Examples(Protocol):
    """What is learned. Equal numbers give equal batches, so that a search can be resumed."""

    def loss(self, forward: Forward, number: int) -> Tensor:
        """Of training batch `number`, a scalar."""

    def quality(self, forward: Forward, number: int) -> float:
        """On batch `number` of photos that are not trained on, in [0, 1]."""


@dataclass(frozen=True)
class SearchOptions:
    """steps: of each arm. warm_up: steps before. lr: of the shared weights. target_cycles, beta: of the reward.

    rated: networks of each arm that are rated at its end. judged: batches that judge a step's network; more make
    rewards less noisy.
    """

    target_cycles: float
    steps: int = 1000
    warm_up: int = 500
    lr: float = 2e-3
    controller_lr: float = 0.05
    entropy: float = 0.002
    beta: float = 1.0
    seed: int = 0
    rated: int = 32
    save_every: int = 25
    judged: int = 1


@dataclass(frozen=True)
class Costs:
    """What decides over a network beside its quality. cycles: estimated; fits: whether its RAM is there."""

    cycles: Callable[[NetworkConfig], float]
    fits: Callable[[NetworkConfig], bool]


class Search:
    """Runs the warm-up and both arms; each keeps its state in `folder`/<stage>.pt and goes on from there."""

    def __init__(self, space: Space, examples: Examples, costs: Costs, options: SearchOptions, folder: Path) -> None:
        self.space, self.examples, self.costs = space, examples, costs
        self.options, self.folder = options, folder
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.shared = SharedNetwork(space)
        self.shared.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.history: list[Record] = []

    def run(self, stage: str, tell: Callable[[int, Record], None] | None = None) -> list[Record]:
        """Run a stage to its end, or on from its checkpoint, and return its history; the arms need the warm-up.

        tell: called after each step with how many are done.
        """
        total = self.options.warm_up if stage == WARM_UP else self.options.steps
        optimizer, controller, step = self._load(stage)
        while step < total:
            self.shared.train()
            record = self._step(stage, step, total, optimizer, controller)
            self.history.append(record)
            step += 1
            if step % self.options.save_every == 0 or step == total:
                self._save(stage, step, optimizer, controller)
            if tell is not None:
                tell(step, record)
        self.controller = controller
        return self.history

    def _step(
        self, stage: str, step: int, total: int, optimizer: torch.optim.Optimizer, controller: Controller
    ) -> Record:
        offset = 0 if stage == WARM_UP else self.options.warm_up
        random = np.random.default_rng((self.options.seed, offset + step, ARMS.index(stage) if offset else 0))
        choice = self._choose(stage, step / total, controller, random)
        progress = (offset + step) / (self.options.warm_up + self.options.steps)
        for group in optimizer.param_groups:
            group["lr"] = self.options.lr * schedule(progress, 0.02)
        loss = self.examples.loss(lambda images: self.shared(images, choice), offset + step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.shared.parameters(), CLIP_NORM)
        optimizer.step()
        if stage == WARM_UP:
            return {"step": step, "loss": float(loss.detach())}
        judged = self.options.judged
        quality = self.quality(choice, range(step * judged, (step + 1) * judged))
        cycles = self.costs.cycles(self.space.network(choice))
        fits = self.costs.fits(self.space.network(choice))
        reward = UNFIT
        if fits:
            reward = absolute_reward(quality, cycles, self.options.target_cycles, self.options.beta)
            controller.learn(choice, reward, self.space.active(choice))
        figures: Record = {"step": step, "loss": float(loss.detach()), "quality": quality, "cycles": round(cycles)}
        return figures | {
            "reward": reward,
            "fits": int(fits),
            "entropy": controller.entropy(),
            "choice": list(choice),
        }

    def _choose(self, stage: str, progress: float, controller: Controller, random: np.random.Generator) -> Choice:
        """The network of a step: one that fits, unless none of many does."""
        if stage == WARM_UP:
            choice = self.space.draw(random)
            return self.space.widest(choice) if random.random() >= progress else choice
        choice = controller.propose(random)
        for _ in range(MOST_PROPOSALS):
            if self.costs.fits(self.space.network(choice)):
                break
            controller.learn(choice, UNFIT, self.space.active(choice))
            choice = controller.propose(random)
        return choice

    @torch.no_grad()
    def quality(self, choice: Choice, numbers: Sequence[int]) -> float:
        """Mean quality of a network with the shared weights on batches kept aside."""
        self.shared.eval()
        parts = [self.examples.quality(lambda images: self.shared(images, choice), number) for number in numbers]
        return sum(parts) / len(parts)

    def _new_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.shared.parameters(), lr=self.options.lr, weight_decay=0.01)

    def _new_controller(self, stage: str) -> Controller:
        rate = self.options.controller_lr if stage == ARMS[0] else 0.0
        return Controller(self.space.sizes, rate, self.options.entropy if rate else 0.0)

    def _load(self, stage: str) -> tuple[torch.optim.Optimizer, Controller, int]:
        """The stage's state: its own checkpoint, else the warm-up's end, else a fresh one."""
        optimizer, controller = self._new_optimizer(), self._new_controller(stage)
        self.history = []
        own = self._file(stage)
        if not own.is_file() and stage == WARM_UP:
            return optimizer, controller, 0
        state = load_checkpoint(own if own.is_file() else self._file(WARM_UP))
        self.shared.load_state_dict(state["shared"])
        optimizer.load_state_dict(state["optimizer"])
        if not own.is_file():
            return optimizer, controller, 0
        controller.load(state["controller"])
        self.history = state["history"]
        return optimizer, controller, state["step"]

    def _save(self, stage: str, step: int, optimizer: torch.optim.Optimizer, controller: Controller) -> None:
        state = {
            "step": step,
            "shared": self.shared.state_dict(),
            "optimizer": optimizer.state_dict(),
            "controller": controller.state(),
            "history": self.history,
        }
        save_checkpoint(self._file(stage), state)

    def _file(self, stage: str) -> Path:
        return self.folder / f"{stage}.pt"
