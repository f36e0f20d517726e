"""pocketsphinx, on real sentences: what it hears, when, and live."""

from __future__ import annotations

import csv
import re
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("pocketsphinx")

from affetto import audio
from affetto.errors import AudioError, MissingExtraError, OptionError, TranscriptionError
from affetto.words.transcribers import SphinxTranscriber

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.transcript import Phrase
    from affetto.words.transcribers.sphinx import SphinxStream

FILES = ("spk1_snt1.flac", "spk1_snt2.flac", "LJ001-0002.flac", "LJ001-0004.flac")
"""Twelve seconds of the sentences: enough to tell a recogniser from a guess."""


@pytest.fixture(scope="module")
def transcriber() -> SphinxTranscriber:
    return SphinxTranscriber()


@pytest.fixture(scope="module")
def sentences(shared: Path) -> dict[str, str]:
    with (shared / "speech" / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["text"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def sounds(shared: Path) -> dict[str, NDArray[np.float32]]:
    return {name: audio.load(shared / "speech" / name).samples for name in FILES}


def plain(text: str) -> list[str]:
    """Give the words of a text without their marks."""
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split()


def errors(said: str, heard: str) -> float:
    """Give the word error rate: the edits that make one of the other, by the words that are due."""
    due, got = plain(said), plain(heard)
    row = list(range(len(got) + 1))
    for number, word in enumerate(due, start=1):
        before, row[0] = row[0], number
        for place, other in enumerate(got, start=1):
            edited = min(row[place] + 1, row[place - 1] + 1, before + (word != other))
            before, row[place] = row[place], edited
    return row[-1] / len(due)


def text_of(phrases: Iterable[Phrase]) -> str:
    return " ".join(phrase.text for phrase in phrases)


def live(stream: SphinxStream, samples: NDArray[np.float32], step: int = 1600) -> list[Phrase]:
    phrases: list[Phrase] = []
    for start in range(0, len(samples), step):
        phrases += stream.feed(samples[start : start + step]).finished
    return [*phrases, *stream.finish().finished]


def test_word_error_rates() -> None:
    assert errors("a b c d", "a x c d") == 0.25
    assert errors("a b", "a b c") == 0.5
    assert errors("Forty-two, please!", "forty two please") == 0


def test_it_says_plainly_what_it_is(transcriber: SphinxTranscriber) -> None:
    assert re.fullmatch(
        r"pocketsphinx \d[\d.]* \(embedded fallback, .*many errors\)", transcriber.name
    )
    assert not transcriber.translates
    assert transcriber.languages == ("en",)


@pytest.mark.corpora
def test_real_sentences(
    transcriber: SphinxTranscriber,
    sentences: dict[str, str],
    sounds: dict[str, NDArray[np.float32]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    rates = []
    for name, samples in sounds.items():
        spoken = transcriber.transcribe(samples, language="en-US")
        assert spoken.language == "en"
        duration = len(samples) / 16_000
        rates.append(errors(sentences[name], text_of(spoken.phrases)))
        for phrase in spoken.phrases:
            assert 0 <= phrase.start < phrase.end <= duration
            assert phrase.language == "en"
            assert not re.search(r"[<>\[\]()+]", phrase.text)
            assert [word.text for word in phrase.words] == phrase.text.split()
            times = [time for word in phrase.words for time in (word.start, word.end)]
            assert times == sorted(times)
            assert all(0 <= (word.confidence or 0) <= 1 for word in phrase.words)
        # The sentences fill their recordings.
        assert spoken.phrases[0].start < 0.6
        assert spoken.phrases[-1].end > duration - 0.8
    assert np.mean(rates) < 0.45
    assert capfd.readouterr() == ("", "")


@pytest.mark.corpora
def test_live_it_hears_about_the_same(
    transcriber: SphinxTranscriber,
    sentences: dict[str, str],
    sounds: dict[str, NDArray[np.float32]],
) -> None:
    for name in FILES[:2]:
        samples = sounds[name]
        whole = transcriber.transcribe(samples).phrases
        heard = live(transcriber.stream(), samples)
        assert errors(text_of(whole), text_of(heard)) < 0.35
        assert errors(sentences[name], text_of(heard)) < 0.5
        assert heard[0].start == pytest.approx(whole[0].start, abs=0.2)
        assert heard[-1].end == pytest.approx(whole[-1].end, abs=0.2)


@pytest.mark.corpora
def test_a_stream_of_two_sentences(
    transcriber: SphinxTranscriber,
    sentences: dict[str, str],
    sounds: dict[str, NDArray[np.float32]],
) -> None:
    first, second = (sounds[name] for name in FILES[:2])
    quiet = np.zeros(24_000, np.float32)
    stream, shown, finished = transcriber.stream(), [], []
    samples = np.concatenate([quiet, first, quiet, second])
    for start in range(0, len(samples), 4000):
        partial = stream.feed(samples[start : start + 4000])
        finished += partial.finished
        assert (partial.start is None) == (partial.text == "")
        if partial.text and not finished:
            shown.append(partial)
    early = len(finished)
    finished += stream.finish().finished
    assert early == 1
    assert len(finished) == 2
    assert shown[0].start == pytest.approx(1.5, abs=0.4)
    assert len(shown[-1].text.split()) > len(shown[0].text.split())
    assert finished[0].start == pytest.approx(1.5, abs=0.4)
    begun = 3.0 + len(first) / 16_000
    assert finished[1].start == pytest.approx(begun, abs=0.4)
    assert finished[1].words[0].start == finished[1].start
    for phrase, name in zip(finished, FILES, strict=False):
        assert errors(sentences[name], phrase.text) < 0.5


@pytest.mark.corpora
def test_it_hears_the_same_whatever_it_heard_before(
    transcriber: SphinxTranscriber, sounds: dict[str, NDArray[np.float32]]
) -> None:
    samples = sounds["spk1_snt1.flac"]
    fresh = transcriber.transcribe(samples)
    stream = transcriber.stream()
    half = len(samples) // 2
    stream.feed(sounds["LJ001-0002.flac"])
    # Another sound in the midst of a stream disturbs neither.
    assert transcriber.transcribe(samples) == fresh
    stream.feed(samples[:half])
    stream.finish()
    assert transcriber.transcribe(samples) == fresh
    assert live(transcriber.stream(), samples) == live(transcriber.stream(), samples)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 1.0, 3.0])
def test_silence_says_nothing(transcriber: SphinxTranscriber, seconds: float) -> None:
    samples = np.zeros(round(seconds * 16_000), np.float32)
    assert transcriber.transcribe(samples).phrases == ()
    assert live(transcriber.stream(), samples) == []
    faint = np.random.default_rng(0).normal(0, 2e-4, len(samples)).astype(np.float32)
    assert transcriber.transcribe(faint).phrases == ()


def test_another_language_is_refused_with_what_to_do(transcriber: SphinxTranscriber) -> None:
    samples = np.zeros(100, np.float32)
    with pytest.raises(OptionError, match=r"found the language 'de'.*whisper:small.*server"):
        transcriber.transcribe(samples, language="de")
    with pytest.raises(OptionError, match="found the language 'fr'"):
        transcriber.stream(language="fr")
    with pytest.raises(OptionError, match="found translate, which pocketsphinx"):
        transcriber.transcribe(samples, translate=True)


def test_samples_that_are_none_are_refused(transcriber: SphinxTranscriber) -> None:
    with pytest.raises(AudioError, match="int16"):
        transcriber.transcribe(np.zeros(100, np.int16))
    with pytest.raises(AudioError, match="expected one channel"):
        transcriber.stream().feed(np.zeros((2, 100), np.float32))


def test_a_stream_ends_once(transcriber: SphinxTranscriber) -> None:
    stream = transcriber.stream()
    stream.finish()
    with pytest.raises(TranscriptionError, match="over: begin another"):
        stream.finish()


def test_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtraError, match=r'pocketsphinx, .*pip install "affetto\[words\]"'):
        SphinxTranscriber()
