"""Conditional loads and stores whose translated block ends, at a page end, right after them."""

from collections.abc import Callable

import pytest

from mcu_vision.emulate.unicorn_board import UnicornBoard

PAGE_BYTES = 4096


@pytest.mark.parametrize("hooks", [{"check_alignment": True}, {"check_alignment": False, "watch_ram": True}])
@pytest.mark.parametrize("access", ["ldrlt r3, [r4]", "strlt r3, [r4, #16]", "ldrblt r3, [r4]"])
@pytest.mark.parametrize("it_block", ["it lt\n{}", "itt lt\nmovlt r6, r6\n{}", "itt lt\n{}\nmovlt r6, r6"])
def test_code_behind_a_conditional_access_is_not_conditional(
    run_program: Callable[..., UnicornBoard], access: str, it_block: str, hooks: dict[str, bool]
) -> None:
    board = run_program(
        f"""
function reset
    ldr r4, =0x20000000
    movs r0, #1
    movs r5, #0
    b 1f
    .balign {PAGE_BYTES}
    .skip {PAGE_BYTES - 32}
1:  cmp r0, #2
    {it_block.format(access)}
    cmp r0, r0               @ from here on lt is false
    .balignw {PAGE_BYTES}, 0xBF00 @ nop
    adds r5, #1
    adds r5, #2
    str r5, [r4, #4]
9:  wfi
    b 9b
.ltorg
""",
        **hooks,
    )
    assert board.read_memory(0x20000004, 4) == b"\x03\x00\x00\x00"
