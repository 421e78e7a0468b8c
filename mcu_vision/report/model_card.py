"""A model card (Mitchell et al. 2019) in Markdown, from figures in JSON.

The JSON holds:

    model, summary            name, and what it is and for, in a paragraph
    input                     width, height, channels
    licence                   of the weights, with the reason
    data                      list of {name, use, labels, terms}
    recipe                    {setting: value}, the seed among them
    resources                 {label: value}, e.g. "peak RAM": "143 KB of 256 KB"
    accuracy                  {"float": [...], "int8": [...]}: lists of FaceAccuracy.to_json(),
                              or of WakeWordAccuracy.to_json()
    known_failures            list of sentences
    objects                   what a detector finds, in the plural; "faces" if it is left out
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jinja2

from mcu_vision.errors import UserError

KEYS = ("model", "summary", "input", "licence", "data", "recipe", "resources", "accuracy", "known_failures")
COMMON = ("source", "size", "faces", "persons", "photos", "iou_threshold")
"""What all executions share in a row."""


def read_card(path: Path, keys: Collection[str] = KEYS) -> dict[str, Any]:
    """The figures of a card. Raises UserError if the file is missing, is no JSON or lacks one of the keys."""
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the model card's figures {path}: {error}") from error
    missing = [key for key in keys if not isinstance(card, dict) or key not in card]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; a model card needs {', '.join(keys)}")
    result: dict[str, Any] = card
    return result


def render_model_card(card: Mapping[str, Any]) -> str:
    """Markdown of a card as `read_card` gives it. Raises UserError if nothing was measured yet."""
    rows = accuracy_rows(card["accuracy"])
    if not rows:
        raise UserError(f"the card of {card['model']} has no accuracy yet: measure it first")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the output is Markdown, not HTML
    )
    template = environment.get_template("model_card.md.j2")
    wake_words = "persons" in rows[0]
    values = {"objects": "faces", **card, "executions": list(card["accuracy"]), "rows": rows, "wake_words": wake_words}
    return template.render(values)


def accuracy_rows(accuracy: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row for each source and size: {source, size, faces, iou_threshold, photos, by}, or {source, persons, ...}.

    "by" holds the figures by execution. Raises UserError if the executions saw different photos.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for execution, entries in accuracy.items():
        for entry in entries:
            common = {key: entry[key] for key in COMMON if key in entry}
            row = rows.setdefault((entry["source"], entry.get("size", "")), {**common, "by": {}})
            if any(row[key] != value for key, value in common.items()):
                raise UserError(
                    f"{execution} was measured on other photos of {entry['source']} than the rest; "
                    "measure all executions in one run"
                )
            row["by"][execution] = entry
    return list(rows.values())
