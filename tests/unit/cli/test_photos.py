"""Photos by path, and shipped ones by name."""

from pathlib import Path

import pytest

from mcu_vision.cli.photos import SAMPLE, find_photos_below, load_photo
from mcu_vision.errors import UserError


def test_shipped_photos_have_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_photo(None).size == (512, 512)
    assert load_photo(Path("astronaut")).tobytes() == load_photo(None).tobytes()
    assert load_photo(Path("coffee")).size == (600, 400)
    for path in ("tea", "folder/coffee"):
        with pytest.raises(UserError, match="check the path"):
            load_photo(Path(path))
    Path("coffee").write_text("not a photo")
    with pytest.raises(UserError, match="cannot read the photo"):
        load_photo(Path("coffee"))


def test_folders_are_searched_to_the_bottom(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "x.JPG").write_bytes(SAMPLE.read_bytes())
    (tmp_path / "notes.txt").write_text("")
    assert find_photos_below(tmp_path) == [below / "x.JPG"]
    assert find_photos_below(below / "x.JPG") == [below / "x.JPG"]
