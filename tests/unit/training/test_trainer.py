"""The training loop on a few drawn pictures: it learns, resumes, and writes what it promises."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console
from torch import nn

from mcu_vision.data.augment import AugmentOptions
from mcu_vision.data.face_sample import FaceSample, to_boxes
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.errors import UserError
from mcu_vision.models.blocks import DetectionHead, MBConv, conv_bn
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.models.weights_file import load_weights
from mcu_vision.training.averaging import AveragedModel, estimate_batch_norm
from mcu_vision.training.detection_dataset import DetectionFrames
from mcu_vision.training.detection_task import DetectionTask
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.trainer import Trainer, schedule, stem_modules

FACES = DetectionTask()
SPEC = DetectorSpec(64, 48, 1, (DetectorLevel(8, 12.0, 3), DetectorLevel(16, 24.0)))


def _tiny_detector(density=None):
    torch.manual_seed(0)
    pool = RNNPool(4, 6, 4, 8, 4, replicate_last=True, density=density)
    stages = [nn.Sequential(conv_bn(1, 4, 3, 2), pool), MBConv(16, 16, 1, 2), MBConv(16, 24, 2, 2)]
    return FaceDetector(SPEC, stages, [DetectionHead(16, 3, 10.0), DetectionHead(24, 1, None)])


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Dim pictures with a bright disc for a face, and two without."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    made = []
    for index in range(10):
        pixels = rng.integers(30, 90, (48, 64)).astype(np.uint8)
        boxes = []
        if index < 8:
            size = int(rng.integers(10, 26))
            x, y = int(rng.integers(0, 64 - size)), int(rng.integers(0, 48 - size))
            rows, columns = np.mgrid[:48, :64]
            inside = (rows - y - size / 2) ** 2 + (columns - x - size / 2) ** 2 < (size / 2) ** 2
            pixels[inside] = 230
            boxes = [[x, y, size, size]]
        Image.fromarray(pixels).save(folder / f"{index}.png")
        made.append(FaceSample(folder, f"{index}.png", to_boxes(boxes)))
    return made


def _frames(samples, batches=12, seed=0):
    options = AugmentOptions(face_size=(8.0, 30.0), grids=(0.8, 0.2))
    cache = build_image_cache(samples, 1, 64)
    return DetectionFrames(samples, cache, SPEC, 4, batches, seed, options)


def _options(**changes):
    return TrainOptions(**{"epochs": 6, "batch": 4, "lr": 5e-3, "workers": 0, "average_decay": 0.9} | changes)


def test_learns_and_writes_everything(samples, tmp_path):
    trainer = Trainer(_tiny_detector(), FACES, _frames(samples), _options(), tmp_path, metadata={"data": "discs"})
    result = trainer.run()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    losses = [line["classification_loss"] + line["localization_loss"] for line in lines]
    assert losses[-1] < 0.7 * losses[0]
    assert lines[0]["lr"] > lines[-1]["lr"] > 0
    metadata = json.loads((tmp_path / "best.json").read_text())
    assert metadata["data"] == "discs"
    assert metadata["figures"]["epoch"] == 6
    loaded = _tiny_detector()
    load_weights(tmp_path / "best.safetensors", loaded)
    for ours, kept in zip(trainer.average.model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(ours, kept)
    assert result["weights"] == str(tmp_path / "best.safetensors")


def test_a_stem_stops_learning_and_the_rest_goes_on(samples, tmp_path):
    model = _tiny_detector()
    stem = stem_modules(model)
    assert [type(layer) for layer in stem] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU6, RNNPool]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = Trainer(model, FACES, _frames(samples, 3), _options(epochs=1, stem_until=0.0), tmp_path)
    trainer.run()
    for trained in (model, trainer.average.model):
        changed = {name for name, value in trained.state_dict().items() if not torch.equal(value, before[name])}
        assert not any(name.startswith("stages.0.") for name in changed)
        assert any(name.startswith("stages.1.") for name in changed)


def test_averaged_weights_are_sparse_too(samples, tmp_path):
    trainer = Trainer(_tiny_detector((0.5, 0.3, 0.3, 0.3)), FACES, _frames(samples, 3), _options(epochs=2), tmp_path)
    trainer.run()
    pool = trainer.average.model.stages[0][1]
    for matrix, density in zip((pool.w1, pool.u1, pool.w2, pool.u2), pool.density, strict=True):
        assert int((matrix != 0).sum()) == round(matrix.numel() * density)


class _StopError(Exception):
    pass


def test_resume_goes_on_exactly(samples, tmp_path):
    """A run broken after two epochs and resumed ends with the weights of an unbroken one."""
    straight = Trainer(_tiny_detector(), FACES, _frames(samples, 3), _options(epochs=4), tmp_path / "a")
    straight.run()

    calls = 0

    def stop_in_third(model):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise _StopError
        return {}

    broken = Trainer(_tiny_detector(), FACES, _frames(samples, 3), _options(epochs=4), tmp_path / "b", stop_in_third)
    with pytest.raises(_StopError):
        broken.run()
    again = Trainer(_tiny_detector(), FACES, _frames(samples, 3), _options(epochs=4), tmp_path / "b")
    again.resume()
    assert again.epoch == 2
    again.run()
    for one, two in zip(straight.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_best_weights_are_those_of_the_best_score(samples, tmp_path):
    scores = iter([0.2, 0.9, 0.5])
    trainer = Trainer(
        _tiny_detector(),
        FACES,
        _frames(samples, 2),
        _options(epochs=3),
        tmp_path,
        lambda _: {"score": next(scores)},
    )
    assert trainer.run()["best_score"] == 0.9
    assert json.loads((tmp_path / "best.json").read_text())["figures"]["epoch"] == 2


def test_time_limit_ends_the_schedule(samples, tmp_path, monkeypatch):
    clock = iter(range(0, 100_000, 6))  # each look at the clock takes 6 seconds
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    trainer = Trainer(_tiny_detector(), FACES, _frames(samples, 2), _options(epochs=10_000, minutes=5), tmp_path)
    figures = trainer.run(Console(quiet=True))
    assert figures["progress"] == 1.0
    assert figures["epoch"] < 30
    assert figures["lr"] < 0.05 * 5e-3


def test_sparsity_is_kept_while_training(samples, tmp_path):
    model = _tiny_detector(density=(0.5, 0.3, 0.3, 0.3))
    Trainer(model, FACES, _frames(samples, 3), _options(epochs=1), tmp_path).run()
    pool = model.stages[0][1]
    assert int((pool.u1 != 0).sum()) == round(36 * 0.3)


def test_nothing_to_resume(samples, tmp_path):
    trainer = Trainer(_tiny_detector(), FACES, _frames(samples, 1), _options(), tmp_path)
    with pytest.raises(UserError, match="nothing to resume"):
        trainer.resume()


def test_frames_depend_on_seed_and_epoch_alone(samples):
    one, two, other = _frames(samples, 1), _frames(samples, 1), _frames(samples, 1, seed=9)
    first = next(iter(one))
    assert all(torch.equal(a, b) for a, b in zip(first, next(iter(two)), strict=True))
    assert not torch.equal(first[0], next(iter(other))[0])
    two.epoch = 1
    assert not torch.equal(first[0], next(iter(two))[0])


def test_schedule_warms_up_and_falls():
    values = [schedule(p, 0.1) for p in np.linspace(0, 1, 101)]
    assert values[0] == 0
    assert values[10] == pytest.approx(1.0)
    assert values[-1] == pytest.approx(0.01)
    assert all(a < b for a, b in pairwise(values[:11]))
    assert all(a > b for a, b in pairwise(values[10:]))


def test_averaged_model_lags_behind():
    source = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = AveragedModel(source, 0.5)
    start = source[0].weight.detach().clone()
    with torch.no_grad():
        source[0].weight += 1.0
    average.update(source)
    decay = min(0.5, 2 / 11)
    torch.testing.assert_close(average.model[0].weight, start * decay + source[0].weight.detach() * (1 - decay))
    assert not average.model.training


def test_batch_norm_statistics_are_those_of_the_images():
    images = [torch.randn(8, 3, 4, 4) * 2 + 5 for _ in range(6)]
    norm = nn.BatchNorm2d(3).eval()
    estimate_batch_norm(norm, images)
    every = torch.cat(images)
    torch.testing.assert_close(norm.running_mean, every.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, every.var((0, 2, 3)), rtol=0.05, atol=0.0)
    assert norm.momentum == 0.1
    assert not norm.training


def test_train_without_torch_says_what_to_install():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mcu_vision.cli import main\n"
        "sys.argv = ['mcu-vision', 'train', 'face-m4', '--data', '.']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'mcu-vision[train]'" in done.stderr
    assert "Traceback" not in done.stderr
