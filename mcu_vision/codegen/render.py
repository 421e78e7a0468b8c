"""Print a lowered program as self-contained C99 sources."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from mcu_vision.codegen.console_options import ConsoleOptions
from mcu_vision.codegen.lower import CModel, lower_program
from mcu_vision.plan.program import Program
from mcu_vision.resources import resource
from mcu_vision.templates import c_templates

_FILES = {
    "model.h.j2": "{prefix}.h",
    "model.c.j2": "{prefix}.c",
    "weights.h.j2": "{prefix}_weights.h",
    "weights.c.j2": "{prefix}_weights.c",
    "model_glue.h.j2": "model_glue.h",
    "README.md.j2": "README.md",
}


def generate_sources(program: Program, folder: Path, console: ConsoleOptions | None = None) -> CModel:
    """Write the model, its weights and the kernels it uses into the existing `folder`."""
    model = lower_program(program)
    environment = c_templates()
    environment.filters["c_float"] = _c_float
    for template, name in _FILES.items():
        text = environment.get_template(template).render(model=model, console=console or ConsoleOptions())
        (folder / name.format(prefix=model.prefix)).write_text(text)
    headers = ["nn_rnn_sparse.h"] if model.has_sparse_code else []
    for source in kernel_sources(model.kernels, headers):
        shutil.copy(source, folder / source.name)
    return model


def _c_float(value: float) -> str:
    """A float constant that reads back as the same float32."""
    text = f"{value:.9g}"
    return f"{text}f" if any(c in text for c in ".en") else f"{text}.0f"


def kernel_sources(functions: list[str], headers: Sequence[str] = ()) -> list[Path]:
    """The kernel files that define `functions`, what those call, and the headers that they or the model include."""
    folder = resource("firmware", "nn")
    pending = [folder / f"{name}.c" for name in functions] + [folder / name for name in ("nn.h", "nn_rows.h", *headers)]
    found: set[Path] = set()
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        pending += [folder / name for name in re.findall(r'#include "(\w+\.h)"', text)]
        if path.name != "nn.h":
            called = {folder / f"{name}.c" for name in re.findall(r"\bnn_\w+", text)}
            pending += [p for p in called if p.exists()]
    return sorted(found)
