"""What the tests share: the corpora's folder, where there is one."""

import os
import signal
from pathlib import Path

import pytest

# A run in the background ignores Ctrl-C, and so would every command that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def shared_folder() -> Path | None:
    """Find the corpora: by AFFETTO_SHARED, else beside the checkout."""
    named = os.environ.get("AFFETTO_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder if (folder / "corpora" / "labels.csv").is_file() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of the corpora, or skip where it is not to be had."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("the corpora are not here: set AFFETTO_SHARED to their folder")
    return folder
