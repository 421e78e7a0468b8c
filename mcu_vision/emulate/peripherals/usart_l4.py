"""USART and LPUART of the STM32L4+ (RM0432 sections 50.8 and 51.7)."""

from mcu_vision.emulate.peripherals.usart import Usart


class UsartL4(Usart):
    """Like the STM32F4's, at other places; flags are cleared in a register of their own."""

    control_at, status_at, receive_at, transmit_at = 0x00, 0x1C, 0x24, 0x28
    enable = 1 << 0

    def write_status(self, value: int) -> None:
        """The register is read-only."""
