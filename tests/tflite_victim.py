"""Takes damaged .tflite files one after the other, in a process of its own with little memory and time.

Standard input: the length of a file in four bytes, then the file. Standard output: a line of JSON for each: what came
of it, and what went wrong if that was no UserError.
"""

import json
import resource
import signal
import struct
import sys
import traceback
import warnings
from pathlib import Path

from mcu_vision.errors import UserError
from mcu_vision.frontends.tflite import import_tflite
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, plan_graph
from mcu_vision.reference import run_graph

MEMORY_BYTES = 400 << 20
SECONDS = 20
REGIONS = [ArenaRegion("sram", 190 << 10, dma=True), ArenaRegion("ccm", 60 << 10, dma=False)]
FEW_ELEMENTS, FEW_MACS = 1 << 16, 1 << 20


def limit_memory() -> None:
    """No more than MEMORY_BYTES beside what is already there."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def treat(path: Path) -> str:
    """Read, plan, lower and, if it is small, run a file; whatever is wrong with it is a UserError."""
    graph = import_tflite(path)
    small = sum(t.size_bytes for t in graph.tensors.values() if t.data is None) < FEW_ELEMENTS
    if small and graph.macs() < FEW_MACS:
        program = plan_graph(graph, REGIONS, 250 << 10, PlanOptions(schedule="layers"))
        run(program.graph)
        return "run"
    for op in graph.ops:
        op.kernel(graph)
    return "read"


def run(graph: Graph) -> None:
    """One inference in integers, of zeros."""
    import numpy as np

    for op in graph.ops:
        op.kernel(graph)
    run_graph(graph, np.zeros(graph.input.shape, graph.input.dtype))


def outcome(path: Path) -> dict[str, str]:
    """What comes of a file."""
    signal.alarm(SECONDS)
    try:
        return {"outcome": treat(path)}
    except UserError as error:
        text = str(error)
        return {"outcome": "refused"} | ({} if text.count("\n") == 0 else {"problem": f"several lines: {text}"})
    except BaseException:
        return {"outcome": "crash", "problem": traceback.format_exc()}
    finally:
        signal.alarm(0)


def too_long(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    file = Path(sys.argv[1])
    warnings.simplefilter("error")  # a line that a user would see beside the one that says what is wrong
    signal.signal(signal.SIGALRM, too_long)
    limit_memory()
    while length := sys.stdin.buffer.read(4):
        file.write_bytes(sys.stdin.buffer.read(struct.unpack("<I", length)[0]))
        print(json.dumps(outcome(file)), flush=True)
