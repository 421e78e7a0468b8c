"""C sources of a planned model."""

from mcu_vision.codegen.console_options import CONSOLES, ConsoleOptions
from mcu_vision.codegen.lower import CModel, c_identifier
from mcu_vision.codegen.render import generate_sources

__all__ = ["CONSOLES", "CModel", "ConsoleOptions", "c_identifier", "generate_sources"]
