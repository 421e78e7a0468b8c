"""Pictures show the boxes they are given."""

import numpy as np
from PIL import Image

from mcu_vision.evaluate.draw import DETECTION_COLOUR, SMALLEST_SIDE, TRUTH_COLOUR, contact_sheet, draw_boxes

BOXES = np.array([[40.0, 60.0, 50.0, 70.0, 0.87]])


def test_a_tiny_picture_is_enlarged_and_its_box_drawn_in_place() -> None:
    photo = Image.new("L", (160, 120 + 40), 100)
    picture = draw_boxes(photo, BOXES)
    assert picture.size == (SMALLEST_SIDE, SMALLEST_SIDE)
    zoom = SMALLEST_SIDE // 160
    assert picture.getpixel((40 * zoom, 100 * zoom)) == DETECTION_COLOUR
    assert picture.getpixel((90 * zoom, 100 * zoom)) == DETECTION_COLOUR
    assert picture.getpixel((65 * zoom, 100 * zoom)) == (100, 100, 100)
    assert photo.getpixel((40, 100)) == 100


def test_truth_is_drawn_in_its_own_colour() -> None:
    picture = draw_boxes(Image.new("RGB", (640, 640)), BOXES[:0], truth=np.array([[100.0, 100.0, 80.0, 80.0]]))
    assert picture.getpixel((100, 140)) == TRUTH_COLOUR


def test_labels_stay_inside_the_picture() -> None:
    boxes = np.array([[0.0, 0.0, 700.0, 700.0, 0.5], [630.0, 630.0, 10.0, 10.0, 0.4]])
    picture = draw_boxes(Image.new("RGB", (640, 640)), boxes)
    assert picture.size == (640, 640)
    above_small_box = np.asarray(picture)[600:628, 590:]
    columns = np.flatnonzero((above_small_box == DETECTION_COLOUR).all(axis=2).any(axis=0))
    assert columns[-1] - columns[0] > 25


def test_contact_sheet_holds_every_picture() -> None:
    pictures = [Image.new("RGB", (50, 80), (0, 200, n * 40)) for n in range(5)]
    sheet = contact_sheet(pictures, columns=3, cell=(100, 100))
    assert sheet.size == (3 * 104 + 4, 2 * 104 + 4)
    colours = {colour for _, colour in sheet.getcolors(1 << 20)}
    assert colours == {(0, 200, n * 40) for n in range(5)} | {(32, 32, 32)}
