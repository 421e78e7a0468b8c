"""Detectors without their last part, which other tools' files cannot hold exactly."""

from dataclasses import replace

from mcu_vision.ir import Graph

DETECTION = ("decode_boxes", "non_max_suppression")


def without_detections(graph: Graph) -> tuple[Graph, list[str]]:
    """The graph up to the maps that boxes are decoded from, which become outputs, and a note that says so."""
    dropped = [op for op in graph.ops if op.kind in DETECTION]
    if not dropped:
        return graph, []
    gone = {op.outputs[0] for op in dropped}
    wanted = [name for name in graph.outputs if name not in gone]
    wanted += [name for op in dropped for name in op.inputs if name not in gone]
    outputs = tuple(dict.fromkeys(wanted))
    ops = [op for op in graph.ops if op.kind not in DETECTION]
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name not in gone}
    kept = replace(graph, tensors=tensors, ops=ops, outputs=outputs)
    note = f"decoding and suppression of boxes are left out: outputs are {', '.join(outputs)}"
    return kept, [note]
