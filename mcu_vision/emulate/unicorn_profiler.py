"""Profiles of a function's calls, apart for what its first argument says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcu_vision.emulate.profile import Profile, ProfileRecorder
from mcu_vision.emulate.traffic import Traffic, traffic_since
from mcu_vision.emulate.unicorn_calls import CallHooks
from mcu_vision.emulate.unicorn_machine import Machine


@dataclass(frozen=True)
class CallsProfile:
    """What all calls with one key executed, with all that they called. traffic: by name of the memory."""

    calls: int
    profile: Profile
    traffic: Mapping[str, Traffic]


class CallProfiler:
    """From its making on, sums the calls of the function at `address` by `key_of(first argument)`."""

    def __init__(self, machine: Machine, calls: CallHooks, address: int, key_of: Callable[[int], int]) -> None:
        self._machine, self._calls, self._key_of = machine, calls, key_of
        self._recorders: dict[int, ProfileRecorder] = {}
        self._counts: dict[int, int] = {}
        self._traffic: dict[int, dict[str, Traffic]] = {}
        calls.on_entry(address, self._enter)

    def _enter(self) -> None:
        key = self._key_of(self._machine.engine.read("r0"))
        recorder = self._recorders.setdefault(key, ProfileRecorder(self._machine.counter.snapshot))
        meter = self._machine.engine.traffic
        before = meter.read() if meter else {}
        recorder.start()

        def leave() -> None:
            recorder.stop()
            self._counts[key] = self._counts.get(key, 0) + 1
            self._traffic[key] = traffic_since(meter.read() if meter else {}, before, self._traffic.get(key, {}))

        self._calls.on_return(leave)

    def results(self) -> dict[int, CallsProfile]:
        """The sums so far, by key."""
        timings, name_at = self._machine.counter.timings, self._machine.elf.name_at
        return {
            key: CallsProfile(self._counts[key], recorder.result(timings, name_at), self._traffic[key])
            for key, recorder in self._recorders.items()
        }
