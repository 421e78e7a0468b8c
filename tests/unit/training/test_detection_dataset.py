"""Which photos and frames a detector learns from."""

import numpy as np
import pytest
from PIL import Image

from mcu_vision.data.augment import AugmentOptions
from mcu_vision.data.face_sample import FaceSample, to_boxes
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.errors import UserError
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.training.detection_dataset import DetectionFrames, FrameOptions

SPEC = DetectorSpec(64, 48, 1, (DetectorLevel(8, 12.0, 3), DetectorLevel(16, 24.0)))
PLAIN = AugmentOptions(grids=(1.0,), few_pixels=0.0, blur=0.0, noise=0.0, low_light=0.0)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Three photos of each of two sources, the first dark, the second bright, with a face in the middle."""
    folder = tmp_path_factory.mktemp("photos")
    made = []
    for index in range(6):
        source, level = (("dark", 40), ("bright", 200))[index // 3]
        Image.fromarray(np.full((48, 64), level, np.uint8)).save(folder / f"{index}.png")
        made.append(FaceSample(folder, f"{index}.png", to_boxes([[24, 16, 16, 16]]), source=source))
    return made


def _frames(samples, augment=PLAIN, **options):
    return DetectionFrames(samples, build_image_cache(samples, 1, 64), SPEC, 8, 25, 3, augment, FrameOptions(**options))


def _bright_share(frames):
    # Changes of light never turn 40 into more than 120, nor the larger part of the bright photos into less.
    middles = np.concatenate([images[:, 0, 22:26, 30:34].numpy().mean(axis=(1, 2)) for images, _, _ in frames])
    return float((middles > 120).mean())


def test_sources_are_drawn_by_their_weights(samples):
    equal, many, none = (_bright_share(_frames(samples, source_weights={"bright": w})) for w in (1, 4, 0))
    assert 0.35 < equal < 0.6
    assert 0.65 < many < 0.9
    assert none == 0.0


def test_no_photo_left_is_an_error(samples):
    with pytest.raises(UserError, match="no photo is left"):
        _frames(samples, source_weights={"bright": 0, "dark": 0})


def test_frames_of_another_size_have_the_anchors_of_that_size(samples):
    images, labels, targets = next(iter(_frames(samples, size=(96, 80))))
    anchors = 12 * 10 + 6 * 5
    assert images.shape == (8, 1, 80, 96)
    assert labels.shape == (8, anchors)
    assert targets.shape == (8, anchors, 4)


def test_the_end_of_the_schedule_sees_whole_photos(samples):
    frames = _frames(samples, AugmentOptions(grids=(0.0, 0.0, 0.0, 1.0)), mosaics_until=0.5)
    begun, ended = [], []
    for drawn, progress in ((begun, 0.49), (ended, 0.5)):
        frames.start_epoch(0, progress)
        drawn += [int((labels == 1).sum()) for _, labels, _ in frames]
    assert np.mean(begun) > 4 * np.mean(ended) > 0
