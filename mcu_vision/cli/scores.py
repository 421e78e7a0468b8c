"""What a model that is no detector gives, with the names of its classes."""

from math import prod
from pathlib import Path
from typing import Any

from rich.console import Console

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph

MOST_SHOWN = 10


def class_labels(graph: Graph, file: Path | None) -> list[str]:
    """A name for each value of output 0: from a file of one a line, else the model's own; none if it has none.

    Raises UserError if the file cannot be read, or names another number of classes than there are.
    """
    labels: list[str] = graph.metadata.get("labels", [])
    if file is None:
        return labels
    try:
        labels = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read --labels {file}: {error}; name a text file of one class a line") from error
    count = prod(graph.tensors[graph.outputs[0]].shape)
    if len(labels) != count:
        raise UserError(f"--labels {file} names {len(labels)} classes, but {graph.name} has {count}: one name a line")
    return labels


def other_outputs(graph: Graph) -> list[dict[str, Any]]:
    """Shape and quantisation of each output behind the first."""
    tensors = [(i, graph.tensors[name]) for i, name in enumerate(graph.outputs) if i]
    return [
        {
            "output": i,
            "shape": list(t.shape),
            "dtype": t.dtype,
            "scale": t.quant.scale,
            "zero_point": t.quant.zero_point,
        }
        for i, t in tensors
    ]


def print_scores(console: Console, summary: dict[str, Any], name: object) -> None:
    """The best scores first, where there are many; then what other outputs there are."""
    scores = summary["scores"]
    labels = summary["labels"] or [f"class {i}" for i in range(len(scores))]
    order = list(range(len(scores)))
    if len(order) > MOST_SHOWN:
        order = sorted(order, key=lambda i: -scores[i])[:MOST_SHOWN]
        console.print(f"scores of {name}, the best {MOST_SHOWN} of {len(scores)}:")
    else:
        console.print(f"scores of {name}:")
    for i in order:
        console.print(f"  {scores[i]:.3f}  {labels[i]}")
    for other in summary["other_outputs"]:
        shape = " x ".join(str(n) for n in other["shape"][1:])
        console.print(f"output {other['output']}: {shape} {other['dtype']}; --json has its scale, the C API its bytes")
