"""`python -m mcu_vision`, as torchrun starts it."""

from mcu_vision.cli import main

main()
