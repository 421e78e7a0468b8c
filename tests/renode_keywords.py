"""Renode's Robot keywords, as far as the suites use them, carried out by the embedded emulator."""

import re
from typing import ClassVar

from fake_renode_machine import FakeMachine


class renode_keywords:  # noqa: N801 (Robot finds the library by the file's name)
    ROBOT_LIBRARY_SCOPE: ClassVar[str] = "TEST"

    def __init__(self) -> None:
        self._fake = FakeMachine()
        self._timeout_s = 0.0

    def execute_command(self, command: str) -> str:
        return f"{self._fake.execute(command)}\n"

    def create_terminal_tester(self, terminal: str, timeout: float) -> None:
        assert terminal == "sysbus.usart3"
        self._timeout_s = float(timeout)

    def create_log_tester(self, timeout: float) -> None:
        assert float(timeout) > 0

    def start_emulation(self) -> None:
        self._fake.start()

    def write_to_uart(self, content: str) -> None:
        self._fake.machine.send(content.encode("latin-1"))

    def wait_for_line_on_uart(self, content: str, timeout: float = 0, treatAsRegex: str = "false") -> None:
        pattern = content if str(treatAsRegex).lower() == "true" else re.escape(content)
        seen = []
        while True:
            try:
                line = self._fake.machine.read_line(float(timeout) or self._timeout_s)
            except TimeoutError:
                raise AssertionError(f"no line {content!r} on the UART, but {seen[-5:]}") from None
            seen.append(line)
            if re.search(pattern, line):
                return

    def should_not_be_in_log(self, text: str) -> None:
        assert text == "non existing peripheral"  # the embedded emulator stops at such an access
