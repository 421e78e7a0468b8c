"""Runs images on a board and sums up what it answered."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcu_vision.cli.pipeline import Build
from mcu_vision.cli.target_images import TargetImage
from mcu_vision.device.validation import BoardResult, BoardSession
from mcu_vision.evaluate.average_precision import ScoredImage
from mcu_vision.evaluate.face_accuracy import measure_accuracy, score_photo
from mcu_vision.ir import Array, Graph
from mcu_vision.plan import Program
from mcu_vision.reference import quantize_input, run_graph


@dataclass
class TargetFigures:
    """images, equal: how many were run, and gave the reference's bytes. cycles: of each operator, over all images."""

    program: Program
    images: int = 0
    equal: int = 0
    differences: list[str] = field(default_factory=list)
    cycles: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    labelled: int = 0
    right: int = 0
    scored: list[ScoredImage] = field(default_factory=list)
    stack_bytes: int = 0
    retries: int = 0

    def accuracy(self) -> dict[str, float | None]:
        """Accuracy of a classifier; average precision of a detector, by source of the photos."""
        if self.scored:
            figures = [figure for figure in measure_accuracy(self.scored) if figure.size == "all"]
            return {f"AP {figure.source}": figure.average_precision for figure in figures}
        return {"accuracy": self.right / self.labelled} if self.labelled else {}

    def to_json(self, clock_hz: int) -> dict[str, Any]:
        """As `validate --json` prints it; cycles and times are those of one image."""
        total = sum(self.cycles.values())
        ops = self.program.graph.ops
        return {
            "images": self.images,
            "equal": self.equal,
            "differences": self.differences,
            "accuracy": self.accuracy(),
            "cycles": total // self.images,
            "time_ms": round(1000 * total / self.images / clock_hz, 3),
            "stack_bytes": self.stack_bytes,
            "retries": self.retries,
            "operators": [
                {
                    "name": ops[index].name,
                    "kind": ops[index].kind,
                    "cycles": cycles // self.images,
                    "time_ms": round(1000 * cycles / self.images / clock_hz, 3),
                    "percent": round(100 * cycles / max(1, total), 1),
                }
                for index, cycles in sorted(self.cycles.items())
            ],
        }


def validate_images(build: Build, session: BoardSession, images: Iterable[TargetImage]) -> TargetFigures:
    """Run every image on the board and by the integer reference. Raises UserError where the board fails for good."""
    figures = TargetFigures(build.program)
    for image in images:
        frame = image.frame(build.graph)
        result = session.infer(frame)
        figures.images += 1
        _compare(build.graph, image, result, run_graph(build.graph, quantize_input(frame)), figures)
        for position, cycles in enumerate(result.step_cycles):
            figures.cycles[build.program.schedule[position].op] += cycles
        _judge(build.graph, image, result, figures)
    figures.stack_bytes, figures.retries = session.stack_bytes(), session.retries
    return figures


def _compare(
    graph: Graph, image: TargetImage, result: BoardResult, expected: dict[str, Array], figures: TargetFigures
) -> None:
    wrong = [
        (name, sum(a != b for a, b in zip(got, expected[name].tobytes(), strict=True)), len(got))
        for name, got in zip(graph.outputs, result.outputs, strict=True)
        if got != expected[name].tobytes()
    ]
    figures.equal += not wrong
    figures.differences += [f"{image.name}: {count} of {size} bytes of {name} differ" for name, count, size in wrong]


def _judge(graph: Graph, image: TargetImage, result: BoardResult, figures: TargetFigures) -> None:
    tensor = graph.tensors[graph.outputs[0]]
    output = np.frombuffer(result.outputs[0], tensor.dtype).reshape(tensor.shape)
    if image.faces is not None:
        _, height, width, channels = graph.input.shape
        figures.scored.append(score_photo(lambda _: output, (width, height, channels), image.faces))
    elif image.label is not None:
        figures.labelled += 1
        figures.right += int(output.argmax()) == image.label
