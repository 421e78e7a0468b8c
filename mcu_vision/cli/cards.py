"""mcu-vision cards"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from mcu_vision.cli import options
from mcu_vision.cli.photos import find_photos_below, load_photo
from mcu_vision.cli.torch_models import parse_size
from mcu_vision.data.cards import CardCounts, write_card_data
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_directory

LEAST_SIDE = 32


def cards(
    out: Annotated[Path, typer.Option(help="Folder for the data set that `train` reads; must be new or empty.")],
    train: Annotated[int, typer.Option(min=1, metavar="N", help="Labelled pictures to train on.")] = 1500,
    test: Annotated[
        int, typer.Option(min=0, metavar="N", help="Labelled pictures to evaluate on, half of them hard.")
    ] = 400,
    unlabelled: Annotated[
        int, typer.Option(min=0, metavar="N", help="Hard pictures without labels, for `label`; in OUT/unlabelled.")
    ] = 0,
    size: Annotated[str, typer.Option(metavar="WxHxC", help="Size of the pictures; C is 3.")] = "320x256x3",
    backgrounds: Annotated[
        Path | None, typer.Option(help="Folder of photos to warp the cards into, in place of drawn backgrounds.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other pictures.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Draw invented identity cards and warp them into photos: a data set with boxes for `card-det`.

    Writes train.jsonl and train.zip, test.jsonl and test.zip, and a folder of unlabelled pictures. Hard pictures are
    more oblique, darker, blurred, with glare and fingers. Backgrounds are drawn, or parts of your own photos.

    Example: mcu-vision cards --out cards/ --train 1500 --unlabelled 1500
    """
    width, height, channels = parse_size(size)
    if channels != 3 or min(width, height) < LEAST_SIDE:
        raise UserError(f"--size {size}: pictures are of 3 channels and of at least {LEAST_SIDE} pixels a side")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; name a new folder")
    paths = find_photos_below(backgrounds) if backgrounds is not None else []
    if backgrounds is not None and not paths:
        raise UserError(f"no photos in {backgrounds}: give a folder of JPEG, PNG or WebP files")
    photos = [load_photo(path) for path in paths]
    counts = CardCounts(train, test, unlabelled)
    console = options.progress_console()
    boxes = 0
    with atomic_directory(out.resolve()) as staging:
        scenes = write_card_data(staging, counts, (width, height), seed, photos or None)
        for scene in track(scenes, "drawing", counts.total, console=console, transient=True):
            boxes += len(scene.boxes)
    if as_json:
        options.print_json({"out": str(out), "pictures": counts.total, "cards": boxes})
        return
    text = f"{counts.total} pictures, {boxes} cards: {out}\nnext     mcu-vision train card-det --data {out}"
    Console(soft_wrap=True, markup=False).print(text)
