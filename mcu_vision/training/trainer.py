"""The training loop: schedule, averaged weights, checkpoints, metrics."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from mcu_vision.errors import UserError
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.models.weights_file import save_weights
from mcu_vision.training.averaging import AveragedModel, estimate_batch_norm
from mcu_vision.training.checkpoint import append_metrics, load_checkpoint, save_checkpoint
from mcu_vision.training.processes import join_processes, share_batch, synchronize_norms
from mcu_vision.training.train_options import TrainOptions

Validator = Callable[[nn.Module], dict[str, float]]
Batch = Sequence[Tensor]
"""Images uint8 (N, C, H, W), then what the task's loss needs."""


class Batches(Protocol):
    """A data set that gives `len` batches a pass, other ones in each epoch."""

    batch: int

    def start_epoch(self, epoch: int, progress: float) -> None:
        """Called ahead of each pass; progress in [0, 1] is the share of the schedule that is done."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Task(Protocol):
    """What is learned: the names of the loss's parts, and these parts (scalars, to be summed) of a batch."""

    loss_names: tuple[str, ...]

    def loss(self, model: nn.Module, batch: Batch) -> Sequence[Tensor]: ...


def schedule(progress: float, warmup: float) -> float:
    """Factor of the learning rate at `progress` in [0, 1]: linear warm-up, then half a cosine to 1 %."""
    if progress < warmup:
        return progress / warmup
    rest = (progress - warmup) / max(1e-9, 1.0 - warmup)
    return 0.01 + 0.99 * 0.5 * (1.0 + cos(pi * min(1.0, rest)))


class Trainer:
    """Trains `model` for `task` on `data`; writes metrics.jsonl, checkpoint.pt and best.safetensors into `out`.

    validate: figures of a model on the CPU, of which "score" (more is better) chooses best.safetensors; without it
    the last weights are the best. fabric: the processes that share the work; each takes its part of every batch, so
    that the gradient is that of one process. Batch norm sees the whole batch on GPUs, its own part on CPUs.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        data: Batches,
        options: TrainOptions,
        out: Path,
        validate: Validator | None = None,
        metadata: dict[str, Any] | None = None,
        fabric: Fabric | None = None,
    ) -> None:
        self.fabric = fabric or join_processes()
        share_batch(options.batch, self.fabric)
        self.model, self.task, self.data = synchronize_norms(model, self.fabric), task, data
        self.options, self.out = options, out
        self.validate, self.metadata = validate, metadata or {}
        self._wrapped, self.optimizer = self.fabric.setup(self.model, _make_optimizer(self.model, options))
        self.average = AveragedModel(self.model, options.average_decay)
        self.epoch, self.best_score = 0, float("-inf")
        self._began = time.monotonic()
        self._pools = [m for m in self.model.modules() if isinstance(m, RNNPool)]
        self._batches_done, self.progress = 0, 0.0
        self._stem = stem_modules(self.model) if options.stem_until < 1.0 else []
        if self._stem and self.fabric.world_size > 1:
            raise UserError("a stem that stops learning cannot be shared by several processes; leave --stem-until at 1")
        if options.compile:
            for pool in self._pools:
                # One compilation for each input size: code for any size is slow, and slow to make.
                pool.compile(dynamic=False)

    def resume(self) -> None:
        """Go on from out/checkpoint.pt. Raises UserError if there is none."""
        state = load_checkpoint(self.out / "checkpoint.pt")
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.best_score = state["epoch"], state["best_score"]
        self._began = time.monotonic() - state["spent_s"]
        self._measure_progress()

    def run(self, console: Console | None = None) -> dict[str, Any]:
        """Train to the end, with a progress bar on `console`, and return the final figures."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        figures: dict[str, Any] = {"epoch": self.epoch}
        with Progress(*columns, console=console, disable=not self.fabric.is_global_zero) as progress:
            bar = progress.add_task("training", total=self.options.epochs * len(self.data))
            progress.advance(bar, self.epoch * len(self.data))
            while self.progress < 1.0 - 1e-9:
                figures = self._run_epoch(lambda text: progress.update(bar, advance=1, description=text))
        return figures | {"weights": str(self.out / "best.safetensors"), "best_score": self.best_score}

    def _measure_progress(self) -> None:
        """Set `progress`, the share of the schedule that is done: epochs, or time where that runs faster."""
        done = (self.epoch + self._batches_done / len(self.data)) / self.options.epochs
        if self.options.minutes is not None:
            done = max(done, (time.monotonic() - self._began) / (60 * self.options.minutes))
            done = self.fabric.broadcast(done)  # clocks differ
        self.progress = min(1.0, done)

    def _run_epoch(self, tell: Callable[[str], None]) -> dict[str, Any]:
        self.data.start_epoch(self.epoch, self.progress)
        self._wrapped.train()
        sums = torch.zeros(len(self.task.loss_names))
        source = cast("IterableDataset[Any]", self.data)
        loader: DataLoader[Any] = DataLoader(source, batch_size=None, num_workers=self.options.workers)
        start = time.monotonic()
        self._batches_done = 0
        for batch in loader:
            sums += self._step(batch)
            self._batches_done += 1
            self._measure_progress()
            parts = " + ".join(f"{part:.3f}" for part in (sums / self._batches_done).tolist())
            tell(f"epoch {self.epoch + 1} loss {parts}")
            if self.progress >= 1.0:
                break
        means = (sums / max(1, self._batches_done)).tolist()
        seconds = time.monotonic() - start
        images = self._batches_done * self.data.batch
        self.epoch, self._batches_done = self.epoch + 1, 0
        self._measure_progress()
        return self._finish_epoch(means, seconds, images)

    def _step(self, batch: Batch) -> Tensor:
        if self.progress >= self.options.stem_until:
            freeze(self._stem)
        warmup = self.options.warmup_epochs / self.options.epochs
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.lr * schedule(self.progress, warmup)
        own = tuple(t[self.fabric.global_rank :: self.fabric.world_size].to(self.fabric.device) for t in batch)
        parts = torch.stack(tuple(self.task.loss(self._wrapped, own)))
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(parts.sum())
        self.fabric.clip_gradients(self._wrapped, self.optimizer, max_norm=self.options.clip_norm)
        self.optimizer.step()
        for pool in self._pools:
            pool.apply_sparsity()
        self.average.update(self.model)
        mean: Tensor = self.fabric.all_reduce(parts.detach(), reduce_op="mean").cpu()  # type: ignore[union-attr]
        return mean

    def _finish_epoch(self, means: list[float], seconds: float, images: int) -> dict[str, Any]:
        figures: dict[str, Any] = {
            "epoch": self.epoch,
            "progress": round(self.progress, 4),
            "lr": self.optimizer.param_groups[0]["lr"],
            "images_per_s": images / seconds,
        } | dict(zip(self.task.loss_names, means, strict=True))
        model = self.average.model
        for module in model.modules():
            if isinstance(module, RNNPool):  # averages of weights whose zeros move are not zero
                module.apply_sparsity()
        if self.progress >= 1.0:
            pairs = zip(range(max(1, 2048 // self.data.batch)), self.data, strict=False)
            fixed = stem_modules(model) if self._stem else []
            estimate_batch_norm(model, (batch[0].to(self.fabric.device).float() / 255 for _, batch in pairs), fixed)
        if self.fabric.is_global_zero:
            self._keep(figures, model if self.fabric.device.type == "cpu" else copy.deepcopy(model).cpu())
        self.fabric.barrier()
        return figures

    def _keep(self, figures: dict[str, Any], model: nn.Module) -> None:
        """Validate and write."""
        if self.validate is not None:
            figures |= self.validate(model)
        append_metrics(self.out / "metrics.jsonl", figures)
        score = figures.get("score", float(self.epoch))
        if score > self.best_score:
            self.best_score = score
            recipe = {"options": asdict(self.options), "figures": figures} | self.metadata
            save_weights(self.out / "best.safetensors", model, recipe)
        self._save()

    def _save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "spent_s": time.monotonic() - self._began,
            "best_score": self.best_score,
        }
        save_checkpoint(self.out / "checkpoint.pt", state)


def stem_modules(model: nn.Module) -> list[nn.Module]:
    """Layers without parts, in order, up to the first RNNPool; none if there is no such."""
    leaves = [m for m in model.modules() if not list(m.children())]
    last = next((index for index, leaf in enumerate(leaves) if isinstance(leaf, RNNPool)), -1)
    return leaves[: last + 1]


def freeze(modules: Sequence[nn.Module]) -> None:
    """Learn no more, and let batch norms use their running statistics."""
    for module in modules:
        module.requires_grad_(False)
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _make_optimizer(model: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    # Recurrent biases, norms and scales are left free: decay would only pull them off their ranges.
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    if options.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=options.lr, momentum=0.9)
    return torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.99), fused=True)
