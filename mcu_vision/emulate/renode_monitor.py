"""Client of Renode's monitor over telnet: a command, its echo, its answer, the next prompt."""

import re
import socket
import time

from mcu_vision.emulate.renode_process import RenodeProcess

_CONNECT_S = 240.0  # a cold start of the .NET runtime takes ten seconds and more, a minute on a busy machine
_COMMAND_S = 240.0
_ECHO_S = 3.0
_TELNET_OPTION = re.compile(rb"\xff[\xfb-\xfe].", re.DOTALL)  # IAC WILL, WON'T, DO or DON'T, and an option
_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_PARTIAL = re.compile(rb"(\xff[\xfb-\xfe]?|\x1b(\[[0-9;?]*)?)\Z")  # an option or a colour that has not come whole
_PROMPT = re.compile(r"^\([\w.-]+\) ", re.MULTILINE)
_LOG = re.compile(r"\d\d:\d\d:\d\d\.\d+ \[[A-Z]+\]")
_ERROR = re.compile(r"error|exception|no such|bad parameters|could not|cannot|not found|unexpected", re.IGNORECASE)


def _echo_of(text: str) -> re.Pattern[str]:
    """What the monitor shows of a command: a terminal breaks long ones anywhere."""
    return re.compile(r"\s*".join(re.escape(character) for character in text if character != " ") + r"\s*\n")


class RenodeMonitor:
    """`heard` keeps all that the monitor has said, hooks' prints included."""

    def __init__(self, process: RenodeProcess, port: int) -> None:
        """Connect and wait for the first prompt. Raises UserError if there is none in time."""
        self._process = process
        self._raw = b""
        self.heard = ""
        self._socket = self._connect(port)
        self._wait_for_prompt(0, _CONNECT_S, "Renode's monitor gave no prompt")

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + _CONNECT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1.0)
            except OSError as error:
                if self._process.ended or time.monotonic() > deadline:
                    raise self._process.failure(f"Renode's monitor did not open port {port}") from error
                time.sleep(0.1)

    def command(self, text: str, timeout_s: float = _COMMAND_S) -> str:
        """Send a command and return its answer.

        Raises UserError if Renode answers with an error, not in time, or has ended.
        """
        start = len(self.heard)
        try:
            self._socket.sendall(text.encode() + b"\n")
        except OSError as error:
            raise self._process.failure(f"Renode closed its monitor at {text!r}") from error
        echo = self._wait_for_echo(text, start, timeout_s)
        end = self._wait_for_prompt(echo, timeout_s, f"Renode did not answer {text!r}")
        lines = [line.strip() for line in self.heard[echo:end].splitlines()]
        answer = [line for line in lines if line and not _LOG.match(line)]
        wrong = next((line for line in answer if _ERROR.search(line)), None)
        if wrong is not None:
            raise self._process.failure(f"Renode refused {text!r}: {' '.join(answer)}")
        return "\n".join(answer)

    def number(self, text: str) -> int:
        """Send a command whose answer is a number: hexadecimal with 0x, or decimal."""
        answer = self.command(text)
        match = re.search(r"^(0x[0-9A-Fa-f]+|\d+)$", answer, re.MULTILINE)
        if match is None:
            raise self._process.failure(f"Renode answered {text!r} with {answer!r} instead of a number")
        return int(match[1], 0)

    def _wait_for_echo(self, text: str, start: int, timeout_s: float) -> int:
        """Where the answer to a command begins: behind its echo, or at once where a prompt has come without one."""
        echo, complaint = _echo_of(text), f"Renode did not answer {text!r}"
        began = time.monotonic()
        while (match := echo.search(self.heard, start)) is None:
            waited = time.monotonic() - began
            if waited > _ECHO_S and _PROMPT.search(self.heard, start):
                return start
            if waited > timeout_s:
                raise self._process.failure(f"{complaint}: nothing within {timeout_s:g} s")
            self._listen(complaint)
        return match.end()

    def _wait_for_prompt(self, start: int, timeout_s: float, complaint: str) -> int:
        return self._wait_for(_PROMPT, start, timeout_s, complaint, at_start=True)

    def _wait_for(
        self, pattern: re.Pattern[str], start: int, timeout_s: float, complaint: str, at_start: bool = False
    ) -> int:
        """Listen until `pattern` is in what was said from `start` on; return where it ends, or begins."""
        deadline = time.monotonic() + timeout_s
        while (match := pattern.search(self.heard, start)) is None:
            if time.monotonic() > deadline:
                raise self._process.failure(f"{complaint}: nothing within {timeout_s:g} s")
            self._listen(complaint)
        return match.start() if at_start else match.end()

    def _listen(self, complaint: str) -> None:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return
        except OSError as error:
            raise self._process.failure(f"{complaint}: {error.strerror}") from error
        if not data:
            raise self._process.failure(f"{complaint}: Renode closed its monitor")
        raw = self._raw + data
        partial = _PARTIAL.search(raw)
        self._raw = raw[partial.start() :] if partial else b""
        raw = raw[: len(raw) - len(self._raw)]
        text = _COLOUR.sub(b"", _TELNET_OPTION.sub(b"", raw)).replace(b"\0", b"").decode("utf-8", "replace")
        self.heard += text.replace("\r\n", "\n").replace("\r", "\n")

    def quit(self) -> None:
        """Ask Renode to end."""
        try:
            self._socket.sendall(b"quit\n")
        except OSError:
            pass
        finally:
            self._socket.close()
