"""In which order operators run their steps."""

from mcu_vision.ir import Graph, Op
from mcu_vision.plan.program import Step

MODES = ("stream", "layers")


def schedule_steps(graph: Graph, mode: str) -> list[Step]:
    """Order the steps of all operators.

    "layers" finishes each operator before the next begins. "stream" always runs the operator farthest
    down the graph that has its rows, so that each map is kept only as long as its rows are still needed.
    """
    if mode == "layers":
        return [Step(i, s) for i, op in enumerate(graph.ops) for s in range(op.steps(graph))]
    if mode != "stream":
        raise ValueError(f"schedule mode must be one of {MODES}: {mode}")
    complete = {name: tensor.rows for name, tensor in graph.tensors.items() if name in graph.inputs}
    done = [0] * len(graph.ops)
    totals = [op.steps(graph) for op in graph.ops]
    schedule: list[Step] = []
    while True:
        index = next(
            (
                i
                for i in range(len(graph.ops) - 1, -1, -1)
                if done[i] < totals[i] and _ready(graph, graph.ops[i], done[i], complete)
            ),
            None,
        )
        if index is None:
            break
        op = graph.ops[index]
        schedule.append(Step(index, done[index]))
        complete[op.outputs[0]] = op.rows_written(graph, done[index])[1]
        done[index] += 1
    if done != totals:
        raise AssertionError("the schedule stopped before all operators had run")
    return schedule


def _ready(graph: Graph, op: Op, step: int, complete: dict[str, int]) -> bool:
    for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
        last = tensor.rows if window is None else window.span(step, tensor.rows)[1]
        if complete.get(tensor.name, 0) < last:
            return False
    return True
