"""Names of classes as a text file, packed with zip behind the model.

Source: TensorFlow Lite "Adding metadata to TensorFlow Lite models" (associated files).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

FILE_NAME = "labels.txt"


def pack_labels(labels: Sequence[str]) -> bytes:
    """What to append to the file; nothing for no labels. Equal labels give equal bytes."""
    if not labels:
        return b""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(FILE_NAME), "\n".join(labels) + "\n")
    return packed.getvalue()
