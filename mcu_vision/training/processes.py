"""The processes that share a training run: one alone, or those that torchrun started, on one host or several."""

from __future__ import annotations

import os

from lightning_fabric import Fabric
from torch import nn

from mcu_vision.errors import UserError

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def join_processes(precision: str = "32") -> Fabric:
    """Connect to the other processes; the accelerator is a GPU if there is one, else the CPU.

    precision: "32", "bf16" or "16" (mixed).
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", str(world)))
    fabric = Fabric(
        strategy="ddp" if world > 1 else "auto",
        devices=local,
        num_nodes=max(1, world // local),
        precision=PRECISIONS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def is_first_process() -> bool:
    """Whether this process writes files and prints."""
    return os.environ.get("RANK", "0") == "0"


def share_batch(batch: int, fabric: Fabric) -> None:
    """Check that a batch can be split. Raises UserError if it cannot."""
    if batch % fabric.world_size:
        raise UserError(f"--batch {batch} cannot be split over {fabric.world_size} processes; choose a multiple")


def synchronize_norms(model: nn.Module, fabric: Fabric) -> nn.Module:
    """Batch norm over the whole batch of all processes, where the accelerator can (GPUs alone)."""
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return converted
    return model
