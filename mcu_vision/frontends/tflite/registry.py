"""Which function imports which operator of TensorFlow Lite."""

from collections.abc import Callable

from mcu_vision.frontends.tflite.builder import GraphBuilder

Importer = Callable[[GraphBuilder], None]
IMPORTERS: dict[str, Importer] = {}


def imports(*kinds: str) -> Callable[[Importer], Importer]:
    """The decorated function imports the operators `kinds`."""

    def register(importer: Importer) -> Importer:
        IMPORTERS.update(dict.fromkeys(kinds, importer))
        return importer

    return register
