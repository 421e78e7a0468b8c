"""Damaged .tflite files: each is read, planned and run, or refused in one line, in little time and memory."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from types import TracebackType

import numpy as np
import pytest
import tflite_victim
from tflite_damage import damage_bytes, damage_tables
from tflite_networks import autoencoder, int16_activations, many_operators

REAL = Path(__file__).parents[2] / "data" / "person_detect" / "person_detect.tflite"


class Victim:
    """A process that takes damaged files; a new one where the last has died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def take(self, data: bytes) -> dict[str, str]:
        """What came of the file."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, tflite_victim.__file__, str(self._folder / "damaged.tflite")]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(struct.pack("<I", len(data)) + data)
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, str] = json.loads(line) if line else {"outcome": "died", "problem": "the process ended"}
        return answer


def packed_labels(count: int) -> bytes:
    """A zip of the names of classes, as it stands behind models with metadata."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", "\n".join(f"class {i}" for i in range(count)))
    return packed.getvalue()


def fuzz(folder: Path, first_seed: int, cases: int) -> Counter[str]:
    """Damage files in `cases` ways; how often each outcome was seen. A failure leaves its file in `folder`."""
    files = [many_operators(), autoencoder() + packed_labels(64), int16_activations(), REAL.read_bytes()]
    outcomes: Counter[str] = Counter()
    with Victim(folder) as victim:
        for seed in range(first_seed, first_seed + cases):
            random = np.random.default_rng(seed)
            damage = damage_bytes if random.random() < 0.4 else damage_tables
            data = damage(random, files[int(random.choice(4, p=[0.35, 0.15, 0.2, 0.3]))])
            answer = victim.take(data)
            outcomes[answer["outcome"]] += 1
            assert "problem" not in answer, f"seed {seed}, {folder / 'damaged.tflite'}: {answer['problem']}"
    return outcomes


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    outcomes = fuzz(tmp_path, 0, 300)
    assert outcomes["refused"] > 30
    assert outcomes["run"] > 30
    assert outcomes["read"] > 10


@pytest.mark.parametrize("seed", [8145, 13632])
def test_files_that_once_escaped(tmp_path: Path, seed: int) -> None:
    assert fuzz(tmp_path, seed, 1) == {"refused": 1}


@pytest.mark.slow
def test_many_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    fuzz(tmp_path, 1000, 10_000)
