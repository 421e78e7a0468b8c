"""Compilers: firmware for a board, and a library of the same sources for this machine."""

from mcu_vision.toolchain.compiler import CompileError
from mcu_vision.toolchain.firmware import FirmwareImage, Toolchain, firmware_sources
from mcu_vision.toolchain.host import build_host_library
from mcu_vision.toolchain.select import find_host_compiler, find_toolchain
from mcu_vision.toolchain.sizes import FirmwareSizes, RegionUsage

__all__ = [
    "CompileError",
    "FirmwareImage",
    "FirmwareSizes",
    "RegionUsage",
    "Toolchain",
    "build_host_library",
    "find_host_compiler",
    "find_toolchain",
    "firmware_sources",
]
