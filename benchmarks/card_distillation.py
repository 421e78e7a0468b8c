"""Data distillation for ID cards: the heavy teacher labels hard pictures, the light detector learns from them.

    mcu-vision cards --out cards/ --train 600 --test 200 --unlabelled 200
    python benchmarks/card_distillation.py --data cards/ --write
    python benchmarks/card_distillation.py              # the table, of the kept figures

The teacher (models.card_det.card_teacher) learns from drawn easy cards; it labels hard ones (`mcu-vision label`); the
light one learns once from the easy cards alone, once from these and the teacher's labels, with as many frames. Average
precision at IoU 0.4 on easy and hard cards that none has seen. One thread, small budgets: all are trained for minutes.
Kept in benchmarks/results/card_distillation.json.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from detector_training import Budget, train_detector

from mcu_vision.cli.train_detector import FaceValidator
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.models import card_det
from mcu_vision.models.detector import Detector

KEPT = Path(__file__).resolve().parent / "results" / "card_distillation.json"
CACHE = Path("~/.cache/mcu-vision/card-distillation")
TEACHER = f"{card_det.__file__}:card_teacher"
BUDGETS = {
    "teacher": Budget(epochs=12, precision="bf16"),
    "alone": Budget(epochs=15, precision="bf16"),
    "distilled": Budget(epochs=15, precision="bf16"),
}
"""Of the teacher, of the light one on easy cards alone, and on these and the teacher's labels."""
KINDS = ("cards-easy", "cards-hard")


def train(
    name: str, make: Callable[[], Detector], samples: list[FaceSample], test: list[FaceSample], cache: Path
) -> dict[str, float]:
    """Train under the budget of `name`; average precision on all test pictures and on each kind."""
    torch.manual_seed(0)
    model = make()
    train_detector(model, "fused", samples, test[::4], BUDGETS[name], cache / name, cache)
    model.eval()
    parts = {"all": test} | {kind: [s for s in test if s.source == kind] for kind in KINDS}
    return {part: round(FaceValidator(chosen, model.spec, 16)(model)["ap"], 4) for part, chosen in parts.items()}


def label(data: Path, weights: Path, out: Path) -> list[FaceSample]:
    """The unlabelled pictures with the teacher's boxes; labels that are already there are taken."""
    if not out.exists():
        arguments = ("label", data / "unlabelled", "--teacher", TEACHER, "--weights", weights, "--out", out)
        subprocess.run([sys.executable, "-m", "mcu_vision", *map(str, arguments)], check=True)
    return read_shared_faces(out, "train")


def measure(data: Path, cache: Path) -> dict[str, Any]:
    """All trainings and the labels between them. Raises UserError if the data cannot be read."""
    easy, test = read_shared_faces(data, "train"), read_shared_faces(data, "test")
    figures: dict[str, Any] = {"teacher": train("teacher", card_det.card_teacher, easy, test, cache)}
    figures["alone"] = train("alone", card_det.card_det, easy, test, cache)
    labelled = label(data, cache / "teacher" / "best.safetensors", cache / "labelled")
    figures["distilled"] = train("distilled", card_det.card_det, easy + labelled, test, cache)
    counts = {"easy": len(easy), "labelled": len(labelled), "test": len(test)}
    counts |= {"boxes_of_the_teacher": sum(len(s.boxes) for s in labelled)}
    return {"average_precision": figures, "pictures": counts, "frames": {n: b.frames for n, b in BUDGETS.items()}}


def main() -> int:
    """Measure if there are data, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of `mcu-vision cards`; without it, kept figures are shown")
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of the runs (default: {CACHE})")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    try:
        kept = measure(options.data, options.cache.expanduser()) if options.data else kept
    except (UserError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.write and options.data:
        atomic_write(KEPT, json.dumps(kept, indent=1, sort_keys=True) + "\n")
    if options.json:
        print(json.dumps(kept, indent=1))
        return 0
    print("| trained | frames | AP, all | easy | hard |\n|---|--:|--:|--:|--:|")
    for name, figures in kept.get("average_precision", {}).items():
        cells = [name, f"{kept['frames'][name]:,}", *(f"{figures[part]:.3f}" for part in ("all", *KINDS))]
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
