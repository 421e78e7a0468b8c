"""What the import covers, as Markdown: docs/tflite.md holds these texts, and a test compares them."""

from __future__ import annotations

from mcu_vision.frontends.tflite.registry import HOW_IT_RUNS, INT16

NOT_COVERED = {
    "no int8 form in TensorFlow Lite's own interpreter (its converter writes them in float32, or decomposes them)": (
        "ADD_N CEIL COS CUMSUM FLOOR L2_POOL_2D ROUND SIN SQUARE ZEROS_LIKE"
    ),
    "fails where a divisor is 0; the converter writes division by a constant as MUL": "DIV",
    "divides stored values, whatever their scales are": "FLOOR_DIV FLOOR_MOD",
    "keeps a state from one inference to the next, which a model of one image has not; the published specification of "
    "8-bit quantisation defines no int8 form of recurrent layers (TensorFlow Lite's kernel is its own definition)": (
        "SVDF UNIDIRECTIONAL_SEQUENCE_LSTM"
    ),
    "control flow and variables": "ASSIGN_VARIABLE CALL_ONCE IF READ_VARIABLE VAR_HANDLE WHILE",
    "gives or takes truth values": (
        "EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_NOT LOGICAL_OR NOT_EQUAL SELECT_V2"
    ),
    "computes with shapes, indices or types while the model runs": (
        "BROADCAST_ARGS CAST DYNAMIC_UPDATE_SLICE EMBEDDING_LOOKUP FILL GATHER_ND SHAPE"
    ),
    "custom operators: detection post-processing (its boxes and scores can be the outputs), signal processing, "
    "Ethos-U": "CUSTOM",
}
"""Why operators of LiteRT for Microcontrollers are not imported, and which."""


def operator_table() -> str:
    """Every operator that is imported, whether with int16 activations too, and how it runs."""
    wide = {True: "yes", False: ""}
    rows = [f"| `{kind}` | {wide[kind in INT16]} | {how} |" for kind, how in sorted(HOW_IT_RUNS.items())]
    return "\n".join(["| operator | int16 too | how it runs |", "|---|---|---|", *rows])


def gaps() -> str:
    """The operators of LiteRT for Microcontrollers that are not, and why."""
    return "\n".join(f"- {', '.join(f'`{k}`' for k in kinds.split())}: {why};" for why, kinds in NOT_COVERED.items())
