"""Numbers to and from the console."""

import ctypes
import math
import struct
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

CAPTURE = """
#include <stddef.h>
static char text[256];
static size_t length;
void uart_write(const char *data, size_t count) { while (count--) text[length++] = *data++; }
const char *take(void) { text[length] = 0; length = 0; return text; }
"""


@pytest.fixture(scope="module")
def firmware(build) -> ctypes.CDLL:  # type: ignore[no-untyped-def]
    """print.c over a captured console, and parse.c."""
    library: ctypes.CDLL = build(["board/print.c", "app/parse.c"], CAPTURE)
    library.take.restype = ctypes.c_char_p
    return library


def taken(firmware: ctypes.CDLL) -> str:
    text: bytes = firmware.take()
    return text.decode()


@given(st.integers(0, 2**64 - 1))
@example(0)
def test_print_unsigned(firmware: ctypes.CDLL, value: int) -> None:
    firmware.print_unsigned(ctypes.c_uint64(value))
    assert taken(firmware) == str(value)


@given(st.integers(-(2**31), 2**31 - 1))
@example(-(2**31))
def test_print_signed(firmware: ctypes.CDLL, value: int) -> None:
    firmware.print_signed(value)
    assert taken(firmware) == str(value)


@given(st.integers(0, 2**32 - 1))
def test_print_hexadecimal(firmware: ctypes.CDLL, value: int) -> None:
    firmware.print_hexadecimal(ctypes.c_uint32(value))
    assert taken(firmware) == f"0x{value:08x}"
    firmware.print_hexadecimal_digits(ctypes.c_uint32(value), 8, True)
    assert taken(firmware) == f"{value:08X}"


def single(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


@given(st.floats(-4000, 4000, width=32))
@example(0.9999)
@example(-0.0004)
@example(-0.0)
def test_print_thousandths(firmware: ctypes.CDLL, value: float) -> None:
    firmware.print_thousandths(ctypes.c_float(value))
    text = taken(firmware)
    assert text.split(".")[1].isdigit()
    assert len(text.split(".")[1]) == 3
    assert text != "-0.000"
    # The product with 1000 is rounded to single precision, so a tie may fall to either side.
    exact = Decimal(single(value))
    assert abs(Decimal(text) - exact) <= Decimal("0.0005") + abs(exact) * Decimal(2) ** -22
    if abs(exact) < 1:
        tie = abs(exact * 1000 % 1) - Decimal("0.5")
        if abs(tie) > Decimal("0.001"):
            assert Decimal(text) == exact.quantize(Decimal("0.001"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "nan"), (math.inf, "2000000.000"), (-math.inf, "-2000000.000"), (1e9, "2000000.000")]
)
def test_print_thousandths_of_what_is_no_number(firmware: ctypes.CDLL, value: float, text: str) -> None:
    firmware.print_thousandths(ctypes.c_float(value))
    assert taken(firmware) == text


def parse_unsigned(firmware: ctypes.CDLL, text: bytes) -> tuple[int | None, bytes]:
    buffer = ctypes.create_string_buffer(text)
    cursor, value = ctypes.c_char_p(ctypes.addressof(buffer)), ctypes.c_uint32(7)
    firmware.parse_unsigned.restype = ctypes.c_bool
    good = firmware.parse_unsigned(ctypes.byref(cursor), ctypes.byref(value))
    assert good or value.value == 7
    return (value.value if good else None), cursor.value or b""


@given(st.integers(0, 2**80), st.booleans())
@example(2**32 - 1, False)
@example(2**32, False)
@example(2**64, False)
def test_parse_unsigned(firmware: ctypes.CDLL, number: int, zeros: bool) -> None:
    value, rest = parse_unsigned(firmware, b"  " + b"00" * zeros + str(number).encode() + b" next")
    assert value == (number if number < 2**32 else None)
    assert rest == b"next"


@pytest.mark.parametrize("text", [b"", b" ", b"-1", b"+1", b"1x", b"0x10", b"1.5"])
def test_parse_unsigned_refuses(firmware: ctypes.CDLL, text: bytes) -> None:
    assert parse_unsigned(firmware, text)[0] is None


@given(st.integers(0, 255))
def test_parse_hexadecimal_digit(firmware: ctypes.CDLL, code: int) -> None:
    digit = bytes([code])
    expected = int(digit, 16) if digit in b"0123456789abcdefABCDEF" else -1
    assert firmware.parse_hexadecimal_digit(ctypes.c_char(digit)) == expected
