"""Write a model card from what was measured.

    mcu-vision build --model face-m4 --json > build.json
    python benchmarks/face_accuracy.py --executions float,host --figures accuracy.json
    python benchmarks/model_card.py mcu_vision/models/weights/face-m4.card.json \\
        --build build.json --accuracy accuracy.json --weights-info mcu_vision/models/weights/face-m4.float.json

The card's JSON keeps the text that people write (summary, data, licence, known failures); this fills in
recipe, resources and accuracy, and writes the Markdown beside it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.report.model_card import read_card, render_model_card


def main() -> int:
    """Update the card and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", type=Path, help="the card's JSON, <model>.card.json")
    parser.add_argument("--build", type=Path, help="output of `mcu-vision build --json`")
    parser.add_argument("--accuracy", type=Path, help="what face_accuracy.py --figures wrote")
    parser.add_argument("--weights-info", type=Path, help="the JSON that training wrote beside the weights")
    options = parser.parse_args()
    try:
        card = read_card(options.card)
        if options.build is not None:
            card["resources"] = describe_resources(read_json(options.build))
        if options.accuracy is not None:
            # The host's C code is the int8 model: its bytes are those of the integer reference.
            measured = read_json(options.accuracy)
            card["accuracy"] = {("int8" if name == "host" else name): v for name, v in measured.items()}
        if options.weights_info is not None:
            card["recipe"] = describe_recipe(read_json(options.weights_info))
        text = render_model_card(card)
        atomic_write(options.card, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        atomic_write(options.card.with_name(f"{card['model']}.md"), text)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises UserError if it cannot be read."""
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
    recipe["epochs run"] = info["figures"]["epoch"]
    return recipe


if __name__ == "__main__":
    sys.exit(main())
