"""The light detectors beside what they are measured against: size, work, and what the board needs.

    python benchmarks/light_detectors.py                 # the tables, of the kept figures
    python benchmarks/light_detectors.py --sizes         # parameters, bytes and work alone, computed anew in seconds
    python benchmarks/light_detectors.py --measure light,card-det --write
    python benchmarks/light_detectors.py --train light,separate,twin --data faces/ --write
    python benchmarks/light_detectors.py --distil cards/ --write
    python benchmarks/light_detectors.py --draw docs/images/fused-loss.png
    python benchmarks/light_detectors.py --frames        # frames a second of the card detectors in PyTorch here

--measure builds networks with random weights for the STM32F439, runs a picture, and compares every tensor with the
integer reference; RAM is measured, cycles are estimates. --train gives each network the same budget on one thread
(FACES); losses and average precision after each pass are kept, and the best weights' on FDDB's fold 9. --distil trains
the card detectors in a folder (card_distillation.py). Trainings that were cut off go on.
Figures are kept in benchmarks/results/light_detectors.json.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from card_distillation import distil
from detector_training import Budget, float_graph, train_detector
from ram import check_bytes
from random_models import CACHE, random_model
from torch import nn

from mcu_vision.cli.evaluate_faces import read_test_faces, score_faces
from mcu_vision.cli.pipeline import build_model
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.errors import UserError
from mcu_vision.evaluate.average_precision import precision_recall
from mcu_vision.files import atomic_write
from mcu_vision.models.card_det import card_det, card_teacher, retinanet_r50
from mcu_vision.models.cht_det import cht_det, cht_det_mcu
from mcu_vision.models.detector import Detector
from mcu_vision.plan import PlanOptions
from mcu_vision.report.axes import Axes
from mcu_vision.report.drawing import Dot, Drawing, Line, Shape, Text
from mcu_vision.report.png import to_png

KEPT = Path(__file__).resolve().parent / "results" / "light_detectors.json"
PUBLISHED = {
    "Chunghwa Telecom's": "4.68 MB, 8.96 GOP an image, mAP 49.25 %, 128.4 ms on a Drive PX2",
    "the light card detector": "2.8 times as fast as its RetinaNet-R50",
}
FULL: dict[str, Callable[[], Detector]] = {
    "cht-det, Lite2": cht_det,
    "cht-det, Lite3": lambda: cht_det(3),
    "its twin: pyramid, regular towers": lambda: cht_det(2, light_neck=False, separable_head=False),
    "cht-det, RNNPool stem": lambda: cht_det(2, pool=True),
}
SAVINGS: dict[str, Callable[[], Detector]] = {
    "light": cht_det_mcu,
    "pyramid": lambda: cht_det_mcu(light_neck=False),
    "regular": lambda: cht_det_mcu(separable_head=False),
    "twin": lambda: cht_det_mcu(light_neck=False, separable_head=False),
    "pool": lambda: cht_det_mcu(pool=True),
}
"""cht-det-mcu; without its light neck; without its separable head; without both; with an RNNPool as the stem."""
CARDS: dict[str, Callable[[], Detector]] = {
    "card-det": card_det,
    "card-pool": lambda: card_det(pool=True),
    "card-teacher": card_teacher,
    "retinanet-r50": retinanet_r50,
}
TRAINED: dict[str, tuple[str, str]] = {
    "light": ("light", "fused"),
    "separate": ("light", "separate"),
    "pyramid": ("pyramid", "fused"),
    "regular": ("regular", "fused"),
    "twin": ("twin", "separate"),
}
"""Network and loss of each training: all three savings, each taken away, and none."""
FACES = Budget(epochs=12, steps=160)
"""Of each of these trainings: 30,720 frames."""
IOU_THRESHOLDS = (0.4, 0.5, 0.75)
FDDB_SIZES = ("16-64", ">=32", "all")
CONVERGENCE = {"light": ("fused losses", "live"), "separate": ("separate losses", "budget")}
"""Trainings of one network by their losses, with the colour of each."""
ON_BOARD = ("light", "pyramid", "regular", "twin", "pool", "card-det", "card-pool")
RUNS = 5


def sizes(make: Callable[[], Detector]) -> dict[str, int]:
    """Parameters, multiply-accumulates of the convolutions, and bytes of their int8 weights with int32 biases."""
    work = 0

    def count(module: nn.Conv2d, inputs: Any, output: torch.Tensor) -> None:
        nonlocal work
        work += output[0].numel() * module.weight[0].numel()

    model = make().eval()
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    for module in convolutions:
        module.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, model.spec.channels, model.spec.height, model.spec.width))
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": work,
        "int8_bytes": sum(m.weight.numel() + 4 * m.out_channels for m in convolutions),
    }


def measure(name: str, make: Callable[[], Detector], cache: Path) -> dict[str, Any]:
    """Build, run and compare. Raises UserError if it does not fit the board or a byte differs."""
    path = random_model(name, cache, make)
    build = build_model(str(path), "stm32f439", "zig", cache.expanduser() / "builds", PlanOptions())
    check_bytes(build, build.program)
    summary = build.summary
    return {
        "macs": summary["macs"],
        "ram_bytes": summary["ram"]["peak_bytes"],
        "flash_bytes": summary["flash_bytes"],
        "instructions": summary["instructions"],
        "cycles_estimated": summary["cycles_estimated"],
        "time_ms_estimated": summary["time_ms_estimated"],
    }


def frames_a_second(make: Callable[[], Detector]) -> float:
    """Of one picture at a time in float on one thread of this machine: the median of RUNS, by CPU time."""
    torch.set_num_threads(1)
    model = make().eval()
    image = torch.rand(1, model.spec.channels, model.spec.height, model.spec.width)
    seconds = []
    with torch.no_grad():
        for _ in range(RUNS + 1):
            start = time.process_time()
            model(image)
            seconds.append(time.process_time() - start)
    return 1.0 / sorted(seconds[1:])[RUNS // 2]


def train(name: str, data: Path, cache: Path) -> dict[str, Any]:
    """Train under the budget.

    "history": frames seen, losses and average precision at IoU 0.4 after each pass. Average precision of the best
    weights: "validation", on the same photos by IoU; "fddb", on FDDB's fold 9 by height of the faces.
    """
    network, loss = TRAINED[name]
    samples, validation = read_face_folder(data)
    torch.manual_seed(0)
    model = SAVINGS[network]()
    out = cache.expanduser() / "runs" / f"{name}-{FACES.frames}"
    history = train_detector(model, loss, samples, validation, FACES, out, cache.expanduser())
    kept = ("classification_loss", "localization_loss", "ap", "ap_16_64", "ap_64")
    graph = float_graph(model, name)
    test = [sample for sample in read_test_faces(data) if sample.source == "fddb"]
    _, figures = score_faces("float", graph, test, workers=1)
    photos, _ = score_faces("float", graph, validation, workers=1)
    return {
        "history": [
            {"frames": entry["epoch"] * FACES.steps * FACES.batch} | {key: round(entry[key], 4) for key in kept}
            for entry in history
        ],
        "validation": {str(iou): round(precision_recall(photos, iou).average_precision, 4) for iou in IOU_THRESHOLDS},
        "fddb": {e["size"]: round(e["average_precision"], 4) for e in figures if e["size"] in FDDB_SIZES},
    }


def keep(figures: dict[str, Any]) -> None:
    """Write the kept figures."""
    atomic_write(KEPT, json.dumps(figures, indent=1, sort_keys=True) + "\n")


def print_sizes(kept: dict[str, Any]) -> None:
    """Tables of size and work, with what is kept of the board and of frames a second."""
    for title, group in (("cht-det", FULL), ("cht-det-mcu", SAVINGS), ("cards", CARDS)):
        print(f"\n| {title} | parameters | int8, B | MACs | RAM, B | M cycles, est. | time, est. | frames/s here |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        for name, make in group.items():
            size, board = sizes(make), kept.get("board", {}).get(name, {})
            cells = [name, f"{size['parameters']:,}", f"{size['int8_bytes']:,}", f"{size['macs']:,}"]
            cells += [f"{board['ram_bytes']:,}" if board else ""]
            cells += [f"{board['cycles_estimated'] / 1e6:.1f}" if board else ""]
            cells += [f"{board['time_ms_estimated']:.0f} ms" if board else ""]
            rate = kept.get("frames_a_second", {}).get(name)
            print(f"| {' | '.join(cells)} | {'' if rate is None else f'{rate:.1f}'} |")
    print_training(kept.get("training", {}))
    print_cards(kept.get("cards"))
    for name, text in PUBLISHED.items():
        print(f"\nPublished of {name}: {text}.")


def print_training(kept: dict[str, Any]) -> None:
    """Average precision of each training of `cht-det-mcu`, and by how much it is off the one with all savings."""
    columns = ("AP", "against light", "16 to 64 px", "from 64 px", "IoU 0.75", "FDDB 9", "FDDB 9, 16-64 px")
    print(f"\n| training | loss | frames | {' | '.join(columns)} |")
    print(f"|---|---|--:|{'--:|' * len(columns)}")
    for name in (name for name in TRAINED if name in kept):
        last, fddb = kept[name]["history"][-1], kept[name]["fddb"]
        cells = [name, TRAINED[name][1], f"{last['frames']:,}"]
        cells += [f"{last['ap']:.3f}"]
        cells += [f"{last['ap'] - kept['light']['history'][-1]['ap']:+.3f}" if "light" in kept else ""]
        cells += [f"{last['ap_16_64']:.3f}", f"{last['ap_64']:.3f}", f"{kept[name]['validation']['0.75']:.3f}"]
        cells += [f"{fddb['all']:.3f}", f"{fddb['16-64']:.3f}"]
        print(f"| {' | '.join(cells)} |")


def print_cards(kept: dict[str, Any] | None) -> None:
    """Average precision of the card detectors by source of the pictures and IoU."""
    if kept is None:
        return
    precisions = kept["average_precision"]
    columns = [(source, iou) for source, by_iou in precisions["teacher"].items() for iou in by_iou]
    print(f"\n| cards | {' | '.join(f'{source}, IoU {iou}' for source, iou in columns)} |")
    print(f"|---|{'--:|' * len(columns)}")
    for name, by_source in precisions.items():
        print(f"| {name} | {' | '.join(f'{by_source[source][iou]:.3f}' for source, iou in columns)} |")
    kinds = ("labelled", "unlabelled", "boxes_of_teacher", "ignored_of_teacher", "test")
    print(", ".join(f"{kept[kind]:,} {kind}" for kind in kinds), kept["frames"])


def draw_convergence(training: dict[str, Any]) -> Drawing:
    """Average precision by frames seen, of the fused and the separate losses."""
    curves = {name: [(e["frames"], e["ap"]) for e in training[name]["history"]] for name in CONVERGENCE}
    width, height, left, top = 760, 400, 66, 44
    frames = max(x for curve in curves.values() for x, _ in curve)
    axes = Axes(left, top, width - left - 20, height - top - 56, 1.03 * frames, 1.0)
    title = "cht-det-mcu: average precision on the validation photos by loss"
    shapes: list[Shape] = [axes.ground(), *axes.rules(), *axes.x_numbers()]
    for index, (name, (label, colour)) in enumerate(CONVERGENCE.items()):
        points = tuple((axes.x(x), axes.y(y)) for x, y in curves[name])
        shapes.append(Line(points, colour, 1.6, title=label))
        shapes += [Dot(x, y, 3.0, colour) for x, y in points]
        shapes.append(Text(width - 20 - 130 * (len(CONVERGENCE) - 1 - index), top - 11, label, colour, 12, "end"))
    shapes += [
        Text(left, 12, title, "ink", 14),
        Text(left, top - 11, "average precision at IoU 0.4", "muted"),
        Text(width - 20, height - 10, "frames seen", "muted", 11, "end"),
    ]
    return Drawing(width, height, title, shapes)


def main() -> int:
    """Measure what is asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", action="store_true", help="leave out kept figures")
    parser.add_argument("--measure", default="", metavar="NAMES", help=f"some of {','.join(ON_BOARD)}")
    parser.add_argument("--train", default="", metavar="NAMES", help=f"some of {','.join(TRAINED)}; needs --data")
    parser.add_argument("--data", type=Path, help="folder of face data, as `mcu-vision train` reads it")
    parser.add_argument("--distil", type=Path, metavar="FOLDER", help="train the card detectors, or go on, in FOLDER")
    parser.add_argument("--draw", type=Path, metavar="PNG", help="draw how the losses converge, from the kept figures")
    parser.add_argument("--frames", action="store_true", help="measure frames a second of the card detectors")
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of random models (default: {CACHE})")
    parser.add_argument("--json", action="store_true", help="print the kept and measured figures")
    options = parser.parse_args()
    names = [name for name in options.measure.split(",") if name]
    if set(names) - set(ON_BOARD):
        parser.error(f"unknown network {min(set(names) - set(ON_BOARD))!r}; choose some of {','.join(ON_BOARD)}")
    trainings = [name for name in options.train.split(",") if name]
    if set(trainings) - set(TRAINED):
        parser.error(f"unknown training {min(set(trainings) - set(TRAINED))!r}; choose some of {','.join(TRAINED)}")
    if trainings and options.data is None:
        parser.error("--train needs --data")
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.is_file() and not options.sizes else {}
    try:
        for name in names:
            kept.setdefault("board", {})[name] = measure(name, (SAVINGS | CARDS)[name], options.cache)
        for name in trainings:
            kept.setdefault("training", {})[name] = train(name, options.data, options.cache)
            if options.write:
                keep(kept)
        if options.distil:
            kept["cards"] = distil(options.distil)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if options.frames:
        kept["frames_a_second"] = {name: frames_a_second(make) for name, make in CARDS.items()}
    if options.write:
        keep(kept)
    if options.draw:
        atomic_write(options.draw, to_png(draw_convergence(kept["training"])))
    if options.json:
        print(json.dumps(kept, indent=1))
    else:
        print_sizes(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
