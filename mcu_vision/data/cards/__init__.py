"""Pictures of invented identity cards, drawn and warped into photos: labelled data that belongs to nobody else."""

from mcu_vision.data.cards.backgrounds import draw_background, photo_background
from mcu_vision.data.cards.data_set import CardCounts, write_card_data
from mcu_vision.data.cards.drawing import draw_card
from mcu_vision.data.cards.scenes import EASY, HARD, Scene, SceneOptions, draw_scene

__all__ = [
    "EASY",
    "HARD",
    "CardCounts",
    "Scene",
    "SceneOptions",
    "draw_background",
    "draw_card",
    "draw_scene",
    "photo_background",
    "write_card_data",
]
