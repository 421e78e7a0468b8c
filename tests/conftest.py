"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real photos and models beside the checkout; tests that need it skip elsewhere."""
    path = Path(__file__).resolve().parents[2] / "shared"
    if not (path / "data").is_dir():
        pytest.skip("needs the project's shared photos and models beside the checkout")
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="renew the expected generated sources")


# The same examples on every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
