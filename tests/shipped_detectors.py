"""What the tests of shipped detectors do alike: all executions compared, photos through the emulated board."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build
from mcu_vision.evaluate.detector import RunDetector
from mcu_vision.ir import Array
from mcu_vision.toolchain import build_host_library
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import emulated_execution, host_execution, reference_execution, verify_executions


def host_model(build: Build, folder: Path) -> HostModel:
    """The build's C code on this machine; its library goes to `folder`."""
    return HostModel(build_host_library(build.folder / "src", folder / "model.so"), build.prefix)


def noise(build: Build) -> npt.NDArray[np.int8]:
    """An input of random bytes."""
    return np.random.default_rng(1).integers(-128, 128, build.program.graph.input.shape).astype(np.int8)


def assert_equal_bytes(build: Build, host: HostModel, images: list[Array]) -> None:
    """Integer reference, host C and emulated firmware give equal bytes for every tensor."""
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        executions = {
            "reference": reference_execution(build.program),
            "host": host_execution(build.program, host),
            "emulated": emulated_execution(build.program, emulated.board, build.prefix),
        }
        outcome = verify_executions(build.program.graph, executions, images)
    assert outcome.equal, outcome.first_difference


def board_detector(emulated: EmulatedModel) -> RunDetector:
    """The emulated board as `detect_boxes` takes it."""

    def run(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
        emulated.write_image(frame)
        emulated.infer()
        return emulated.boxes()

    return run
