"""The firmware's string functions against Python, at every alignment and overlap."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision.resources import resource

NAMES = ("memcpy", "memmove", "memset", "memcmp", "strlen", "strcmp")
SIZE = 96


@pytest.fixture(scope="module")
def libc(build) -> ctypes.CDLL:  # type: ignore[no-untyped-def]
    """The functions with a prefix, so that they do not shadow this process's own."""
    flags = (f"-I{resource('firmware', 'libc')}", "-fno-builtin", *(f"-D{name}=own_{name}" for name in NAMES))
    library: ctypes.CDLL = build([f"libc/{name}.c" for name in NAMES], "", flags)
    return library


offsets = st.integers(0, 40)
counts = st.integers(0, 50)


@given(target=offsets, source=offsets, count=counts, data=st.binary(min_size=SIZE, max_size=SIZE))
def test_memmove(libc: ctypes.CDLL, target: int, source: int, count: int, data: bytes) -> None:
    buffer = ctypes.create_string_buffer(data, SIZE)
    base = ctypes.addressof(buffer)
    libc.own_memmove(ctypes.c_void_p(base + target), ctypes.c_void_p(base + source), ctypes.c_size_t(count))
    expected = bytearray(data)
    expected[target : target + count] = data[source : source + count]
    assert buffer.raw == expected


@given(target=offsets, source=offsets, count=counts, data=st.binary(min_size=SIZE, max_size=SIZE))
def test_memcpy(libc: ctypes.CDLL, target: int, source: int, count: int, data: bytes) -> None:
    buffer = ctypes.create_string_buffer(SIZE)
    base = ctypes.addressof(buffer)
    libc.own_memcpy.restype = ctypes.c_void_p
    result = libc.own_memcpy(ctypes.c_void_p(base + target), data[source:] + b"\0", ctypes.c_size_t(count))
    expected = bytearray(SIZE)
    expected[target : target + count] = data[source : source + count]
    assert buffer.raw == expected
    assert result == base + target


@given(target=offsets, count=counts, value=st.integers(-300, 300))
def test_memset(libc: ctypes.CDLL, target: int, count: int, value: int) -> None:
    buffer = ctypes.create_string_buffer(SIZE)
    libc.own_memset(ctypes.c_void_p(ctypes.addressof(buffer) + target), value, ctypes.c_size_t(count))
    expected = bytearray(SIZE)
    expected[target : target + count] = bytes([value & 0xFF]) * count
    assert buffer.raw == expected


@given(left=st.binary(max_size=20), right=st.binary(max_size=20), same=st.binary(max_size=9), skip=st.integers(0, 3))
def test_memcmp(libc: ctypes.CDLL, left: bytes, right: bytes, same: bytes, skip: int) -> None:
    a, b = same + left, same + right
    count = min(len(a), len(b))
    result = libc.own_memcmp(b" " * skip + a, b" " * skip + b, ctypes.c_size_t(count + skip))
    assert (result > 0) - (result < 0) == (a[:count] > b[:count]) - (a[:count] < b[:count])


text = st.binary(max_size=12).map(lambda data: data.replace(b"\0", b""))


@given(left=text, right=text)
def test_strings(libc: ctypes.CDLL, left: bytes, right: bytes) -> None:
    assert libc.own_strlen(left) == len(left)
    for a, b in ((left, right), (left, left), (left, left + right)):
        result = libc.own_strcmp(a, b)
        assert (result > 0) - (result < 0) == (a > b) - (a < b)
