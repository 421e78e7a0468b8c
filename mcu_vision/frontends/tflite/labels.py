"""Names of classes in a file's metadata: text files, packed with zip, behind the model.

Source: TensorFlow Lite "Adding metadata to TensorFlow Lite models" (associated files).
"""

from __future__ import annotations

import io
import zipfile
import zlib

MOST_BYTES = 1 << 20


def read_labels(data: bytes, count: int) -> list[str]:
    """One name for each of `count` classes, or none: what is no list of so many lines is not taken."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for entry in packed.infolist():
                if entry.filename.endswith(".txt") and entry.file_size <= MOST_BYTES:
                    labels = label_lines(packed.read(entry))
                    if len(labels) == count:
                        return labels
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        pass  # no zip, or a damaged one: the model counts, not what is behind it
    return []


def label_lines(text: bytes) -> list[str]:
    """The lines of a label file that are not empty."""
    return [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
