"""Readers of face and wake-word data sets, on small copies of their layouts and on the shared data."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from mcu_vision.data.face_folder import read_face_folder, split_validation
from mcu_vision.data.face_sample import FaceSample, to_boxes
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.data.scut_head import read_scut_head
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.data.wider_face import read_wider_face
from mcu_vision.errors import UserError


def _save_picture(path, size=(40, 30), level=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (level, level, level)).save(path)


@pytest.fixture
def shared_folder(tmp_path):
    _save_picture(tmp_path / "a.png")
    entry = {
        "file": "a.png",
        "w": 40,
        "h": 30,
        "boxes": [[1, 2, 3, 4], [5, 6, 7, 8]],
        "ignore": [[0, 0, 2, 2]],
        "source": "fddb",
        "fold": 3,
        "attr": [{"blur": 0}, {"blur": 2}],
    }
    (tmp_path / "train.jsonl").write_text(json.dumps(entry) + "\n")
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    return tmp_path


def test_shared_layout(shared_folder):
    (sample,) = read_shared_faces(shared_folder, "train")
    assert sample.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert sample.ignore.tolist() == [[0, 0, 2, 2]]
    assert (sample.source, sample.fold) == ("fddb", 3)
    assert sample.attributes["blur"].tolist() == [0, 2]
    assert sample.read_image().size == (40, 30)


def test_shared_layout_faults_are_named(shared_folder):
    with pytest.raises(UserError, match=r"test\.jsonl is missing"):
        read_shared_faces(shared_folder, "test")
    (shared_folder / "train.jsonl").write_text('{"file": "a.png"}\n')
    with pytest.raises(UserError, match=r"train\.jsonl:1 is not a face annotation"):
        read_shared_faces(shared_folder, "train")


def test_missing_picture_is_named(shared_folder):
    (sample,) = read_shared_faces(shared_folder, "train")
    broken = FaceSample(sample.container, "b.png", sample.boxes)
    with pytest.raises(UserError, match=r"cannot read image b\.png"):
        broken.read_image()


WIDER = """0--Parade/a.jpg
2
10 11 12 13 0 0 1 0 2 0
20 21 5 6 2 0 0 1 0 1
0--Parade/b.jpg
0
0 0 0 0 0 0 0 0 0 0
"""


def test_wider_face(tmp_path):
    (tmp_path / "wider_face_split").mkdir()
    (tmp_path / "wider_face_split" / "wider_face_train_bbx_gt.txt").write_text(WIDER)
    _save_picture(tmp_path / "WIDER_train" / "images" / "0--Parade" / "a.jpg")
    first, second = read_wider_face(tmp_path, "train")
    assert first.boxes.tolist() == [[10, 11, 12, 13]]
    assert first.ignore.tolist() == [[20, 21, 5, 6]]
    assert first.attributes["occlusion"].tolist() == [2]
    assert first.read_image().size == (40, 30)
    assert len(second.boxes) == len(second.ignore) == 0
    (tmp_path / "wider_face_split" / "wider_face_val_bbx_gt.txt").write_text("a.jpg\n1\n1 2\n")
    with pytest.raises(UserError, match=r"entry of a\.jpg"):
        read_wider_face(tmp_path, "val")


VOC = """<annotation><filename>p.jpg</filename>
<object><name>person</name><difficult>0</difficult>
<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>50</ymax></bndbox></object>
<object><name>person</name><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>"""


def _scut_folder(folder):
    for split in ("train", "val"):
        (folder / "ImageSets" / "Main").mkdir(parents=True, exist_ok=True)
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text("p\n")
    (folder / "Annotations").mkdir()
    (folder / "Annotations" / "p.xml").write_text(VOC)
    _save_picture(folder / "JPEGImages" / "p.jpg")


def test_scut_head(tmp_path):
    _scut_folder(tmp_path)
    (sample,) = read_scut_head(tmp_path, "train")
    assert sample.boxes.tolist() == [[10, 20, 20, 30]]
    assert sample.ignore.tolist() == [[1, 2, 2, 2]]
    assert sample.read_image().size == (40, 30)
    (tmp_path / "Annotations" / "p.xml").write_text("<annotation><object/></annotation>")
    with pytest.raises(UserError, match="not a PASCAL VOC annotation"):
        read_scut_head(tmp_path, "train")


def test_layouts_are_recognised(tmp_path, shared_folder):
    _scut_folder(tmp_path / "scut")
    train, validation = read_face_folder(tmp_path / "scut")
    assert len(train) == len(validation) == 1
    assert len(read_face_folder(shared_folder)[0]) == 1
    with pytest.raises(UserError, match="holds no face data set"):
        read_face_folder(tmp_path / "scut" / "ImageSets")


def test_validation_is_fold_8_and_a_fixed_share(tmp_path):
    samples = [FaceSample(tmp_path, str(i), to_boxes([]), fold=i % 9 + 1) for i in range(90)]
    samples += [FaceSample(tmp_path, f"x{i}", to_boxes([])) for i in range(1000)]
    train, validation = split_validation(samples)
    assert len(train) + len(validation) == len(samples)
    assert {s.fold for s in validation} == {8, None}
    assert 8 not in {s.fold for s in train}
    assert 15 < sum(s.fold is None for s in validation) < 65
    assert [s.member for s in split_validation(samples)[1]] == [s.member for s in validation]


def test_wake_words(tmp_path):
    _save_picture(tmp_path / "p.png")
    with zipfile.ZipFile(tmp_path / "images-0.zip", "w") as archive:
        archive.write(tmp_path / "p.png", "p.png")
    (tmp_path / "train.csv").write_text(
        "shard,file,label,split,source,teacher_vww\nimages-0.zip,p.png,1,val,coco,0.75\nimages-0.zip,q.png,0,train,x,0\n"
    )
    (sample,) = read_shared_wake_words(tmp_path, "val")
    assert (sample.label, sample.teacher, sample.source) == (1, 0.75, "coco")
    assert sample.read_image().size == (40, 30)
    (tmp_path / "train.csv").write_text("shard,file\na,b\n")
    with pytest.raises(UserError, match="lacks a column"):
        read_shared_wake_words(tmp_path, "val")


def test_real_data(shared_dir):
    train, validation = read_face_folder(shared_dir / "data")
    assert len(train) + len(validation) == 7791
    assert sum(len(s.boxes) for s in train + validation) == 10223
    image = validation[0].read_image()
    assert max(image.size) <= 368
    test = read_shared_faces(shared_dir / "data" / "faces", "test")
    wider = [s for s in test if s.source == "wider_val"]
    assert all(len(s.attributes["blur"]) == len(s.boxes) for s in wider)
    words = read_shared_wake_words(shared_dir / "data" / "vww", "val")
    assert len(words) == 940
    assert min(words[0].read_image().size) == 104 or min(words[0].read_image().size) == 160


@pytest.mark.parametrize("channels", [1, 3])
def test_image_cache(tmp_path, channels):
    _save_picture(tmp_path / "a.png", (400, 200), 50)
    _save_picture(tmp_path / "b.png", (30, 60), 70)
    samples = [FaceSample(tmp_path, name, to_boxes([])) for name in ("a.png", "b.png")]
    cache = build_image_cache(samples, channels, 100, tmp_path / "cache")
    (tmp_path / "a.png").unlink()  # the second time nothing is decoded
    again = build_image_cache(samples, channels, 100, tmp_path / "cache")
    for images in (cache, again):
        assert len(images) == 2
        assert images[0].shape == (50, 100, channels)
        assert images[1].shape == (60, 30, channels)
        assert np.all(images[0] == 50)
        assert np.all(images[1] == 70)
        assert images.scales == [0.25, 1.0]
