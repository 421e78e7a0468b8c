"""Where templates, firmware sources and Renode files are: in the wheel or in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Return the path of a shipped folder or file, e.g. ``resource("firmware", "nn")``.

    Raises FileNotFoundError if it is not part of this installation.
    """
    for root in (_PACKAGE / "_resources", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from this installation of mcu_vision")
