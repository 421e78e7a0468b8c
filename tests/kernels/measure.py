"""Prints instructions a multiply-accumulate of each kernel: python tests/kernels/measure.py [layer ...]."""

import sys
import tempfile
from pathlib import Path

from build import build_target, compilers
from cortex_m4 import CortexM4
from layers import LAYERS, count_row


def main(names: list[str]) -> None:
    """Measure all layers, or those whose names contain a word of `names`."""
    with tempfile.TemporaryDirectory() as folder:
        for compiler in compilers():
            target = CortexM4(build_target(compiler, Path(folder)))
            for name, layer in LAYERS.items():
                if not names or any(word in name for word in names):
                    instructions, macs = count_row(target, layer())
                    print(f"{compiler:4} {name:25} {instructions:9,} / {macs:9,} = {instructions / macs:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
