"""ctypes structures of firmware/nn/nn.h, read from the header so that they cannot differ from it."""

import ctypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

NN = Path(__file__).resolve().parents[2] / "firmware" / "nn"
ARRAYS = {"int8_t": np.int8, "int16_t": np.int16, "int32_t": np.int32, "float": np.float32}
INTEGERS = {"int8_t": ctypes.c_int8, "int16_t": ctypes.c_int16, "int32_t": ctypes.c_int32}


def _declarations() -> dict[str, list[tuple[str, str, bool]]]:
    """Fields of each struct: (type, name, is a pointer)."""
    text = re.sub(r"/\*.*?\*/", "", (NN / "nn.h").read_text(), flags=re.DOTALL)
    structs = {}
    for body, name in re.findall(r"typedef struct \{(.*?)\} (\w+);", text, flags=re.DOTALL):
        fields = []
        for declaration in body.split(";"):
            match = re.fullmatch(r"\s*(?:const )?(\w+) (.*)", declaration, flags=re.DOTALL)
            if match:
                for item in match[2].split(","):
                    fields.append((match[1], item.strip(" *\n"), "*" in item))
        structs[name] = fields
    return structs


DECLARATIONS = _declarations()


class StructLayout:
    """The structs of nn.h with pointers of `pointer` (c_uint32 for the target, c_uint64 here)."""

    def __init__(self, pointer: type) -> None:
        self.pointer = pointer
        self.types: dict[str, type[ctypes.Structure]] = {}
        for name, fields in DECLARATIONS.items():
            members = [(f, pointer if is_pointer else self._value(t)) for t, f, is_pointer in fields]
            self.types[name] = type(name, (ctypes.Structure,), {"_fields_": members})

    def _value(self, name: str) -> type:
        return INTEGERS[name] if name in INTEGERS else self.types[name]

    def pack(self, name: str, params: Mapping[str, Any], place: Any) -> bytes:
        """Bytes of struct `name`; `place(array)` gives the address of a constant array.

        Fields of an inner struct are named "outer.inner". Unknown fields, integers that do not fit and
        arrays of another type than the header's are errors; fields left out are 0.
        """
        value = self.types[name]()
        for key, item in params.items():
            *outer, field = key.split(".")
            target, owner = value, name
            for step in outer:
                owner = next(t for t, f, _ in DECLARATIONS[owner] if f == step)
                target = getattr(target, step)
            c_type, _, is_pointer = next(d for d in DECLARATIONS[owner] if d[1] == field)
            if is_pointer:
                assert ARRAYS[c_type] == item.dtype, f"{key} must be {c_type}"
                setattr(target, field, place(np.ascontiguousarray(item)))
            else:
                setattr(target, field, int(item))
                assert getattr(target, field) == int(item), f"{key} = {item} does not fit {c_type}"
        return bytes(value)
