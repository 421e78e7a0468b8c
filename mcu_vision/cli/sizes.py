"""Sizes of memory as people write them."""

import re

from mcu_vision.errors import UserError

UNITS = {"": 1, "b": 1, "k": 1024, "kb": 1024, "kib": 1024, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20}


def parse_bytes(text: str, option: str) -> int:
    """Bytes of "98304", "96K", "96 KB" or "96KiB" (K = 1024). Raises UserError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or float(match[1]) * unit < 1:
        raise UserError(f"{option} {text!r} is no size of memory; write bytes or K: {option} 98304, {option} 96K")
    return int(float(match[1]) * unit)
