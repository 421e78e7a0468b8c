"""Hooks at the entry and the return of functions."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from mcu_vision.emulate.unicorn_machine import Machine


@dataclass(frozen=True)
class CallRecord:
    """One call, with what it called: its first argument, exact instructions, and cycles (estimates, as in Profile)."""

    r0: int
    instructions: int
    cycles_estimated: int
    cycles_flash_model: int


class CallHooks:
    """Turns the counter's watches, which are on addresses, into calls of functions."""

    def __init__(self) -> None:
        self._machine: Machine | None = None
        self._entries: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._returns: defaultdict[int, list[tuple[int, Callable[[], None]]]] = defaultdict(list)

    def attach(self, machine: Machine) -> None:
        """Tell whose functions these are; before any other call."""
        self._machine = machine

    @property
    def machine(self) -> Machine:
        """The attached machine."""
        assert self._machine is not None
        return self._machine

    def on_entry(self, address: int, callback: Callable[[], None]) -> None:
        """Call back before each execution of the block at `address`."""
        self._entries[address].append(callback)
        self.machine.counter.watch_address(address, True)

    def remove(self, address: int, callback: Callable[[], None]) -> None:
        """Undo on_entry()."""
        self._entries[address].remove(callback)
        self._unwatch(address)

    def on_return(self, callback: Callable[[], None]) -> None:
        """Within an entry hook: call back once when this call returns."""
        engine = self.machine.engine
        address = engine.read("lr") & ~1
        self._returns[address].append((engine.read("sp"), callback))
        self.machine.counter.watch_address(address, True)

    def record(self, address: int, records: list[CallRecord]) -> None:
        """Append each completed call of the function at `address` to `records`."""

        def entered() -> None:
            r0 = self.machine.engine.read("r0")
            before = self._counts()

            def left() -> None:
                differences = (after - start for after, start in zip(self._counts(), before, strict=True))
                records.append(CallRecord(r0, *differences))

            self.on_return(left)

        self.on_entry(address, entered)

    def reached(self, address: int) -> None:
        """The counter's watch callback."""
        waiting = self._returns.get(address, [])
        if waiting:
            stack = self.machine.engine.read("sp")
            due = [callback for depth, callback in waiting if stack >= depth]
            waiting[:] = [(depth, callback) for depth, callback in waiting if stack < depth]
            self._unwatch(address)
            for callback in reversed(due):
                callback()
        for callback in tuple(self._entries.get(address, ())):
            callback()

    def _unwatch(self, address: int) -> None:
        if not self._entries.get(address) and not self._returns.get(address):
            self._entries.pop(address, None)
            self._returns.pop(address, None)
            self.machine.counter.watch_address(address, False)

    def _counts(self) -> tuple[int, int, int]:
        state = self.machine.counter.state
        return state.instructions, state.cycles, state.cycles + state.stall_cycles
