"""Which recogniser a name means, and what is taken where none is named."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from affetto.errors import MissingExtraError, ModelError, OptionError
from affetto.words import transcribers
from affetto.words.transcribers import open_transcriber

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder, in which huggingface_hub keeps its files."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # where nobody answers
    return tmp_path


def keep(cache: Path, size: str) -> None:
    """Lay what looks like the weights of a size into the cache."""
    from affetto.words.transcribers.whisper import SIZES

    kept = cache / f"models--{SIZES[size].replace('/', '--')}"
    snapshot = kept / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("0" * 40)
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (snapshot / name).write_text("{}")


def test_pocketsphinx() -> None:
    pytest.importorskip("pocketsphinx")
    assert open_transcriber("pocketsphinx").name.startswith("pocketsphinx ")


def test_where_no_weights_are_pocketsphinx_is_taken(cache: Path) -> None:
    pytest.importorskip("pocketsphinx")
    assert open_transcriber().name.startswith("pocketsphinx ")
    assert not list(cache.iterdir())  # nothing was fetched


def test_of_the_weights_that_are_here_the_best_is_taken(cache: Path) -> None:
    pytest.importorskip("faster_whisper")
    for sizes, best in (
        (["large-v3"], "large-v3"),
        (["medium"], "medium"),
        (["tiny.en"], "tiny.en"),
        (["tiny"], "tiny"),
        (["base"], "base"),
        (["small"], "small"),
    ):
        for size in sizes:
            keep(cache, size)
        # The name is that of weights which are none, so opening them tells which were chosen.
        with pytest.raises(ModelError, match=f"faster-whisper-{best}/"):
            open_transcriber("auto")


def test_whisper_by_size_folder_and_default(cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    with pytest.raises(ModelError, match="no weights of Systran/faster-whisper-small "):
        open_transcriber("whisper")
    with pytest.raises(ModelError, match="no weights of Systran/faster-whisper-large-v3 "):
        open_transcriber("whisper:large-v3")
    with pytest.raises(ModelError, match=r"found no model\.bin there"):
        open_transcriber(f"whisper:{tmp_path}")
    with pytest.raises(OptionError, match="found threads=0"):
        open_transcriber(f"whisper:{tmp_path}", threads=0)


def test_a_server_with_and_without_its_model() -> None:
    pytest.importorskip("openai")
    server = open_transcriber("http://localhost:8000/v1#Systran/faster-whisper-small", key="k")
    assert server.name == "Systran/faster-whisper-small at localhost:8000"
    assert open_transcriber("https://example.org/v1").name == "whisper-1 at example.org"


def test_an_open_one_is_passed_through() -> None:
    pytest.importorskip("pocketsphinx")
    transcriber = open_transcriber("pocketsphinx")
    assert open_transcriber(transcriber) is transcriber


@pytest.mark.parametrize("name", ["", "whispr", "whisper:", "sphinx", "ftp://host/v1", "Auto"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(OptionError) as caught:
        open_transcriber(name)
    message = str(caught.value)
    assert message.startswith(f"found the transcriber {name!r}, expected auto, pocketsphinx, ")
    for form in ("whisper:SIZE", "whisper:FOLDER", "http://HOST:PORT/v1#MODEL"):
        assert form in message


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("pocketsphinx", "pocketsphinx"),
        ("whisper:small", "faster-whisper"),
        ("http://localhost/v1", "openai"),
        ("auto", "pocketsphinx"),
    ],
)
def test_a_missing_package_is_named(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("faster_whisper", "pocketsphinx", "openai"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'{package}, .*pip install "affetto\[words\]"'):
        open_transcriber(name)


def test_importing_costs_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from affetto.words.transcribers import (\n"
        "    AgreeingStream, ServerTranscriber, SphinxTranscriber, WhisperTranscriber,\n"
        "    open_transcriber)\n"
        "heavy = {'torch', 'transformers', 'faster_whisper', 'ctranslate2', 'openai',\n"
        "         'pocketsphinx', 'huggingface_hub', 'onnxruntime'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_exported_is_there() -> None:
    for name in transcribers.__all__:
        assert getattr(transcribers, name).__name__ == name
