"""Equal bytes, or the first tensor that differs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from mcu_vision.ir import Array, Graph
from mcu_vision.verify.executions import Execution


@dataclass(frozen=True)
class Difference:
    """The first tensor, in order of execution, that differs from the first execution's."""

    image: int
    execution: str
    operator: str
    kind: str
    tensor: str
    position: tuple[int, ...]
    expected: int
    actual: int
    differing: int
    elements: int

    def __str__(self) -> str:
        return (
            f"image {self.image}: {self.execution} differs at {self.tensor}{list(self.position)} "
            f"({self.kind} {self.operator}): {self.actual} instead of {self.expected}, "
            f"{self.differing} of {self.elements} elements differ"
        )


@dataclass(frozen=True)
class Verification:
    """Outcome of a comparison."""

    images: int
    executions: list[str]
    first_difference: Difference | None

    @property
    def equal(self) -> bool:
        """True if every tensor of every image was equal in all executions."""
        return self.first_difference is None

    def to_json(self) -> dict[str, object]:
        """The form that `verify --json` prints."""
        return {
            "images": self.images,
            "equal": self.equal,
            "executions": self.executions,
            "first_difference": asdict(self.first_difference) if self.first_difference else None,
        }


def verify_executions(graph: Graph, executions: dict[str, Execution], images: Iterable[Array]) -> Verification:
    """Run every image through all executions and compare every tensor with the first execution's.

    An execution may show the outputs of the graph alone; those it must.
    """
    names = list(executions)
    count = 0
    for count, image in enumerate(images, 1):
        expected = executions[names[0]](image)
        for name in names[1:]:
            difference = _first_difference(graph, count - 1, name, expected, executions[name](image))
            if difference:
                return Verification(count, names, difference)
    return Verification(count, names, None)


def _first_difference(
    graph: Graph, image: int, execution: str, expected: dict[str, Array], actual: dict[str, Array]
) -> Difference | None:
    missing = [name for name in graph.outputs if name not in actual]
    if missing:
        raise ValueError(f"{execution} did not give {', '.join(missing)}")
    for op in graph.ops:
        if op.outputs[0] not in actual:
            continue
        want, got = expected[op.outputs[0]], actual[op.outputs[0]]
        wrong = want != got
        if not np.any(wrong):
            continue
        position = tuple(int(i) for i in np.argwhere(wrong)[0])
        return Difference(
            image=image,
            execution=execution,
            operator=op.name,
            kind=op.kind,
            tensor=op.outputs[0],
            position=position,
            expected=int(want[position]),
            actual=int(got[position]),
            differing=int(wrong.sum()),
            elements=int(wrong.size),
        )
    return None
