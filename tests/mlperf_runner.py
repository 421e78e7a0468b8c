"""A client that does on the serial port what MLPerf Tiny's public runner does.

Source: mlcommons/tiny, benchmark/runner (behaviour alone): a command and its "%" are two writes, an answer ends with
the line that holds "m-ready", silence of 5 s is an error, bytes must be text, images go in 31 bytes a command.
"""

import re
from collections.abc import Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import NamedTuple

import serial

SILENCE_S = 5.0
LOAD_BYTES = 31


class Window(NamedTuple):
    """What `infer` gave: the results, and the time between its two stamps."""

    results: list[float]
    elapsed_us: int


class Runner:
    """The runner's end of a device under test."""

    def __init__(self, port: str) -> None:
        self._port = serial.Serial(port, 115200, timeout=0.1)
        self._lines: Queue[str] = Queue()
        self._ended = Event()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        line = ""
        while not self._ended.is_set():
            character = self._port.read(1).decode()
            if character == "\n":
                self._lines.put(line)
                line = ""
            elif character not in ("", "\r", "\0"):
                line += character

    def send(self, command: str) -> list[str]:
        self._port.write(command.encode())
        self._port.write(b"%")
        lines = []
        while True:
            try:
                line = self._lines.get(timeout=SILENCE_S)
            except Empty:
                raise AssertionError(f"no response to {command}, only {lines}") from None
            lines += [line] if line else []
            if "m-ready" in line:
                return lines

    def identify(self) -> dict[str, str]:
        """Name, profile and model."""
        lines = self.send("name") + self.send("profile")
        found = [re.match(r"^m-(name-dut|profile|model)-\[([^]]+)]$", line) for line in lines]
        return {match[1]: match[2] for match in found if match}

    def load(self, data: bytes) -> list[str]:
        """Return the answer to the last command."""
        lines = self.send(f"db load {len(data)}")
        for start in range(0, len(data), LOAD_BYTES):
            lines = self.send("db " + "".join(f"{byte:02x}" for byte in data[start : start + LOAD_BYTES]))
        return lines

    def infer(self, runs: int, warm_up: int) -> Window:
        results: list[float] = []
        stamps = []
        for line in self.send(f"infer {runs} {warm_up}"):
            if match := re.match(r"^m-results-\[([^]]+)\]$", line):
                results = [float(value) for value in match[1].split(",")]
            if match := re.match(r"^m-lap-us-([0-9]+)$", line):
                stamps.append(int(match[1]))
        assert len(stamps) == 2, "incomplete time data"
        return Window(results, stamps[1] - stamps[0])

    def performance(self, image: bytes, windows: int, runs: int, warm_up: int) -> Iterator[Window]:
        """The script "loop WINDOWS: download, infer RUNS WARM_UP"."""
        for _ in range(windows):
            self.load(image)
            yield self.infer(runs, warm_up)

    def accuracy(self, images: list[bytes]) -> Iterator[Window]:
        """The script "loop: download, infer 1 0", a file each."""
        for image in images:
            self.load(image)
            yield self.infer(1, 0)

    def close(self) -> None:
        self._ended.set()
        self._reader.join()
        self._port.close()
