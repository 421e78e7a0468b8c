"""Fills a model card with what was measured.

The card's JSON keeps the text that people write (summary, data, licence, known failures); recipe, resources
and accuracy are filled in, and the Markdown is written beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.report.model_card import KEYS, read_card, render_model_card

MEASURED = ("accuracy", "resources")


def begin_card(path: Path, recipe: Path | None) -> dict[str, Any]:
    """What people wrote into a card, and the recipe: the card's own, or the JSON that training wrote.

    Raises UserError if one cannot be read or something is missing that measuring does not fill in.
    """
    filled = MEASURED if recipe is None else (*MEASURED, "recipe")
    card = read_card(path, [key for key in KEYS if key not in filled])
    if recipe is not None:
        card["recipe"] = describe_recipe(_read_recipe(recipe))
    return card


def write_card(
    path: Path, card: dict[str, Any], accuracy: dict[str, list[dict[str, Any]]], build: dict[str, Any]
) -> Path:
    """Write the card's JSON and Markdown anew, and return the Markdown's path.

    card: as begun. accuracy: by execution. build: the summary of a build.
    """
    # All but the float model compute the same bytes.
    card["accuracy"] = {("float" if name == "float" else "int8"): entries for name, entries in accuracy.items()}
    card["resources"] = describe_resources(build)
    text = render_model_card(card)
    atomic_write(path, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    markdown = path.with_name(f"{card['model']}.md")
    atomic_write(markdown, text)
    return markdown


def _read_recipe(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    return values


def describe_resources(build: dict[str, Any]) -> dict[str, str]:
    """What a build needs, in words."""
    ram = build["ram"]
    return {
        "board": build["board"],
        "peak RAM, image and stack included": f"{ram['peak_bytes']:,} B of {ram['budget_bytes']:,} B",
        "flash": f"{build['flash_bytes']:,} B",
        "multiply-accumulates": f"{build['macs']:,}",
        "instructions (exact, emulated)": f"{build['instructions']:,}",
        "cycles (estimated)": f"{build['cycles_estimated']:,}",
        "time (estimated)": f"{build['time_ms_estimated']:,.0f} ms",
    }


def describe_recipe(info: dict[str, Any]) -> dict[str, Any]:
    """Settings of the training run; the card's own text says which data it saw."""
    recipe = {name.replace("_", " "): value for name, value in info["options"].items()}
    recipe |= {name.replace("_", " "): value for name, value in info.get("drawing", {}).items()}
    recipe |= _describe_frames(info.get("frames", {}))
    if "command" in info:
        recipe = {"command": f"`{info['command']}`"} | recipe
    recipe["epochs run"] = info["figures"]["epoch"]
    return recipe


def _describe_frames(frames: dict[str, Any]) -> dict[str, Any]:
    """Which frames a detector learned from, but for what was left as it is."""
    weights = ", ".join(f"{source} {weight:g}" for source, weight in frames.get("source_weights", {}).items())
    size = frames.get("size")
    described = {
        "photos with faces": frames.get("face_share"),
        "weights of sources": weights or None,
        "mosaics until": frames.get("mosaics_until"),
        "frames": size and f"{size[0]} x {size[1]}",
    }
    return {name: value for name, value in described.items() if value is not None}
