"""Trains a network without batch norm for a few steps; run by test_processes.py, alone and under torchrun.

two_processes.py FOLDER EPOCHS [--resume]
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.training.processes import join_processes
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.trainer import Trainer
from mcu_vision.training.wake_word_dataset import WakeWordSquares
from mcu_vision.training.wake_word_task import WakeWordTask


def main() -> None:
    """Write the figures of the last epoch to FOLDER/figures.json, by the first process."""
    folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    samples = [WakeWordSample(Path(), str(i), i % 2, i % 2, "drawn") for i in range(16)]
    squares = rng.integers(0, 256, (16, 16, 16, 3)).astype(np.uint8)
    data = WakeWordSquares(samples, squares, 16, 8, 3, seed=0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 2))
    options = TrainOptions(epochs=4, batch=8, lr=1e-2, workers=0, average_decay=0.5)
    fabric = join_processes()

    def validate(network: nn.Module) -> dict[str, float]:
        return {"weight": float(network[4].weight.double().abs().sum())}

    trainer = Trainer(model, WakeWordTask(), data, options, folder, validate, fabric=fabric)
    if "--resume" in sys.argv:
        trainer.resume()
    while trainer.epoch < epochs:
        figures = trainer._run_epoch(lambda _: None)
    if fabric.is_global_zero:
        (folder / "figures.json").write_text(json.dumps(figures | {"processes": fabric.world_size}))


if __name__ == "__main__":
    main()
