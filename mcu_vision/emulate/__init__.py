"""Emulation of boards: the firmware's ELF runs unmodified, with its console as object or pseudo-terminal.

`interface.Emulator` is what the rest of the product sees; `unicorn_*.py` alone import Unicorn, which is GPL-2.0.
"""
