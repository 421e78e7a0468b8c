"""C sources of a planned model."""

from mcu_vision.codegen.lower import CModel, c_identifier
from mcu_vision.codegen.render import generate_sources

__all__ = ["CModel", "c_identifier", "generate_sources"]
