"""Models by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from mcu_vision.errors import UserError
from mcu_vision.models.card_det import card_det
from mcu_vision.models.cht_det import cht_det, cht_det_mcu
from mcu_vision.models.detector import Detector
from mcu_vision.models.face_abc import face_a, face_b, face_c
from mcu_vision.models.face_m4 import PAPER_DENSITY, face_m4, face_m4_wide
from mcu_vision.models.face_quant import face_quant
from mcu_vision.models.mobilenet_v1 import MobileNetV1
from mcu_vision.models.mobilenet_v2 import mobilenet_v2
from mcu_vision.models.network_config import read_network
from mcu_vision.models.searched import build_network
from mcu_vision.models.visual_wake_words import WakeWordNet
from mcu_vision.models.weights_file import load_shared_weights, load_weights

NETWORKS = Path(__file__).parent / "networks"
"""Networks that a search has found."""


def _found_network(name: str) -> nn.Module:
    return build_network(read_network(NETWORKS / f"{name}.toml"))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "face-m4": face_m4,
    "face-m4-sparse": partial(face_m4, PAPER_DENSITY),
    "face-m4-wide": face_m4_wide,
    "face-quant": face_quant,
    "face-a": face_a,
    "face-b": face_b,
    "face-c": face_c,
    "vww-rnnpool": partial(WakeWordNet, 176, late_expansion=4),
    "vww-rnnpool-224": WakeWordNet,
    "vww-rnnpool2": partial(WakeWordNet, pools=2),
    "vww-mobilenet": MobileNetV1,
    "vww-mobilenet-friendly": partial(MobileNetV1, friendly=True),
    "mobilenetv2-035": mobilenet_v2,
    "cht-det": cht_det,
    "cht-det-mcu": cht_det_mcu,
    "card-det": card_det,
    "mobiledet-mcu": partial(_found_network, "mobiledet-mcu"),
}


def build_model(name: str, weights: Path | None = None, seed: int = 0, shared: bool = False) -> nn.Module:
    """The model `name` in evaluation mode, with `weights` (safetensors), else fresh ones fixed by `seed`.

    name: a key of MODELS, or the path of a network description (.toml). shared: the weights may be a related model's,
    of which only the layers in common are taken. Raises UserError if the name is unknown, the
    description is wrong, or the weights do not fit.
    """
    build = partial(build_network, read_network(Path(name))) if name.endswith(".toml") else MODELS.get(name)
    if build is None:
        raise UserError(f"unknown model {name!r}; choose one of {', '.join(MODELS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build()
    if weights is not None:
        (load_shared_weights if shared else load_weights)(weights, model)
    return model.eval()


def is_detector(name: str) -> bool:
    """True for a detector. Raises UserError if the name is unknown."""
    return isinstance(build_model(name), Detector)


def shipped_weights(name: str) -> Path | None:
    """Trained float weights that come with the package, if there are any."""
    path = Path(__file__).parent / "weights" / f"{name}.float.safetensors"
    return path if path.is_file() else None
