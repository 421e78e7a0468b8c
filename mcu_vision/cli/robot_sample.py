"""What Renode's robot suites need of a build: images as the model takes them, and what the reference makes of them."""

import zlib
from pathlib import Path

import numpy as np

from mcu_vision.cli.photos import load_photo
from mcu_vision.data.letterbox import letterbox
from mcu_vision.ir import Array
from mcu_vision.plan import Program
from mcu_vision.reference import quantize_input, run_graph


def write_robot_sample(program: Program, folder: Path) -> None:
    """Write sample.resource, and the images that it names, into the new `folder` of a build."""
    folder.mkdir()
    graph = program.graph
    _, height, width, channels = graph.input.shape
    is_detector = graph.metadata.get("task") == "detect"
    lines = [
        "*** Variables ***",
        "${ELF}    ${CURDIR}/../firmware.elf",
        f"${{MODEL}}    {graph.name}",
        f"${{TASK}}    {'detect' if is_detector else 'classify'}",
        f"${{INPUT}}    {width} {height} {channels} {graph.input.size_bytes}",
        f"${{INPUT_BYTES}}    {graph.input.size_bytes}",
        f"${{PULLS_ROWS}}    ${{{program.pulls_rows}}}",
    ]
    frames = {
        "photo": letterbox(load_photo(None), width, height, channels)[0],
        "blank": np.full((height, width, channels), 128, np.uint8),
    }
    for name, frame in frames.items():
        image = quantize_input(frame)
        (folder / f"{name}.bin").write_bytes(image.tobytes())
        results = run_graph(graph, image)
        outputs = [results[output] for output in graph.outputs]
        lines += [f"${{{name.upper()}}}    ${{CURDIR}}/{name}.bin", *_expected(name.upper(), outputs, is_detector)]
    (folder / "sample.resource").write_text("\n".join(lines) + "\n")


def _expected(name: str, outputs: list[Array], is_detector: bool) -> list[str]:
    checksums = [f"{zlib.crc32(output.tobytes()):08X}" for output in outputs]
    lines = ["    ".join([f"@{{{name}_CHECKSUMS}}", *checksums])]
    if is_detector:
        found = [box for box in outputs[0].reshape(-1, 5).tolist() if box[4] > 0]
        lines.append("    ".join([f"@{{{name}_BOXES}}", *(" ".join(map(str, box)) for box in found)]))
    lines.append(f"${{{name}_CLASS}}    {'none' if is_detector else int(outputs[0].argmax())}")
    return lines
