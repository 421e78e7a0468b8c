"""What a data loader's worker draws in one pass."""

from __future__ import annotations

import numpy as np
from torch.utils.data import get_worker_info


def worker_stream(seed: int, epoch: int, batches: int) -> tuple[np.random.Generator, range]:
    """The random stream of this epoch and worker, and which of the pass's `batches` are this worker's."""
    info = get_worker_info()
    worker, workers = (info.id, info.num_workers) if info else (0, 1)
    return np.random.default_rng((seed, epoch, worker)), range(worker, batches, workers)
