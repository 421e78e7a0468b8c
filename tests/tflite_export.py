"""What an exported .tflite file gives in the reference interpreter, and read again."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tflite_models import ReferenceInterpreter, import_bytes, tf

from mcu_vision.export.tflite import TfliteExport, export_tflite
from mcu_vision.ir import Array, Graph
from mcu_vision.reference import run_graph


class BuiltinReference(ReferenceInterpreter):
    """The resolver of the reference kernels, whatever the operators are; "reduced": without sums of int8."""

    def __init__(self, data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._interpreter = tf.lite.Interpreter(
                model_content=data, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
            )
        self._interpreter.allocate_tensors()
        self.input = self._interpreter.get_input_details()[0]


def check_export(graph: Graph, images: Sequence[Array], folder: Path, tolerance: int = 0) -> TfliteExport:
    """Every output is that of the integer reference: in the interpreter (within `tolerance`), and imported again."""
    exported = export_tflite(graph)
    # In the resolver of the reference kernels SUM of int8 gives nonsense; no other kernel of it rounds otherwise.
    sums = any(op.kind == "sum" for op in exported.graph.ops)
    interpreter = ReferenceInterpreter(exported.data) if sums else BuiltinReference(exported.data)
    back = import_bytes(exported.data, folder, "exported")
    names = exported.graph.outputs
    for image in images:
        expected = run_graph(exported.graph, image)
        again = run_graph(back, image.reshape(back.input.shape))
        results = interpreter.run(image.reshape(interpreter.input["shape"]))
        for name, name_again, result in zip(names, back.outputs, results, strict=True):
            want = expected[name].astype(np.int64)
            assert np.abs(want - result.reshape(want.shape)).max() <= tolerance, name
            np.testing.assert_array_equal(again[name_again].reshape(want.shape), want, name)
    return exported
