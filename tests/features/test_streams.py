"""Chunks of any size give the rows of the whole."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto import features
from affetto.errors import AudioError

STREAMS = {
    "log_mel": (features.LogMelStream, features.log_mel),
    "mfcc": (features.MfccStream, features.mfcc),
    "chroma": (features.ChromaStream, features.chroma),
    "pitch": (features.PitchStream, features.pitch),
    "energy": (features.EnergyStream, features.energy),
    "spectral": (features.SpectralStream, features.spectral),
    "descriptors": (features.DescriptorStream, features.descriptors),
}
OURS = [name for name in STREAMS if name != "log_mel"]

sizes = st.lists(st.one_of(st.integers(0, 400), st.integers(0, 6000)), min_size=1, max_size=12)


def in_chunks(stream, samples, lengths):
    parts, start = [], 0
    for length in lengths:
        parts.append(stream.feed(samples[start : start + length]))
        start += length
    parts.append(stream.feed(samples[start:]))
    parts.append(stream.finish())
    return np.concatenate(parts)


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lengths=sizes, first=st.integers(0, 12000), count=st.integers(0, 14000))
def test_chunks_give_the_rows_of_the_whole(voice, name, lengths, first, count):
    make, whole = STREAMS[name]
    samples = voice[first : first + count]
    rows = in_chunks(make(), samples, lengths)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, whole(samples), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", STREAMS)
def test_a_finished_stream_starts_afresh(voice, name):
    make, _ = STREAMS[name]
    stream = make()
    first = in_chunks(stream, voice, [700, 9000])
    np.testing.assert_array_equal(in_chunks(stream, voice, [700, 9000]), first)


@pytest.mark.parametrize("name", OURS)
def test_a_refused_chunk_leaves_the_stream_as_it_was(voice, name):
    make, whole = STREAMS[name]
    stream = make()
    rows = [stream.feed(voice[:5000])]
    with pytest.raises(AudioError, match="not finite"):
        stream.feed(np.array([0.0, np.inf], np.float32))
    rows += [stream.feed(voice[5000:8000]), stream.finish()]
    np.testing.assert_allclose(np.concatenate(rows), whole(voice[:8000]), rtol=1e-6, atol=1e-6)


@given(
    count=st.integers(1, 40),
    width=st.sampled_from([3, 5, 9]),
    order=st.sampled_from([1, 2]),
    lengths=st.lists(st.integers(0, 9), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_deltas_in_chunks(count, width, order, lengths):
    rows = np.random.default_rng(count).standard_normal((count, 3)).astype(np.float32)
    found = in_chunks(features.DeltaStream(width=width, order=order), rows, lengths)
    expected = features.delta(rows, width=width, order=order)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_deltas_of_a_stream_in_one_pass(voice):
    static, moving = features.MfccStream(), features.DeltaStream()
    parts = [moving.feed(static.feed(voice[start : start + 900])) for start in range(0, 32000, 900)]
    parts += [moving.feed(static.finish()), moving.finish()]
    expected = features.delta(features.mfcc(voice))
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)
