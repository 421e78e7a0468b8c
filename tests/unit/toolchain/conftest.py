"""The fake models of the firmware's tests, built once by each compiler that is there."""

import shutil
from pathlib import Path

import pytest

from mcu_vision.boards import load_board
from mcu_vision.toolchain import FirmwareImage, find_toolchain, firmware_sources

FAKE_MODELS = Path(__file__).resolve().parents[2] / "emulated" / "fake_model"


@pytest.fixture(scope="session")
def fake_models() -> Path:
    """The folder with the fake models' sources."""
    return FAKE_MODELS


@pytest.fixture(scope="session", params=["zig", "gcc"])
def compiler_name(request: pytest.FixtureRequest) -> str:
    """Each cross compiler; gcc only where it is installed."""
    name: str = request.param
    if name == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on the PATH")
    return name


@pytest.fixture(scope="session")
def image(compiler_name: str, tmp_path_factory: pytest.TempPathFactory) -> FirmwareImage:
    """The firmware of the fake classifier."""
    out = tmp_path_factory.mktemp(f"firmware-{compiler_name}")
    toolchain = find_toolchain(compiler_name)
    return toolchain.build_firmware(firmware_sources(), FAKE_MODELS / "classifier", out, load_board("stm32f439"))
