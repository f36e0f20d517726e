"""The road of words: what a recogniser hears, put into time, into English, beside the voice."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from affetto.errors import OptionError
from affetto.timeline import Segment, Timeline, Track
from affetto.transcript import Phrase, Word
from affetto.words import Fusion, WordListener
from affetto.words.transcribers.base import Spoken


class Scripted:
    """Says the same of every stretch, a word each half second; keeps what it was asked."""

    name, span, translates, languages = "scripted", 20.0, True, ()

    def __init__(self, text: str, *, language: str | None = "en", english: str = "") -> None:
        self.text, self.language, self.english = text, language, english
        self.asked: list[tuple[int, str | None, bool]] = []

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        self.asked.append((len(samples), language, translate))
        texts = (self.english if translate else self.text).split()
        words = tuple(Word(t, 0.25 + 0.5 * i, 0.75 + 0.5 * i, 0.9) for i, t in enumerate(texts))
        phrase = Phrase(0.25, words[-1].end, " ".join(texts), words)
        return Spoken((phrase,), self.language, 0.95, translated=translate)

    def stream(self, *, language: str | None = None) -> Any:
        raise NotImplementedError


def heard(*speakers: tuple[float, float, str | None]) -> Timeline:
    """Make a timeline of flat speech."""
    scores = {"neutral": 0.6, "happy": 0.2, "sad": 0.1, "angry": 0.1}
    segments = tuple(
        Segment(start, end, "neutral", scores, 0.6, 0.0, 0.0, speaker=who)
        for start, end, who in speakers
    )
    names = tuple(dict.fromkeys(who for _, _, who in speakers if who))
    end = max(end for _, end, _ in speakers)
    times = tuple(np.arange(0.0, end, 0.5).tolist())
    row = tuple(scores.values())
    track = Track(times, tuple(scores), (row,) * len(times), (1.0,) * len(times))
    return Timeline("x.wav", end, segments, "tiny", track=track, speakers=names)


def sound(seconds: float) -> list[NDArray[np.float32]]:
    return [np.zeros(round(seconds * 16_000), np.float32)]


SAD = "I am so sad and I miss her so much"


def test_sad_words_in_a_flat_voice_move_the_answer() -> None:
    timeline = WordListener(Scripted(SAD)).hear(heard((1.0, 6.0, None)), sound(6))
    (phrase,) = timeline.words
    assert phrase.text == SAD
    assert phrase.start == pytest.approx(1.0)
    assert (phrase.voice_emotion, phrase.wording_emotion, phrase.emotion) == (
        "neutral", "sad", "sad",
    )  # fmt: skip
    (segment,) = timeline.segments
    assert (segment.emotion, segment.text) == ("sad", SAD)
    assert segment.valence < 0
    assert sum(segment.scores.values()) == pytest.approx(1.0)
    assert timeline.track == heard((1.0, 6.0, None)).track


def test_a_weight_of_nothing_leaves_the_voice_alone() -> None:
    before = heard((1.0, 6.0, None))
    after = WordListener(Scripted(SAD), weight=0.0).hear(before, sound(6))
    assert after.segments[0].scores == before.segments[0].scores
    assert after.words is not None
    assert after.words.weight == 0.0
    assert after.words.phrases[0].wording_emotion == "sad"


def test_silence_is_not_written_down() -> None:
    scripted = Scripted("hello")
    nothing = Timeline("x.wav", 3.0, (), "tiny")
    timeline = WordListener(scripted).hear(nothing, sound(3))
    assert scripted.asked == []
    assert timeline.words is not None
    assert len(timeline.words) == 0


def test_words_of_two_speakers_are_told_apart() -> None:
    timeline = heard((0.0, 2.0, "S1"), (2.0, 4.0, "S2"))
    after = WordListener(Scripted("you took it no I did not")).hear(timeline, sound(4))
    assert [(p.speaker, p.text) for p in after.words or ()] == [
        ("S1", "you took it no"),
        ("S2", "I did not"),
    ]
    assert [s.text for s in after.segments] == ["you took it no", "I did not"]


def test_channels_have_words_of_their_own() -> None:
    scripted = Scripted("well then")
    timeline = replace(heard((0.0, 2.0, "left"), (1.0, 3.0, "right")), track=None)
    after = WordListener(scripted).hear(timeline, [np.zeros((2, 48_000), np.float32)])
    assert [p.speaker for p in after.words or ()] == ["left", "right"]
    assert len(scripted.asked) == 2


def test_what_is_foreign_is_judged_by_its_translation() -> None:
    scripted = Scripted("Ich bin so traurig", language="de", english="I am so sad")
    flat = heard((0.0, 4.0, None))
    (phrase,) = WordListener(scripted).hear(flat, sound(4)).words or ()
    assert phrase.wording == {}
    assert phrase.scores == phrase.voice
    listener = WordListener(scripted, translate="whisper")
    timeline = listener.hear(flat, sound(4))
    (phrase,) = timeline.words or ()
    assert (phrase.language, phrase.translation) == ("de", "I am so sad")
    assert phrase.wording_emotion == "sad"
    assert timeline.words is not None
    assert (timeline.words.language, timeline.words.translator) == ("de", "scripted")


def test_english_is_not_translated() -> None:
    scripted = Scripted("hello there")
    (phrase,) = (
        WordListener(scripted, translate="whisper").hear(heard((0.0, 2.0, None)), sound(2)).words
        or ()
    )
    assert phrase.translation is None
    assert [translate for *_, translate in scripted.asked] == [False]


def test_a_language_once_sure_is_told_for_the_rest() -> None:
    scripted = Scripted("ja", language="de")
    timeline = heard((0.0, 4.0, None), (30.0, 32.0, None))
    WordListener(scripted).hear(timeline, sound(32))
    assert [language for _, language, _ in scripted.asked] == [None, "de"]


def test_what_shall_not_be_kept_is_masked_everywhere() -> None:
    text = "my name is Wilhelmina call 5551234 or write w@example.org"
    timeline = WordListener(Scripted(text), redact=True).hear(heard((0.0, 5.0, None)), sound(5))
    kept = str(timeline.to_dict())
    for secret in ("Wilhelmina", "5551234", "example.org"):
        assert secret not in kept


def test_a_translator_that_the_recogniser_is_not_is_refused() -> None:
    scripted = Scripted("hello")
    scripted.translates = False  # type: ignore[misc]
    with pytest.raises(OptionError, match="translates nothing"):
        WordListener(scripted, translate="whisper")
    with pytest.raises(OptionError, match="beside a fusion"):
        WordListener(scripted, weight=0.5, fusion=Fusion())


def test_incongruence_is_told() -> None:
    timeline = heard((0.0, 4.0, None))
    sad = {"neutral": 0.05, "happy": 0.05, "sad": 0.85, "angry": 0.05}
    low = replace(
        timeline,
        segments=tuple(replace(s, scores=sad, emotion="sad") for s in timeline.segments),
        track=None,
    )
    (phrase,) = (
        WordListener(Scripted("I'm fine everything is great")).hear(low, sound(4)).words or ()
    )
    assert phrase.incongruent


def test_a_phrase_that_only_touches_a_segment_hardly_counts_there() -> None:
    timeline = replace(heard((0.0, 3.0, None), (3.0, 5.0, None)), track=None)
    listener = WordListener(Scripted("I am so sad"))
    touching = Phrase(0.2, 3.02, SAD, (Word(SAD, 0.2, 2.9),), language="en")
    first, second = listener.put_together(timeline, [touching]).segments
    assert first.emotion == "sad"
    assert second.scores == pytest.approx(timeline.segments[1].scores, abs=0.03)
    assert second.text is None


def test_a_short_stretch_does_not_fix_the_language_of_the_rest() -> None:
    scripted = Scripted("ja", language="de")
    timeline = heard((0.0, 1.0, None), (30.0, 34.0, None), (60.0, 62.0, None))
    WordListener(scripted).hear(timeline, sound(62))
    assert [language for _, language, _ in scripted.asked] == [None, None, "de"]


def test_a_language_that_is_not_understood_is_refused_before_anything_is_heard() -> None:
    scripted = Scripted("hello")
    scripted.languages = ("en",)  # type: ignore[assignment]
    with pytest.raises(OptionError, match="'de'"):
        WordListener(scripted, language="de")
