"""A build as one HTML file that needs no other."""

import base64
import io
from pathlib import Path
from typing import Any

import jinja2
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from mcu_vision.plan.program import Program, live_bytes

LARGEST_BANDS = 9


def build_report(program: Program, board: str, summary: dict[str, Any], cycles: list[int]) -> str:
    """HTML of a build: summary as `build --json` prints it, memory over time, operators; cycles of each step."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    plot = base64.b64encode(plot_memory(program, summary["ram"]["budget_bytes"])).decode()
    template = environment.get_template("build_report.html.j2")
    return template.render(summary=summary, board=board, plot=plot, operators=_operators(program, cycles))


def _operators(program: Program, cycles: list[int]) -> list[dict[str, Any]]:
    spent = [0] * len(program.graph.ops)
    for step, count in zip(program.schedule, cycles, strict=True):
        spent[step.op] += count
    rows = []
    for index, op in enumerate(program.graph.ops):
        tensor = program.graph.tensors[op.outputs[0]]
        buffer = program.buffer_of(tensor.name)
        rows.append(
            {
                "name": op.name,
                "kind": op.kind,
                "shape": " x ".join(map(str, tensor.shape[1:])),
                "macs": op.macs(program.graph),
                "rows": f"{buffer.capacity} of {tensor.rows}",
                "bytes": buffer.size_bytes,
                "region": buffer.region,
                "cycles": spent[index],
                "share": spent[index] / max(1, sum(spent)),
            }
        )
    return rows


def plot_memory(program: Program, budget_bytes: int) -> bytes:
    """PNG: bytes in use against the steps of the schedule, one band a buffer, the smallest together."""
    steps = range(len(program.schedule))
    ordered = sorted(program.buffers, key=lambda b: -b.size_bytes)
    bands = {b.name: b.live_bytes() for b in ordered[:LARGEST_BANDS]}
    rest = ordered[LARGEST_BANDS:]
    if rest:
        bands[f"{len(rest)} smaller"] = live_bytes(rest)
    figure, axes = plt.subplots(figsize=(11, 4.2), dpi=110)
    colours = [to_hex(plt.get_cmap("tab10")(i % 10)) for i in range(len(ordered[:LARGEST_BANDS]))] + ["#d0d5dc"]
    axes.stackplot(steps, *[band / 1024 for band in bands.values()], labels=list(bands), colors=colours)
    peak = int(program.live_bytes().max()) / 1024
    axes.axhline(peak, color="#444", linewidth=0.8, linestyle=":")
    axes.annotate(f"peak {peak:.1f} KB", (0, peak), textcoords="offset points", xytext=(4, 4), fontsize=9)
    budget = budget_bytes / 1024
    if budget < 2 * peak:
        axes.axhline(budget, color="#c0392b", linewidth=1)
    axes.set_ylim(0, max(peak * 1.15, budget * 1.05 if budget < 2 * peak else 0))
    axes.set_xlim(0, max(len(program.schedule) - 1, 1))
    axes.set_xlabel("step of the schedule")
    axes.set_ylabel("KB in use")
    title = f"budget {budget:.0f} KB" + ("" if budget < 2 * peak else " (above this picture)")
    axes.set_title(title, fontsize=9, loc="right", color="#c0392b")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    figure.tight_layout()
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    plt.close(figure)
    return stream.getvalue()
