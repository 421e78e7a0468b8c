"""Drawn cards: boxes hold them, seeds fix them, and the data set is read by what trains."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.data.cards import HARD, SceneOptions, draw_card, draw_scene
from mcu_vision.data.cards.drawing import ASPECT
from mcu_vision.data.cards.scenes import perspective_coefficients
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.errors import UserError

SIZE = (96, 72)
PLAIN = SceneOptions(empty=0.0, most_cards=1, fingers=0.0, blur=0.0, darkness=0.0, glare=0.0)


def test_a_card_has_the_proportions_of_id_1_and_round_corners():
    card, mask = draw_card(np.random.default_rng(0))
    assert card.size == mask.size
    assert card.width / card.height == pytest.approx(ASPECT, rel=0.01)
    pixels = np.asarray(mask)
    assert pixels[0, 0] == 0
    assert pixels[card.height // 2, card.width // 2] == 255
    assert np.asarray(card).std() > 10


@pytest.mark.parametrize("seed", range(4))
def test_a_box_holds_all_that_a_card_changed(seed):
    """The same scene with and without its card differs near the box, and up to its edges."""
    photo = Image.new("RGB", (200, 150), (7, 7, 7))
    scene = draw_scene(np.random.default_rng(seed), SIZE, PLAIN, [photo])
    (x, y, width, height) = scene.boxes[0]
    assert x >= 0
    assert y >= 0
    assert x + width <= SIZE[0]
    assert y + height <= SIZE[1]
    bright = np.argwhere(np.asarray(scene.image).max(2) > 70)[:, ::-1]
    margin = 3
    assert (bright >= (x - margin, y - margin)).all()
    assert (bright <= (x + width + margin, y + height + margin)).all()
    assert np.ptp(bright[:, 0]) > 0.75 * width
    assert np.ptp(bright[:, 1]) > 0.75 * height


def test_perspective_maps_corners_to_corners():
    source = np.array([(0, 0), (10, 0), (10, 6), (0, 6)], float)
    target = np.array([(3, 2), (20, 5), (17, 14), (1, 11)], float)
    a, b, c, d, e, f, g, h = perspective_coefficients(source, target)
    for (x, y), expected in zip(target, source, strict=True):
        w = g * x + h * y + 1
        np.testing.assert_allclose(((a * x + b * y + c) / w, (d * x + e * y + f) / w), expected, atol=1e-9)


def test_hard_scenes_have_cards_apart_and_empty_ones():
    scenes = [draw_scene(np.random.default_rng(seed), SIZE, HARD) for seed in range(12)]
    counts = [len(scene.boxes) for scene in scenes]
    assert min(counts) == 0
    assert max(counts) >= 2
    for scene in scenes:
        low, high = scene.boxes[:, :2], scene.boxes[:, :2] + scene.boxes[:, 2:]
        touch = (low[:, None] < high[None]).all(2) & (low[None] < high[:, None]).all(2)
        assert touch.sum() == len(scene.boxes)


def cards(*arguments):
    result = CliRunner().invoke(app, ["cards", *map(str, arguments), "--json"], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_verb_writes_what_training_evaluation_and_labelling_read(tmp_path):
    arguments = ("--test", 2, "--unlabelled", 2, "--size", "96x72x3")
    summary = cards("--out", tmp_path / "a", "--train", 4, *arguments)
    assert summary["pictures"] == 8
    train, held = read_face_folder(tmp_path / "a")
    test = read_shared_faces(tmp_path / "a", "test")
    assert len(train) + len(held) == 4
    assert [s.source for s in test] == ["cards-easy", "cards-hard"]
    assert all(s.read_image().size == (96, 72) for s in (*train, *test))
    assert len(list((tmp_path / "a" / "unlabelled").iterdir())) == 2
    # A larger set begins alike.
    cards("--out", tmp_path / "b", "--train", 5, "--test", 0, "--size", "96x72x3")
    first, second = (read_shared_faces(tmp_path / name, "train") for name in "ab")
    assert all(np.array_equal(a.boxes, b.boxes) for a, b in zip(first, second, strict=False))
    assert not (tmp_path / "b" / "test.jsonl").exists()


def test_the_verb_takes_photos_as_backgrounds_and_refuses_what_it_cannot_use(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    with pytest.raises(UserError, match="no photos in"):
        cards("--out", tmp_path / "out", "--backgrounds", photos)
    Image.new("RGB", (80, 60), (1, 2, 3)).save(photos / "a.png")
    cards("--out", tmp_path / "out", "--train", 1, "--test", 0, "--size", "64x48x3", "--backgrounds", photos)
    with pytest.raises(UserError, match="is not empty"):
        cards("--out", tmp_path / "out")
    with pytest.raises(UserError, match="3 channels"):
        cards("--out", tmp_path / "other", "--size", "64x48x1")
    assert not (tmp_path / "other").exists()
