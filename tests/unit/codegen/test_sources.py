import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from models import BuiltModel, noise_images

from mcu_vision.codegen import c_identifier
from mcu_vision.codegen.render import kernel_sources
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.reference import run_graph
from mcu_vision.toolchain import find_host_compiler

STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion", "-O1"]


def compile_program(folder: Path, main: str) -> Path:
    (folder / "main.c").write_text(main)
    sources = [str(p) for p in sorted((folder / "src").glob("*.c"))]
    program = folder / "program"
    find_host_compiler().run(
        [*STRICT, "-I", str(folder / "src"), *sources, str(folder / "main.c"), "-o", str(program)], folder
    )
    return program


@pytest.mark.parametrize("source", ["frame", "rows"])
@pytest.mark.parametrize("graph", [tiny_detector(5), tiny_classifier(5)], ids=lambda g: g.name)
def test_the_few_lines_of_the_readme_work_in_a_foreign_program(graph: Graph, source: str, tmp_path: Path) -> None:
    built = BuiltModel.generate(graph, tmp_path, source=source)
    readme = (built.folder / "src" / "README.md").read_text()
    example = re.search(r"```c\n(.*?)```", readme, re.DOTALL)
    assert example is not None
    image = noise_images(graph, 1)[0]
    pixels = ", ".join(str(int(v) + 128) for v in image.reshape(-1))
    report = f"""
    #include <stdio.h>
    int main(void) {{
        static const uint8_t pixels[] = {{{pixels}}};
        on_image(pixels);
        for (int i = 0; i < {built.prefix}_output_bytes(0); ++i)
            printf("%d ", {built.prefix}_output(0)[i]);
        return {built.prefix}_output(1) != 0;
    }}"""
    unused = {"count": "    (void)count;\n}", "scores": "    (void)scores;\n}"}
    last = "count" if "detect" in graph.name else "scores"
    text = example[1].rstrip().removesuffix("}") + unused[last] + report
    program = compile_program(tmp_path, text)
    out = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    expected = next(iter(run_graph(graph, image).values()))
    assert np.array([int(v) for v in out.split()], np.int8).tobytes() == expected.tobytes()


def test_sources_need_no_libc_beyond_string_and_stdint(tmp_path: Path) -> None:
    built = BuiltModel.generate(tiny_detector(), tmp_path)
    for path in (built.folder / "src").glob("*.[ch]"):
        system = set(re.findall(r"#include <(\S+)>", path.read_text()))
        assert system <= {"stdint.h", "string.h", "stddef.h"}, path.name
        assert "malloc" not in path.read_text()


def test_only_the_kernels_in_use_are_copied(tmp_path: Path) -> None:
    build = GraphBuilder("one-layer", (4, 4, 1))
    built = BuiltModel.generate(build.finish(build.conv("image", 2)), tmp_path)
    names = {p.name for p in (built.folder / "src").glob("nn_*.c")}
    assert "nn_conv_s8.c" in names
    assert "nn_rnn_pool_s8.c" not in names


def test_kernel_sources_include_what_a_kernel_calls() -> None:
    names = {p.name for p in kernel_sources(["nn_rnn_pool_s8"])}
    assert {"nn.h", "nn_rnn_pool_s8.c", "nn_math.h", "nn_dsp.h"} <= names


@pytest.mark.parametrize(("name", "expected"), [("face-m4", "face_m4"), ("2net", "m_2net"), ("a b.c", "a_b_c")])
def test_c_identifier(name: str, expected: str) -> None:
    assert c_identifier(name) == expected


def test_generation_is_repeatable(tmp_path: Path) -> None:
    first = BuiltModel.generate(tiny_detector(), tmp_path / "a")
    second = BuiltModel.generate(tiny_detector(), tmp_path / "b")
    for path in (first.folder / "src").iterdir():
        assert path.read_bytes() == (second.folder / "src" / path.name).read_bytes()


def test_names_cannot_leave_their_comment(tmp_path: Path) -> None:
    build = GraphBuilder("comments", (4, 4, 1))
    x = build.conv("image", 2)
    build.graph.ops[0].name = "*/ int x; /* \\"
    built = BuiltModel.generate(build.finish(x), tmp_path)
    compile_program(tmp_path, f'#include "{built.prefix}.h"\nint main(void) {{ return 0; }}\n')


def test_a_model_needs_a_plain_name() -> None:
    build = GraphBuilder("../elsewhere", (4, 4, 1))
    with pytest.raises(UserError, match="cannot be named"):
        build.finish(build.conv("image", 2))
