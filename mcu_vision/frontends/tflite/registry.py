"""Which function imports which operator of TensorFlow Lite."""

from collections.abc import Callable

from mcu_vision.frontends.tflite.builder import GraphBuilder

Importer = Callable[[GraphBuilder], None]
IMPORTERS: dict[str, Importer] = {}
HOW_IT_RUNS: dict[str, str] = {}
"""In a few words for the documentation, for each operator in IMPORTERS."""


def imports(**kinds: str) -> Callable[[Importer], Importer]:
    """The decorated function imports the operators `kinds`: name = how it runs."""

    def register(importer: Importer) -> Importer:
        IMPORTERS.update(dict.fromkeys(kinds, importer))
        HOW_IT_RUNS.update(kinds)
        return importer

    return register
