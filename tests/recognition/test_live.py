"""Sound as it comes: the recording's own answers, told while somebody speaks."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import AffettoError, AudioError, OptionError
from affetto.models import ModelPackage
from affetto.recognition import LiveRecognizer, Recognizer, Update
from affetto.timeline import Timeline
from own_loop import in_own_loop
from tiny_model import LABELS, silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """Make 31.5 s of two voice-like sounds, with short and long silences between."""
    parts = [silence(1), voice_like(4), silence(0.4), voice_like(3.5, pitch=260), silence(1.6)]
    return np.tile(np.concatenate(parts), 3)


def chunks(samples: np.ndarray, seconds: float = 0.1) -> Iterator[np.ndarray]:
    step = round(seconds * 16_000)
    for start in range(0, len(samples), step):
        yield samples[start : start + step]


def same(live: Timeline, recorded: Timeline) -> None:
    assert live.track is not None
    assert recorded.track is not None
    assert live.track.times == recorded.track.times
    np.testing.assert_allclose(live.track.scores, recorded.track.scores, atol=1e-5)
    np.testing.assert_allclose(live.track.speech, recorded.track.speech, atol=1e-5)
    assert [(s.start, s.end, s.emotion) for s in live] == [
        (s.start, s.end, s.emotion) for s in recorded
    ]
    assert live.duration == recorded.duration


@given(st.lists(st.integers(0, 31 * 16_000), max_size=8))
@settings(max_examples=8, deadline=None)
def test_the_timeline_is_the_recordings_whatever_the_chunks(
    tiny: ModelPackage, talk: np.ndarray, cuts: list[int]
) -> None:
    live = LiveRecognizer(tiny)
    for chunk in np.split(talk, sorted(cuts)):
        live.feed(chunk)
    recorded = Recognizer(tiny, causal=True).recognize(talk)
    assert len(recorded) >= 6
    same(live.finish(), recorded)


@pytest.mark.parametrize(("every", "known"), [(0.08, 10.0), (0.5, 17.03), (0.04, 31.0), (3.0, 0.1)])
def test_what_was_heard_before_is_caught_up_with(
    tiny: ModelPackage, talk: np.ndarray, every: float, known: float
) -> None:
    live, at = LiveRecognizer(tiny, every=every), round(16_000 * known)
    live.catch_up(talk[: at // 3])
    live.catch_up(talk[at // 3 : at])
    updates = list(live.updates(chunks(talk[at:])))
    whole = [u for u in LiveRecognizer(tiny, every=every).updates([talk]) if u.time > known]
    late = [u for u in updates if u.time > known]
    assert [u.time for u in late] == pytest.approx([u.time for u in whole])
    for one, other in zip(late, whole, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
        assert one.known_seconds == pytest.approx(other.known_seconds)
    same(live.finish(), Recognizer(tiny, causal=True).recognize(talk))


@pytest.mark.parametrize(("every", "hop"), [(0.04, 0.5), (0.5, 0.25), (0.1, 1.0)])
def test_the_timeline_is_the_same_however_often_it_is_told(
    tiny: ModelPackage, talk: np.ndarray, every: float, hop: float
) -> None:
    live = LiveRecognizer(tiny, every=every, hop=hop)
    list(live.updates(chunks(talk)))
    recorded = Recognizer(tiny, hop=hop, causal=True).recognize(talk)
    assert len(recorded) >= 6
    same(live.finish(), recorded)


def test_without_a_baseline_it_is_the_recordings_timeline(
    tiny: ModelPackage, talk: np.ndarray
) -> None:
    live = LiveRecognizer(tiny, baseline=False, labels="happy,sad")
    list(live.updates(chunks(talk)))
    recorded = Recognizer(tiny, baseline=False, labels="happy,sad").recognize(talk)
    assert len(recorded) >= 6
    same(live.finish(), recorded)


def test_what_is_known_of_a_voice_grows_and_is_used(tiny: ModelPackage, talk: np.ndarray) -> None:
    live = LiveRecognizer(tiny)
    known = [update.known_seconds for update in live.updates(chunks(talk))]
    assert known[0] == 0.0
    assert known == sorted(known)
    assert known[-1] > 15.0
    learned = live.baseline
    assert learned is not None
    assert learned.heard == known[-1]
    alone = LiveRecognizer(tiny, baseline=False)
    beside = LiveRecognizer(tiny, baseline=learned)
    plain, relative = ([*each.updates(chunks(talk))][40] for each in (alone, beside))
    assert learned.heard <= relative.known_seconds < learned.heard + 3.0
    assert relative.scores != plain.scores
    assert plain.known_seconds == 0.0


def test_updates_come_in_step_and_tell_who_speaks(tiny: ModelPackage, talk: np.ndarray) -> None:
    live = LiveRecognizer(tiny)
    updates = list(live.updates(chunks(talk)))
    times = np.array([update.time for update in updates])
    np.testing.assert_allclose(np.diff(times), 0.08)
    assert times[-1] > 31.0
    for update in updates:
        assert update.speaking == (update.emotion is not None) == bool(update.scores)
        assert update.speaking or (update.confidence, update.valence) == (0.0, 0.0)
        if update.scores:
            assert set(update.scores) == set(LABELS)
            assert update.confidence == max(update.scores.values())
            assert -1.0 <= update.valence <= 1.0
    at = {round(update.time, 2): update for update in updates}
    assert not at[0.8].speaking
    assert at[3.2].speaking
    assert at[5.2].speaking  # in a short pause
    assert not at[10.4].speaking
    assert at[0.8].to_dict()["scores"] == {}


def test_an_update_is_late_by_what_the_network_hears_ahead(
    tiny: ModelPackage, talk: np.ndarray
) -> None:
    live = LiveRecognizer(tiny, every=0.08)
    latest = [update.latency for update in live.updates(chunks(talk[:80_000], 0.02))]
    card = tiny.card
    ahead = card.receptive // 2 / card.front_end.frame_rate
    ahead += card.front_end.mel.n_fft / 2 / 16_000 - card.row_seconds
    assert ahead <= min(latest) <= np.median(latest) < ahead + 0.25
    assert live.delay == pytest.approx(1.5 + 0.25 + 0.1 + 0.5 + 0.08)


def test_segments_are_told_once_they_are_complete(tiny: ModelPackage, talk: np.ndarray) -> None:
    live = LiveRecognizer(tiny)
    updates = list(live.updates(chunks(talk)))
    told = [(update.time, segment) for update in updates for segment in update.segments]
    timeline = live.finish()
    final = list(timeline)
    assert len(told) < len(final)
    assert list(live.rest) == final[len(told) :]
    for (time, segment), other in zip(told, final, strict=False):
        assert (segment.start, segment.end) == (other.start, other.end)
        assert segment.scores == pytest.approx(other.scores, abs=1e-5)
        assert time > segment.end


def test_silence_has_no_feeling(tiny: ModelPackage) -> None:
    live = LiveRecognizer(tiny)
    assert all(
        update.emotion is None and not update.scores
        for update in live.updates(chunks(silence(5.0)))
    )
    assert list(live.finish()) == []
    assert LiveRecognizer(tiny).finish().duration == 0.0


def test_memory_does_not_grow(tiny: ModelPackage, talk: np.ndarray) -> None:
    """What two minutes leave behind, twenty leave behind too."""
    live = LiveRecognizer(tiny, every=1.0)
    held = []
    tracemalloc.start()
    try:
        for minutes in (2, 20):
            while live.heard < 60 * minutes:
                live.feed(talk)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[1] - held[0] < 400_000
    assert len(live.finish()) > 40 * 3


def test_it_is_pulled_from_a_coroutine_too(tiny: ModelPackage, talk: np.ndarray) -> None:
    async def microphone() -> AsyncIterator[np.ndarray]:
        for chunk in chunks(talk[:48_000]):
            await asyncio.sleep(0)
            yield chunk

    async def hear() -> list[Update]:
        return [update async for update in LiveRecognizer(tiny).aupdates(microphone())]

    pulled = in_own_loop(hear())
    pushed = list(LiveRecognizer(tiny).updates(chunks(talk[:48_000])))
    assert [update.scores for update in pulled] == [update.scores for update in pushed]


def test_what_needs_the_whole_recording_is_refused(tiny: ModelPackage) -> None:
    with pytest.raises(OptionError, match="make it with causal=True"):
        LiveRecognizer(Recognizer(tiny))
    with pytest.raises(OptionError, match="speakers are told apart once all was heard"):
        Recognizer(tiny, causal=True, speakers=2)
    with pytest.raises(OptionError, match="found labels beside a Recognizer"):
        LiveRecognizer(Recognizer(tiny, causal=True), labels="happy,sad")
    with pytest.raises(OptionError, match=r"an update every 9 s, expected 0\.04 to 3 s"):
        LiveRecognizer(tiny, every=9.0)


def test_bad_sound_is_refused_and_the_rest_goes_on(tiny: ModelPackage, talk: np.ndarray) -> None:
    live = LiveRecognizer(tiny)
    live.feed(talk[:16_000])
    with pytest.raises(AudioError, match="int16"):
        live.feed(np.zeros(100, np.int16))
    with pytest.raises(AudioError, match="one channel"):
        live.feed(np.zeros((2, 100), np.float32))
    for late in (np.nan, np.inf):
        broken = talk[:80_000].copy()
        broken[60_000] = late
        with pytest.raises(AudioError, match="not finite"):
            live.feed(broken)
    assert live.heard == 1.0  # nothing of what was refused
    live.feed(talk[16_000:64_000])
    assert live.feed(talk[:0]) == []
    assert live.finish().duration == 4.0
    for again in (live.finish, lambda: live.feed(talk)):
        with pytest.raises(AffettoError, match="the end of the sound behind"):
            again()


@pytest.mark.parametrize("window", [3.0, 20.0, 60.0])
def test_nothing_is_learned_or_said_where_nobody_speaks(
    tiny: ModelPackage, talk: np.ndarray, window: float
) -> None:
    live = LiveRecognizer(tiny, window=window, every=0.5)
    updates = list(live.updates(chunks(silence(90.0), 1.0)))
    assert not any(update.scores or update.known_seconds for update in updates)


def test_a_murmur_teaches_nothing(tiny: ModelPackage) -> None:
    """Rows that may or may not be speech are no voice to learn from."""
    pooled = np.random.default_rng(0).normal(size=(60, 2 * tiny.width)).astype(np.float32)
    voice = Recognizer(tiny, causal=True).new_voice()
    half = np.full(60, 1.2, np.float32)
    voice.hear(pooled, half, half * 0)
    assert voice.baseline is not None
    assert voice.baseline.heard == 0.0
    voice.hear(pooled, half, half)
    assert voice.baseline.heard > 5.0


def test_who_is_cancelled_leaves_nobody_at_work(tiny: ModelPackage, talk: np.ndarray) -> None:
    live = LiveRecognizer(tiny)

    async def microphone() -> AsyncIterator[np.ndarray]:
        yield np.tile(talk, 3)

    async def hear() -> None:
        async for _ in live.aupdates(microphone()):
            pass

    async def give_up() -> None:
        hearing = asyncio.create_task(hear())
        await asyncio.sleep(0.05)
        hearing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hearing

    in_own_loop(give_up())
    heard = live.heard
    assert live.finish().duration == heard == live.heard
