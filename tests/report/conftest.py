"""A made-up recording, its timeline, and the page of both."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def made_up():
    """Give the functions of made_up.py: `voice`, `timeline`, `SCENES`, `LABELS`."""
    return SimpleNamespace(**runpy.run_path(str(HERE / "made_up.py")))


@pytest.fixture(scope="session")
def sound(made_up):
    return made_up.voice(30.0)
