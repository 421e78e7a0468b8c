"""Instructions, counts and faults of the emulated core, against hand-written programs."""

import struct
from collections.abc import Callable

import pytest

from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.emulate.unicorn_machine import Outcome

Run = Callable[..., UnicornBoard]

FPU_ON = """
    ldr r0, =0xE000ED88
    ldr r1, [r0]
    orr r1, r1, #0xF00000
    str r1, [r0]
    dsb
    isb
"""
SLEEP = """
9:  wfi
    b 9b
.ltorg
"""


def words(board: UnicornBoard, count: int, address: int = 0x20000000) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", board.read_memory(address, 4 * count))


def test_dsp_and_floating_point(run_program: Run) -> None:
    board = run_program(f"""
function reset
    {FPU_ON}
    ldr r4, =0x20000000
    ldr r0, =0x0003FFFE      @ 3, -2
    ldr r1, =0x00050007      @ 5, 7
    movs r2, #100
    smlad r3, r0, r1, r2     @ 100 + 15 - 14
    str r3, [r4]
    ldr r0, =0x80FF7F01
    sxtb16 r3, r0            @ -1, 1
    str r3, [r4, #4]
    ldr r0, =1000
    ssat r3, #8, r0
    str r3, [r4, #8]
    vmov.f32 s0, #3.0
    vmov.f32 s1, #2.0
    vmov.f32 s2, #0.5
    vfma.f32 s2, s0, s1
    vstr s2, [r4, #12]
    {SLEEP}
""")
    assert words(board, 3) == (101, -65535, 127)  # 0xFFFF0001
    assert struct.unpack("<f", board.read_memory(0x2000000C, 4)) == (6.5,)


def test_counts_are_exact(run_program: Run) -> None:
    board = run_program(f"""
function reset
    movs r0, #0
    movw r1, #1000
    bl sum
    {SLEEP}
function sum
2:  adds r0, r0, r1
    tst r1, #1
    it ne
    addne r0, #1
    subs r1, #1
    bne 2b
    bx lr
""")
    # reset: 3; sum: 6 * 1000 + 1; the first wfi
    assert board.instructions == 3 + 6001 + 1
    # before: 1 + 1 + 3 (bl); a round: 5 + branch 3, the last one 5 + 1; bx 3; wfi 1
    assert board.cycles_estimated == 5 + 1000 * 5 + 999 * 3 + 1 + 3 + 1


def test_counts_survive_stops(run_program: Run) -> None:
    """Stopping at any block boundary neither loses a block nor counts one twice."""
    source = f"""
function reset
    movw r1, #5000
2:  subs r1, #1
    beq 3f
    b 2b
3:  {SLEEP}
"""
    whole = run_program(source)
    sliced = run_program(source, to_the_end=False)
    stops = 0
    while sliced.run(lambda: False, 101 / sliced.board.clock_hz) is Outcome.TIMEOUT:
        stops += 1
    assert stops > 100
    assert sliced.instructions == whole.instructions == 1 + 4999 * 3 + 2 + 1
    assert sliced.cycles_flash_model == whole.cycles_flash_model


def test_profile_of_one_function(run_program: Run) -> None:
    board = run_program(
        f"""
function reset
    movs r4, #3
1:  mov r0, r4
    bl work
    subs r4, #1
    bne 1b
    {SLEEP}
function work
    push {{r4, lr}}
    bl leaf
    bl leaf
    pop {{r4, pc}}
function leaf
    adds r0, #1
    bx lr
""",
        to_the_end=False,
    )
    calls: list[int] = []
    board.on_call("work", lambda _board, r0, *_rest: calls.append(r0))
    records = board.record_calls("work")
    board.profile_function("work")
    board.run(lambda: False, 1.0)
    profile = board.profile_result()
    assert calls == [3, 2, 1] == [record.r0 for record in records]
    assert {record.instructions for record in records} == {8}
    assert profile.instructions == 24
    by_name = {function.name: function for function in profile.functions}
    assert (by_name["work"].instructions, by_name["leaf"].instructions) == (12, 12)
    # push 3, two bl 3 each, pop of two with the refill 5; leaf twice 1 + 3
    assert (by_name["work"].cycles_estimated, by_name["leaf"].cycles_estimated) == (3 * 14, 3 * 8)
    assert profile.classes == {"branch": 12, "other": 6, "store": 3, "load": 3}
    board.on_call("work", None)


def test_exceptions_of_hooks_come_through(run_program: Run) -> None:
    board = run_program(f"function reset\n bl work\n{SLEEP}\nfunction work\n bx lr", to_the_end=False)
    with pytest.raises(KeyError):
        board.on_call("no_such_function", print)

    def refuse(*_arguments: object) -> None:
        raise LookupError("from the hook")

    board.on_call("work", refuse)
    with pytest.raises(LookupError, match="from the hook"):
        board.run(lambda: False, 1.0)


def test_profile_switch(run_program: Run) -> None:
    source = f"function reset\n movw r1, #99\n2: subs r1, #1\n bne 2b\n{SLEEP}"
    board = run_program(source, to_the_end=False)
    assert not board.profile
    board.profile = True
    board.run(lambda: False, 1.0)
    board.profile = False
    executed = board.profile_result().instructions
    board._machine.reset()
    board.run(lambda: False, 1.0)
    assert board.profile_result().instructions == executed == 1 + 2 * 99 + 1
    assert board.instructions == 2 * executed


@pytest.mark.parametrize(
    ("body", "kind", "address"),
    [
        ("ldr r0, =0x20030000\n movs r1, #1\n str r1, [r0]", "write", 0x20030000),
        ("ldr r0, =0x60000004\n ldrb r1, [r0, #1]", "read", 0x60000005),
        ("ldr r0, =0x08000100\n str r0, [r0]", "write", 0x08000100),
        ("movs r0, #0\n ldr r1, [r0]", "read", 0),
        ("ldr r0, =0x10000101\n bx r0", "fetch", 0x10000100),
        ("ldr r0, =0x20000002\n ldm r0, {r1, r2}", "misaligned access", 0x20000002),
        ("ldr r0, =0x20000001\n ldrd r1, r2, [r0]", "misaligned access", 0x20000001),
        ("udf #1", "undefined instruction", None),
        ("bkpt #1", "breakpoint", None),
        ("vmov.f32 s0, #1.0", "floating point off", None),
        ("ldr r0, =0x40003000\n str r0, [r0]", "write", 0x40003000),
    ],
)
def test_fault_reports(run_program: Run, body: str, kind: str, address: int | None) -> None:
    with pytest.raises(EmulationFault) as caught:
        run_program(f"function reset\n bl culprit\n{SLEEP}\nfunction culprit\n {body}\n bx lr\n.ltorg")
    fault = caught.value
    assert fault.kind == kind
    if address is not None:
        assert fault.address == address
    if kind != "fetch":  # there the program counter has left the function
        assert fault.function.startswith("culprit+0x")
    assert f"0x{fault.pc:08x}" in str(fault)


def test_misaligned_single_accesses_work_and_cost(run_program: Run) -> None:
    board = run_program(f"""
function reset
    ldr r0, =0x20000000
    ldr r1, =0x11223344
    str r1, [r0]
    str r1, [r0, #4]
    ldr r2, [r0, #1]
    ldr r3, [r0, #2]
    ldrh r4, [r0, #3]
    str r2, [r0, #8]
    {SLEEP}
""")
    assert words(board, 1, 0x20000008) == (0x44112233,)
    # ldr 2 + 1, str 1 + 1, ldr 2 + 1 + 1, str 1, wfi 1, then 2 + 1 + 1 for the three misaligned loads
    assert board.cycles_estimated == 3 + 2 + 4 + 1 + 1 + 4


def test_alignment_is_checked_on_demand(run_program: Run) -> None:
    source = f"function reset\n ldr r0, =0x20000001\n ldr r1, [r0]\n ldm r0, {{r1, r2}}\n{SLEEP}"
    with pytest.raises(EmulationFault):
        run_program(source)
    assert run_program(source, check_alignment=False).instructions == 4


def test_stack_overflow_is_named(run_program: Run) -> None:
    with pytest.raises(EmulationFault, match=r"recurse\+0x.*stack overflow") as caught:
        run_program("function reset\n bl recurse\nfunction recurse\n push {r0-r7, lr}\n bl recurse\n pop {r0-r7, pc}")
    assert 0x0FFFFF00 < caught.value.address < 0x10000000


def test_stack_high_water(run_program: Run) -> None:
    board = run_program(f"""
function reset
    ldr r0, =__stack_bottom
    mov r1, sp
    ldr r2, =0xA5A5A5A5
1:  str r2, [r0], #4
    cmp r0, r1
    bne 1b
    push {{r4-r7}}
    push {{r4}}
    pop {{r4}}
    {SLEEP}
""")
    assert board.stack_high_water() == 20


def test_flash_accelerator(run_program: Run) -> None:
    """Eight literal lines fit the data cache, nine in turn always miss."""
    program = """
function reset
    ldr r0, =0x40023C00
    ldr r1, =0x705         @ 5 wait states, prefetch, both caches
    str r1, [r0]
    ldr r0, =table
    bl sweep
{sleep}
.balign 16
function sweep
    movs r1, #100
2:  movs r2, #{lines}
    mov r3, r0
1:  ldr r4, [r3], #16
    subs r2, #1
    bne 1b
    subs r1, #1
    bne 2b
    bx lr
.balign 16
table: .space 256
"""
    stalls = {}
    for lines in (8, 9):
        board = run_program(program.format(lines=lines, sleep=SLEEP), to_the_end=False)
        records = board.record_calls("sweep")
        board.run(lambda: False, 1.0)
        stalls[lines] = records[0].cycles_flash_model - records[0].cycles_estimated
    code = 2 * 5  # two lines of instructions
    assert stalls == {8: code + 8 * 5, 9: code + 100 * 9 * 5}
