"""Interrupts, timers, reset and the console of the emulated board."""

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_vision.device.console import Console, ConsoleError, ConsoleTimeoutError, DeviceFault, SerialTransport
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.emulate.unicorn_machine import Outcome

Run = Callable[..., UnicornBoard]

# Echoes a command when its '%' comes, and "m-ready"; '!' in it gives an error line, '#' a crash, '@' a reset.
ECHO = """
function reset
    ldr r0, =0xE000ED88      @ floating point on
    ldr r1, [r0]
    orr r1, r1, #0xF00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =0xE000ED24      @ bus and usage faults on
    ldr r1, =0x70000
    str r1, [r0]
    ldr r4, =0x40004800
    movw r1, #0x202C         @ UE, RXNEIE, TE, RE
    str r1, [r4, #12]
    ldr r0, =0xE000E104      @ interrupt 39
    movs r1, #128
    str r1, [r0]
    vmov.f32 s0, #1.0
    adr r0, ready
    bl print
1:  wfi
    b 1b
.ltorg
.balign 4
ready: .asciz "m-ready\\r\\n"
.balign 4
refusal: .asciz "e-[no such thing]\\r\\n"
.balign 4
crash: .asciz "e-[fault BusFault pc=0x08000001 lr=0x2 cfsr=0x00008200 addr=0x20030000]\\r\\n"
.balign 4
function print
2:  ldrb r1, [r0], #1
    cbz r1, 3f
    str r1, [r4, #4]
    b 2b
3:  bx lr
function usart3
    push {r4, lr}
    vmov.f32 s0, #2.0        @ the thread's s0 must survive
    ldr r4, =0x40004800
    ldr r2, [r4]
    ldr r1, [r4, #4]
    cmp r1, #'%'
    beq 5f
    str r1, [r4, #4]
    cmp r1, #'@'
    beq 8f
    cmp r1, #'#'
    beq 7f
    cmp r1, #'!'
    bne 6f
    movs r1, #10
    str r1, [r4, #4]
    adr r0, refusal
    bl print
    pop {r4, pc}
7:  ldr r0, =0x20030000
    str r1, [r0]
8:  ldr r0, =0xE000ED0C
    ldr r1, =0x05FA0004
    str r1, [r0]
    dsb
9:  b 9b
5:  movs r1, #13
    str r1, [r4, #4]
    movs r1, #10
    str r1, [r4, #4]
    adr r0, ready
    bl print
6:  pop {r4, pc}
function hard_fault         @ a bus fault in a handler of the same urgency
    ldr r4, =0x40004800
    movs r1, #10
    str r1, [r4, #4]
    adr r0, crash
    bl print
1:  b 1b
.ltorg
"""


def test_console_by_interrupt(run_program: Run) -> None:
    board = run_program(ECHO, to_the_end=False)
    assert board.boot() == []
    assert board.command("name") == ["name"]
    assert board.command("hello%") == ["hello"]
    assert board.run(lambda: False, 1.0) is Outcome.IDLE  # out of the handler
    engine = board._machine.engine
    assert engine.read("s0") == 0x3F800000
    assert engine.read("sp") == board.symbol("__stack_top")


def test_console_errors(run_program: Run) -> None:
    board = run_program(ECHO, to_the_end=False)
    board.boot()
    with pytest.raises(ConsoleError, match="no such thing") as caught:
        board.command("x!")
    assert not isinstance(caught.value, DeviceFault)
    assert board.command("next") == ["next"]
    with pytest.raises(EmulationFault, match=r"usart3\+0x"):
        board.command("#")


def test_delivered_fault(run_program: Run) -> None:
    board = run_program(ECHO, deliver_faults=True, to_the_end=False)
    board.boot()
    with pytest.raises(DeviceFault) as caught:
        board.command("#")
    fault = caught.value
    assert (fault.name, fault.pc, fault.address, fault.cfsr) == ("BusFault", 0x08000001, 0x20030000, 0x8200)
    frame = struct.unpack("<8I", board.read_memory(board._machine.engine.read("sp"), 32))
    handler = board.symbol("usart3")
    assert handler < frame[6] < handler + 64
    assert board._machine.system.read(0xD28, 4) == 0x8200  # CFSR: precise, address valid
    assert board._machine.system.read(0xD2C, 4) == 1 << 30  # HFSR: escalated
    assert board._machine.system.read(0xD38, 4) == 0x20030000  # BFAR


def test_delivered_stack_overflow(run_program: Run) -> None:
    """The frame finds no memory either; the handler runs all the same, on a stack that it makes."""
    board = run_program(
        """
function reset
    bl recurse
function recurse
    push {r0-r7, lr}
    bl recurse
function hard_fault
    ldr r0, =0x20001000
    mov sp, r0
    ldr r1, =0xE000ED28
    ldr r2, [r1]
    push {r2}
1:  wfi
    b 1b
""",
        deliver_faults=True,
    )
    (status,) = struct.unpack("<I", board.read_memory(0x20000FFC, 4))
    assert status & 1 << 12  # STKERR


def test_fault_in_fault_handler_raises(run_program: Run) -> None:
    with pytest.raises(EmulationFault, match="undefined instruction"):
        run_program("function reset\n udf #0\nfunction hard_fault\n udf #1\n", deliver_faults=True)


def test_software_reset(run_program: Run) -> None:
    board = run_program(ECHO, to_the_end=False)
    board.boot()
    board.write_memory(0x20000100, b"kept")
    board.send(b"@")
    assert board.read_line(1.0) == "@m-ready"
    assert board.read_memory(0x20000100, 4) == b"kept"
    assert board._machine.chip.rcc.read(0x74, 4) >> 28 & 1  # SFTRSTF


SYSTICK = """
function reset
    cpsid i
    ldr r4, =0x20000000
    movs r0, #0
    str r0, [r4]
    str r0, [r4, #4]
    ldr r1, =0xE000E010
    movw r0, #9999
    str r0, [r1, #4]
    str r0, [r1, #8]
    movs r0, #7
    str r0, [r1]
    cpsie i
{body}
function systick
    ldr r0, [r4]
    adds r0, #1
    str r0, [r4]
    bx lr
.ltorg
"""


def test_systick_interrupts_running_code(run_program: Run) -> None:
    board = run_program(SYSTICK.format(body="1:  adds r6, #1\n b 1b"), to_the_end=False)
    start = board.cycles_flash_model
    board.run(lambda: False, 1_000_000 / board.board.clock_hz)
    (ticks,) = struct.unpack("<I", board.read_memory(0x20000000, 4))
    assert ticks == (board.cycles_flash_model - start) // 10000 == 100 or ticks == 99


def test_systick_wakes_and_sleep_costs_no_instructions(run_program: Run) -> None:
    board = run_program(SYSTICK.format(body="1:  wfi\n b 1b"), to_the_end=False)
    assert board.run(lambda: False, 1_000_000 / board.board.clock_hz) is Outcome.TIMEOUT
    (ticks,) = struct.unpack("<I", board.read_memory(0x20000000, 4))
    assert ticks in (99, 100)
    assert board.instructions < 14 + 100 * 6


def test_pending_exception_waits_for_primask_and_wakes(run_program: Run) -> None:
    body = """
    cpsid i
    wfi                      @ wakes although masked
    ldr r5, [r4]             @ still 0
    str r5, [r4, #8]
    cpsie i
    nop
    ldr r5, [r4]
    str r5, [r4, #12]
    cpsid i
    ldr r1, =0xE000E010
    movs r0, #0
    str r0, [r1]
1:  wfi
    b 1b
"""
    board = run_program(SYSTICK.format(body=body))
    assert struct.unpack("<2I", board.read_memory(0x20000008, 8)) == (0, 1)


def test_cycle_counter_and_identity(run_program: Run) -> None:
    board = run_program("""
function reset
    ldr r0, =0xE000EDFC
    mov r1, #0x1000000
    str r1, [r0]
    ldr r0, =0xE0001000
    movs r1, #0
    str r1, [r0, #4]
    movs r1, #1
    str r1, [r0]
    b 1f
1:  ldr r5, [r0, #4]
    movw r1, #1000
2:  subs r1, #1
    bne 2b
    ldr r6, [r0, #4]
    subs r6, r6, r5
    ldr r4, =0x20000000
    str r6, [r4]
    ldr r0, =0xE0042000
    ldr r1, [r0]
    str r1, [r4, #4]
    ldr r0, =0x1FFF7A22
    ldrh r1, [r0]
    str r1, [r4, #8]
9:  wfi
    b 9b
""")
    elapsed, identity, flash_kib = struct.unpack("<3I", board.read_memory(0x20000000, 12))
    assert 1000 * 4 - 20 < elapsed < 1000 * 4 + 20  # by basic blocks
    assert (identity & 0xFFF, flash_kib) == (0x419, 2048)


def test_supervisor_call_and_priorities(run_program: Run) -> None:
    """PendSV of lower urgency, pended inside SVCall, runs after it."""
    board = run_program("""
function reset
    ldr r4, =0x20000000
    ldr r0, =0xE000ED20
    mov r1, #0xFF0000        @ PendSV at the lowest priority
    str r1, [r0]
    svc #0
9:  wfi
    b 9b
function sv_call
    ldr r0, =0xE000ED04
    mov r1, #0x10000000
    str r1, [r0]
    dsb
    nop
    mrs r2, ipsr
    str r2, [r4], #4
    bx lr
function pend_sv
    mrs r2, ipsr
    str r2, [r4], #4
    bx lr
""")
    assert struct.unpack("<2I", board.read_memory(0x20000000, 8)) == (11, 14)


def test_silence_is_an_error(run_program: Run) -> None:
    board = run_program("function reset\n1: wfi\n b 1b\n", to_the_end=False)
    with pytest.raises(ConsoleTimeoutError, match="no answer to 'reset'"):
        board.boot()


def test_pseudo_terminal(run_program: Run, tmp_path: Path) -> None:
    board = run_program(ECHO, to_the_end=False)
    board.boot()
    link = tmp_path / "console"
    finished = threading.Event()
    with board.attach_pty(link) as bridge:
        server = threading.Thread(target=bridge.serve, args=(finished.is_set,))
        server.start()
        try:
            with SerialTransport(str(link)) as transport:
                console = Console(transport)
                assert console.command("over the line", timeout_s=30) == ["over the line"]
                with pytest.raises(ConsoleError):
                    console.command("!", timeout_s=30)
        finally:
            finished.set()
            server.join()
    assert not os.path.lexists(link)
