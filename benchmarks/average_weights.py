"""Average two trainings of one detector, weight by weight, and measure batch norm's statistics anew for the result.

    python benchmarks/average_weights.py face-m4 before.safetensors after.safetensors --out face-m4.safetensors

Of a model and what it became on other frames: the mean keeps more of both than either (model soups, Wortsman et al.,
ICML 2022). --share is the second's part. The frames of --data that measure the statistics are `whole_photos`, photos of
FDDB three times as often.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from torch import Tensor

from mcu_vision.cli.train_detector import FaceValidator
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.errors import UserError
from mcu_vision.models.registry import build_model
from mcu_vision.models.weights_file import save_weights
from mcu_vision.training.averaging import estimate_batch_norm
from mcu_vision.training.detection_dataset import DetectionFrames, FrameOptions

BATCH, BATCHES, SEED = 16, 96, 11
FRAMES = FrameOptions(source_weights={"fddb": 3.0}, mosaics_until=0.0)


def average(first: dict[str, Tensor], second: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """`share` of the second and the rest of the first; counters are the second's."""
    return {n: torch.lerp(first[n], v, share) if v.dtype.is_floating_point else v for n, v in second.items()}


def main() -> int:
    """Average, measure, validate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a registered detector's name")
    parser.add_argument("first", type=Path, help="float weights")
    parser.add_argument("second", type=Path, help="float weights of the same model")
    parser.add_argument("--share", type=float, default=0.5, help="part of the second (default: 0.5)")
    parser.add_argument("--out", type=Path, required=True, help="weights to write")
    data = Path(__file__).resolve().parents[2] / "shared" / "data" / "faces"
    parser.add_argument("--data", type=Path, default=data, help="folder of face data")
    parser.add_argument("--cache", type=Path, help="folder of decoded photos")
    options = parser.parse_args()
    try:
        models = [build_model(options.model, weights) for weights in (options.first, options.second)]
        train, validation = read_face_folder(options.data)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    model, spec = models[1], models[1].spec
    model.load_state_dict(average(models[0].state_dict(), model.state_dict(), options.share))
    pixels = build_image_cache(train, spec.channels, round(1.15 * max(spec.width, spec.height)), options.cache)
    frames = DetectionFrames(train, pixels, spec, BATCH, BATCHES, SEED, options=FRAMES)
    frames.start_epoch(0, 1.0)
    estimate_batch_norm(model, (images.float() / 255 for images, _, _ in frames))
    figures = FaceValidator(validation, spec, BATCH)(model)
    save_weights(options.out, model, {"model": options.model, "share": options.share, "figures": figures})
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
