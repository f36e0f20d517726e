"""Keeping other libraries from talking to our users."""

from __future__ import annotations

from contextlib import contextmanager
from logging import getLogger
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["quiet"]


@contextmanager
def quiet(logging: Any) -> Iterator[None]:
    """Keep transformers and huggingface_hub from telling what our own errors tell in one line.

    Args:
        logging: the module `transformers.utils.logging`.
    """
    before, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    hub = getLogger("huggingface_hub")
    level = hub.level
    hub.setLevel("ERROR")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        hub.setLevel(level)
        logging.set_verbosity(before)
        if bar:
            logging.enable_progress_bar()
