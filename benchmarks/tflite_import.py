"""How long the import of .tflite files takes: python benchmarks/tflite_import.py [FILE.tflite ...]

Without files, one of Keras' MobileNets with random weights, of about a megabyte, is made first (needs tensorflow).
The bar is 5 s for a megabyte.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from mcu_vision.frontends.tflite import import_tflite

RUNS = 3


def import_seconds(path: Path) -> float:
    """The shortest of a few imports."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        import_tflite(path)
        best = min(best, time.perf_counter() - start)
    return best


def mobilenet(path: Path) -> Path:
    """MobileNetV1 of half width as an int8 file."""
    import tensorflow as tf

    network = tf.keras.applications.MobileNet((96, 96, 3), alpha=0.5, weights=None, classes=1000)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    random = np.random.default_rng(0)
    images = [[random.uniform(-1, 1, (1, 96, 96, 3)).astype(np.float32)] for _ in range(2)]
    converter.representative_dataset = lambda: images
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())
    return path


def main() -> None:
    """Print a row for each file."""
    table = Table("file", "bytes", "operators", "seconds", "seconds a MB")
    with tempfile.TemporaryDirectory() as folder:
        for path in map(Path, sys.argv[1:]) if sys.argv[1:] else [mobilenet(Path(folder) / "mobilenet.tflite")]:
            seconds, size = import_seconds(path), path.stat().st_size
            count = len(import_tflite(path).ops)
            table.add_row(path.name, f"{size:,}", str(count), f"{seconds:.3f}", f"{seconds * 1e6 / size:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
