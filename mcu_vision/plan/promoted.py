"""A constant of a kernel that lies in RAM instead of flash."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PromotedConstant:
    """Field `constant` of the kernel's parameters of operator `op`, in `region`, which start-up code fills.

    size_bytes: rounded up to whole words. Equal constants of several operators are one: all but the first have 0.
    cycles_saved: waits for flash that an inference does without, estimated; of all its readers, at the first.
    """

    op: str
    constant: str
    region: str
    size_bytes: int
    cycles_saved: int
