"""Stands in for Renode where there is none: the monitor as telnet, a UART as a TCP socket.

FAKE_RENODE says what goes wrong: "hang" (no prompt), "die" (ends at `start`), "refuse" (an error at LoadELF),
"mute" (the console says nothing), "outside" and "elsewhere" (logs an access outside the memories, as 1.16.1 words it
and otherwise), "log" (hooks print to the process's output instead of the monitor), "quiet" (no echo, and colours).
"""

import os
import select
import socket
import sys
import time

from fake_renode_machine import FakeMachine, RefusalError

FAULT = os.environ.get("FAKE_RENODE", "")
TELNET_OPTIONS = b"\xff\xfd\x03\xff\xfb\x03\xff\xfb\x01"
OUTSIDE = (
    "12:00:00.0000 [WARNING] sysbus: [cpu: 0x8000084] WriteDoubleWord to non existing peripheral at 0x20030000, "
    "value 0x1."
)
ELSEWHERE = "12:00:00.0000 [WARNING] board/sysbus: WriteDoubleWord to non existing peripheral at 0x20030000."


class FakeRenode:
    def __init__(self, port: int) -> None:
        listener = socket.create_server(("127.0.0.1", port))
        self.monitor, _ = listener.accept()
        self.machine = FakeMachine(self.say_from_hook)
        self.console: socket.socket | None = None

    def say_from_hook(self, line: str) -> None:
        if FAULT == "log":
            print(line, flush=True)
        else:
            self.say(line + "\n")

    def say(self, text: str) -> None:
        self.monitor.sendall(text.replace("\n", "\r\n").encode())

    def execute(self, line: str) -> None:
        width = 79 - len(self.machine.prompt)  # a terminal of 80 columns breaks long lines
        if FAULT != "quiet":
            self.say(line[:width] + ("\n" + line[width:] if line[width:] else "") + "\n")
        if line == "start" and FAULT == "die":
            print("Fatal error: out of luck", flush=True)
            os._exit(3)
        if line == "start" and FAULT in ("outside", "elsewhere"):
            print(OUTSIDE if FAULT == "outside" else ELSEWHERE, flush=True)
        try:
            if "LoadELF" in line and FAULT == "refuse":
                raise RefusalError("There was an error executing command 'sysbus LoadELF'\nNo such file")
            answer = self.machine.execute(line)
        except RefusalError as refusal:
            answer = str(refusal)
        if FAULT == "quiet":
            self.say("\n\x1b[3")
            time.sleep(0.01)
            self.say("3m")
        self.say((answer + "\n" if answer else "") + self.machine.prompt)

    def serve(self) -> None:
        self.monitor.sendall(TELNET_OPTIONS)
        if FAULT != "hang":
            self.say("Renode, version 1.16.1\n" + self.machine.prompt)
        pending = b""
        while not self.machine.ended:
            ends = (self.monitor, self.machine.terminal, self.console, self.machine.pty)
            sockets = [end for end in ends if end is not None]
            for ready in select.select(sockets, [], [], 0.001 if self.machine.started else 0.2)[0]:
                if ready is self.machine.terminal:
                    self.console, _ = ready.accept()
                    continue
                if ready is self.machine.pty:
                    self.machine.machine.send(os.read(ready, 65536))
                    continue
                data = ready.recv(65536)
                if not data:
                    return
                if ready is self.monitor:
                    *lines, pending = (pending + data).split(b"\n")
                    for line in lines:
                        self.execute(line.decode().rstrip("\r"))
                elif self.machine.connected:
                    self.machine.machine.send(data)
            if self.machine.started:
                self.run()

    def run(self) -> None:
        board = self.machine.machine
        board.run(lambda: b"\n" in board._output, 0.01)
        output = board.take_output()
        if self.machine.pty is not None and output:
            os.write(self.machine.pty, output)
        if self.console is not None and FAULT != "mute":
            self.console.sendall(output)


if __name__ == "__main__":
    *options, port = sys.argv[1:]
    assert options == ["--disable-gui", "--plain", "-P"]
    FakeRenode(int(port)).serve()
