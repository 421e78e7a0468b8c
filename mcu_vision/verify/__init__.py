"""Checks that all executions of a model give equal bytes."""

from mcu_vision.verify.compare import Difference, Verification, verify_executions
from mcu_vision.verify.executions import (
    emulated_execution,
    host_execution,
    outputs_execution,
    reference_execution,
)

__all__ = [
    "Difference",
    "Verification",
    "emulated_execution",
    "host_execution",
    "outputs_execution",
    "reference_execution",
    "verify_executions",
]
