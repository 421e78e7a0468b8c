"""The console's C under the address and undefined-behaviour sanitisers, fed by a fuzzer."""

import shutil
import subprocess
from pathlib import Path

import pytest
from console_fuzz import commands
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcu_vision.resources import resource

HARNESS = r"""
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "console.h"
#include "model_glue.h"

static int8_t input[MODEL_INPUT_BYTES], outputs[2][16];
int8_t *fake_input(void) { return input; }
int fake_invoke(void) { outputs[0][0] = input[0]; return 0; }
const int8_t *fake_output(int i) { return outputs[i]; }
int fake_output_bytes(int i) { return i == 0 ? 16 : 2; }

uint32_t __stack_bottom[4], __stack_top[1];
void restart(void) { exit(0); }
uint64_t timestamp_us(void) { return 1; }
uint32_t cycle_count(void) { return 1; }
void uart_write(const char *text, size_t count) { fwrite(text, 1, count, stdout); }
void uart_flush(void) {}
void uart_discard(void) {}
bool uart_lost_bytes(void) { return false; }
bool uart_holds(char byte) { (void)byte; return false; }
char uart_read(void) {
    const int byte = getchar();
    if (byte == EOF) {
        exit(0);
    }
    return (char)byte;
}
bool uart_read_within(uint32_t timeout_us, char *byte) { (void)timeout_us; *byte = uart_read(); return true; }
int main(void) { console_run(); }
"""
BOARD = '#define BOARD_NAME "host"\n'
SECTIONS = "#include <stdint.h>\nextern uint32_t __stack_bottom[], __stack_top[];\n#define STACK_PAINT 1u\n"
FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-std=gnu99", "-O1", "-g", "-Werror")


@pytest.fixture(scope="module", params=["standard", "mlperf"])
def console(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that is the console on standard input and output."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a host gcc with sanitisers")
    folder = tmp_path_factory.mktemp("console")
    for name, text in (("harness.c", HARNESS), ("board.h", BOARD), ("sections.h", SECTIONS)):
        (folder / name).write_text(text)
    model = Path(__file__).parents[2] / "emulated" / "fake_model" / "classifier"
    defines = ['-DMODEL_ID="vww01"', "-DCONSOLE_MLPERF=1"] if request.param == "mlperf" else []
    app, board = resource("firmware", "app"), resource("firmware", "board")
    sources = [folder / "harness.c", *(p for p in sorted(app.glob("*.c")) if p.name != "main.c"), board / "print.c"]
    includes = [f"-I{path}" for path in (folder, model, app, board)]
    program = folder / "console"
    built = subprocess.run(
        [compiler, *FLAGS, *defines, *includes, *map(str, sources), "-o", str(program)], capture_output=True, text=True
    )
    if "cannot find -lasan" in built.stderr or "libasan" in built.stderr:
        pytest.skip("this gcc has no address sanitiser")
    assert built.returncode == 0, built.stderr
    return program


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(session=st.lists(commands, min_size=1, max_size=60))
def test_no_session_leaves_its_memory(console: Path, session: list[bytes]) -> None:
    sent = b"".join(command for command in session if b"reset" not in command.translate(None, b"\r\n"))
    ran = subprocess.run([str(console)], input=sent + b"%name%", capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    lines = ran.stdout.split(b"\r\n")
    assert lines[-3:] == [b"m-name-dut-[host]", b"m-ready", b""]
    assert lines.count(b"m-ready") == sent.count(b"%") + 3
