"""Joins the stages: model -> program -> sources -> firmware -> measured build."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import mcu_vision
from mcu_vision.boards import Board, load_board
from mcu_vision.cli.candidates import int8_graph
from mcu_vision.cli.emulated import EmulatedModel, Inference
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.planning import arena_budget, plan_for_board
from mcu_vision.cli.robot_sample import write_robot_sample
from mcu_vision.codegen import ConsoleOptions, c_identifier, generate_sources
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_directory
from mcu_vision.frontends.tflite import import_tflite
from mcu_vision.ir import Graph
from mcu_vision.models.network_config import read_network
from mcu_vision.plan import PlanOptions, Program
from mcu_vision.report import build_report
from mcu_vision.resources import resource
from mcu_vision.saved_model import load_graph, save_graph
from mcu_vision.toolchain import FirmwareImage, find_toolchain, firmware_sources

WEIGHTS = Path(mcu_vision.__file__).parent / "models" / "weights"


@dataclass(frozen=True)
class Build:
    """A finished build: its folder, what was built how, its summary (what `build --json` prints)."""

    folder: Path
    graph: Graph
    board: Board
    options: PlanOptions
    summary: dict[str, Any]
    console: ConsoleOptions = field(default_factory=ConsoleOptions)

    @cached_property
    def program(self) -> Program:
        """The plan, made again: the same inputs give the same plan."""
        return plan_for_board(self.graph, self.board, self.options)

    @property
    def elf(self) -> Path:
        """The firmware."""
        return self.folder / "firmware.elf"

    @property
    def prefix(self) -> str:
        """Prefix of the model's C functions."""
        return c_identifier(self.graph.name)


def shipped_models() -> list[str]:
    """Names of the quantised models in the package."""
    return sorted(p.name.removesuffix(".int8.safetensors") for p in WEIGHTS.glob("*.int8.safetensors"))


def find_model(model: str) -> Path:
    """The file of a shipped model's name, or the path itself. Raises UserError if there is neither.

    A network description net.toml stands for net.int8.safetensors, if that lies beside it.
    """
    shipped = WEIGHTS / f"{model}.int8.safetensors"
    if shipped.is_file():
        return shipped
    path = Path(model)
    beside = path.with_suffix(".int8.safetensors")
    if path.suffix == ".toml" and beside.is_file():
        return beside
    if path.is_file():
        return path
    names = ", ".join(shipped_models())
    raise UserError(
        f"no model {model!r}: name a shipped one ({names}), a saved quantised model, a .tflite file or a .toml"
    )


def load_model(path: Path) -> Graph:
    """The quantised graph of a saved model, of an int8 .tflite file, or, with random weights, of a network description.

    Raises UserError if the file is none of these.
    """
    if path.suffix == ".toml":
        return int8_graph(read_network(path))
    return import_tflite(path) if path.suffix.lower() == ".tflite" else load_graph(path)


def _fingerprint(model: Path, board: Board) -> str:
    """Changes when anything that goes into a build does, but for the options that choose among equals."""
    digest = hashlib.sha256(f"{mcu_vision.__version__}\n{board}\n".encode())
    digest.update(model.read_bytes())
    for root in (resource("firmware"), resource("codegen_templates")):
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def build_model(
    model: str,
    board_name: str,
    toolchain_name: str,
    build_dir: Path,
    options: PlanOptions,
    console: ConsoleOptions | None = None,
) -> Build:
    """Build the firmware of `model` into build_dir/<model>, replacing what is there when all has succeeded.

    Raises UserError; see `for_console`.
    """
    console = console or ConsoleOptions()
    options = for_console(options, console)
    path = find_model(model)
    graph = load_model(path)
    board = load_board(board_name)
    toolchain = find_toolchain(toolchain_name)
    program = plan_for_board(graph, board, options)
    folder = (build_dir / graph.name).resolve()
    with atomic_directory(folder) as staging:
        sources = staging / "src"
        sources.mkdir()
        generate_sources(program, sources, console)
        save_graph(graph, staging / "model.int8.safetensors")
        write_robot_sample(program, staging / "renode")
        image = toolchain.build_firmware(firmware_sources(), sources, staging, board)
        inference, stack_bytes = measure_build(image, program, board)
        ram_bytes = options.ram_bytes or board.ram_budget_bytes
        summary = _summarize(folder, program, board, image, inference, stack_bytes, ram_bytes)
        _check_budget(summary)
        cycles = [step.cycles_estimated for step in inference.steps]
        budget = arena_budget(graph, board, options)
        (staging / "report.html").write_text(build_report(program, board.title, summary, cycles, budget))
        record = {
            "fingerprint": _fingerprint(path, board),
            "options": asdict(options),
            "console": asdict(console),
            "summary": summary,
        }
        (staging / "build.json").write_text(json.dumps(record, indent=2))
    return Build(folder, graph, board, options, summary, console)


def take_build(model: str, board_name: str, toolchain_name: str, build_dir: Path) -> Build:
    """The finished build of `model` if its inputs have not changed, else a new one, planned as that one was.

    A toolchain of "auto" takes whichever the finished build was made with.
    """
    path = find_model(model)
    graph = load_model(path)
    board = load_board(board_name)
    folder = (build_dir / graph.name).resolve()
    try:
        record = json.loads((folder / "build.json").read_text())
    except (OSError, ValueError):
        record = {}
    summary = record.get("summary", {})
    if (
        record.get("fingerprint") == _fingerprint(path, board)
        and toolchain_name in ("auto", summary.get("toolchain"))
        and (folder / "firmware.elf").is_file()
    ):
        planned, console = _options(record)
        return Build(folder, graph, board, planned, summary, console)
    return build_model(model, board_name, toolchain_name, build_dir, *_options(record))


def _options(record: dict[str, Any]) -> tuple[PlanOptions, ConsoleOptions]:
    """The options of a recorded build; the default ones if there is none, or another version wrote it."""
    try:
        return PlanOptions(**record["options"]), ConsoleOptions(**record["console"])
    except (KeyError, TypeError, ValueError):
        return PlanOptions(), ConsoleOptions()


def for_console(options: PlanOptions, console: ConsoleOptions) -> PlanOptions:
    """How to plan for `console`: MLPerf Tiny loads an image once and runs it many times.

    Raises UserError if the image is not to be in RAM.
    """
    if console.kind != "mlperf":
        return options
    if options.input == "rows":
        raise UserError("--console mlperf loads a whole image into RAM; leave out --input rows")
    return replace(options, preserve_input=True)


def _shown(path: Path) -> str:
    """A path relative to the working folder if it lies below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _summarize(
    folder: Path, program: Program, board: Board, image: FirmwareImage, inference: Inference, stack: int, ram_bytes: int
) -> dict[str, Any]:
    input_bytes = 0 if program.pulls_rows else program.graph.input.size_bytes
    regions, items = {}, {"input": input_bytes, "arena": -input_bytes, "stack": stack}
    for name, usage in image.sizes.ram.items():
        used = usage.used_bytes - (usage.items.get(".stack", stack) - stack if ".stack" in usage.items else 0)
        regions[name] = {"used_bytes": used, "size_bytes": usage.size_bytes}
        for section, size in usage.items.items():
            if section.startswith(".arena"):
                items["arena"] += size
            elif section.startswith(".weights"):
                items["weights"] = items.get("weights", 0) + size
            elif section != ".stack":
                items[section.lstrip(".")] = size
    peak = sum(r["used_bytes"] for r in regions.values())
    items["padding"] = peak - sum(items.values())
    return {
        "model": program.graph.name,
        "board": board.name,
        "toolchain": image.toolchain,
        "elf": _shown(folder / "firmware.elf"),
        "bin": _shown(folder / "firmware.bin"),
        "hex": _shown(folder / "firmware.hex"),
        "src_dir": _shown(folder / "src"),
        "report": _shown(folder / "report.html"),
        "ram": {
            "peak_bytes": peak,
            "budget_bytes": ram_bytes,
            "regions": regions,
            "items": items,
        },
        "flash_bytes": image.sizes.flash_bytes,
        "macs": program.graph.macs(),
        **inference.figures(board.clock_hz),
    }


def _check_budget(summary: dict[str, Any]) -> None:
    """Raise UserError if the firmware takes more RAM than it may."""
    peak, budget = summary["ram"]["peak_bytes"], summary["ram"]["budget_bytes"]
    if peak > budget:
        raise UserError(
            f"{summary['model']} takes {peak:,} B of RAM, {peak - budget:,} B more than --ram {budget}; "
            f"raise it to {peak}, or try --optimize ram, --recompute or --input rows"
        )


def measure_build(image: FirmwareImage, program: Program, board: Board) -> tuple[Inference, int]:
    """Run one inference of the sample photo on the emulated board; what it took, and bytes of stack used.

    Rows are asked for over the console too, where the firmware can, because that takes another stack. The stack is
    that of this run: an interrupt where it was deepest, or one that saves floating-point registers, as all do once
    results have been printed, would take more.
    Raises ArenaViolation if the firmware does not keep to the plan.
    """
    prefix = c_identifier(program.graph.name)
    with EmulatedModel(image.elf, board, prefix, check_alignment=True, guard=program) as emulated:
        _, height, width, channels = program.graph.input.shape
        emulated.write_image(letterbox(load_photo(None), width, height, channels)[0])
        inference = emulated.infer()
        if program.pulls_rows:
            emulated.ask_for_rows()
        return inference, emulated.board.stack_high_water()
