"""Containers that come in chunks."""

import gc
import random
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto import audio
from affetto.audio.pushed import PushedDecoder
from affetto.errors import AudioError

FUZZ = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
STREAMABLE = [
    "tone.webm",
    "tone.mka",
    "tone.ogg",
    "tone.mp3",
    "tone.flac",
    "tone.wav",
    "tone.aac",
    "tone.ts",
]
TASKS = Path("/proc/self/task")
FRAGMENTS = {"movflags": "empty_moov+default_base_moof+frag_every_frame"}


def push(data, cuts=(), step=0):
    """Feed data cut at these places, or every `step` bytes; give all samples."""
    places = range(step, len(data), step) if step else sorted(min(c, len(data)) for c in cuts)
    decoder = PushedDecoder()
    parts = [decoder.feed(data[a:b]) for a, b in pairwise([0, *places, len(data)])]
    return np.concatenate([*parts, decoder.finish()])


class Wire:
    """What a program writes that streams: nothing goes back to mend what was written."""

    def __init__(self):
        self.data = bytearray()

    def write(self, data):
        self.data += data
        return len(data)


def live(container, codec, rate, options, seconds=4.0):
    """Encode noise, 20 ms at a time; give all bytes, and how many there were after each."""
    wire, marks = Wire(), []
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype(np.float32)
    options = {"flush_packets": "1", **options}
    with av.open(wire, "w", format=container, options=options) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 24_000
        kind = stream.codec_context.codec.audio_formats[0].name
        size = stream.codec_context.frame_size or rate // 50
        resampler = av.AudioResampler(format=kind, layout="mono", rate=rate, frame_size=size)
        for start in range(0, len(noise), rate // 50):
            frame = av.AudioFrame.from_ndarray(
                noise[None, start : start + rate // 50], "fltp", "mono"
            )
            frame.sample_rate = rate
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
            marks.append(len(wire.data))
        for part in resampler.resample(None):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return bytes(wire.data), marks


@pytest.fixture(scope="module")
def webm():
    return live("webm", "libopus", 48_000, {"live": "1", "cluster_time_limit": "20"})


def decoders():
    return [t for t in threading.enumerate() if t.name == "affetto-decoder"]


def all_gone():
    """Wait a little for threads that were told to end."""
    for _ in range(200):
        if not decoders():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("name", STREAMABLE)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cuts=st.lists(st.one_of(st.integers(0, 300), st.integers(0, 60_000)), max_size=12))
def test_the_same_samples_as_of_a_file_however_the_bytes_are_cut(tone_folder, name, cuts):
    data = (tone_folder / name).read_bytes()
    expected = audio.load(data).samples
    heard = push(data, cuts)
    assert heard.dtype == np.float32
    assert heard.shape == expected.shape
    np.testing.assert_allclose(heard, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["tone.webm", "tone.ogg", "tone.mp3"])
def test_byte_by_byte(tone_folder, name):
    data = (tone_folder / name).read_bytes()
    np.testing.assert_allclose(push(data, step=1), audio.load(data).samples, atol=1e-6)


@pytest.mark.parametrize("name", ["tone.webm", "tone.mp3", "tone.ogg", "tone.wav"])
def test_a_stream_that_breaks_off_is_heard_as_far_as_it_goes(tone_folder, name):
    data = (tone_folder / name).read_bytes()
    for share in (0.8, 0.97):
        part = data[: int(share * len(data))]
        np.testing.assert_allclose(push(part, step=700), audio.load(part).samples, atol=1e-6)


@pytest.mark.parametrize("flags", ["faststart", "empty_moov"])
def test_an_mp4_with_its_index_first(tmp_path, make_tone, flags):
    path = tmp_path / "tone.mp4"
    options = {"movflags": flags, "frag_duration": "300000"} if flags == "empty_moov" else {}
    with av.open(str(path), "w", options={"movflags": flags, **options}) as out:
        stream = out.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(make_tone(48_000, 1.5)[None], "fltp", "mono")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = path.read_bytes()
    np.testing.assert_allclose(push(data, step=900), audio.load(data).samples, atol=1e-6)


@pytest.mark.parametrize(
    ("container", "codec", "rate", "options", "first", "later"),
    [
        ("webm", "libopus", 48_000, {"live": "1", "cluster_time_limit": "20"}, 0.1, 0.1),
        ("ogg", "libopus", 48_000, {"page_duration": "20000"}, 0.1, 0.1),
        ("mp4", "aac", 48_000, FRAGMENTS, 0.3, 0.15),
        ("adts", "aac", 48_000, {}, 0.8, 0.15),
        ("mpegts", "aac", 48_000, {}, 0.3, 0.15),
        ("mp3", "libmp3lame", 44_100, {}, 0.8, 0.5),
        ("wav", "pcm_s16le", 48_000, {}, 0.8, 0.2),
    ],
)
def test_sound_is_given_soon_after_its_bytes(container, codec, rate, options, first, later):
    data, marks = live(container, codec, rate, options)
    decoder, heard = PushedDecoder(), 0.0
    for number, (a, b) in enumerate(pairwise([0, *marks]), start=1):
        heard += len(decoder.feed(data[a:b])) / 16_000
        spoken = number * 0.02
        assert heard or spoken < first
        assert spoken < first + 0.2 or spoken - heard < later
    heard += (len(decoder.feed(data[marks[-1] :])) + len(decoder.finish())) / 16_000
    assert heard == pytest.approx(len(marks) * 0.02, abs=0.1)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"Good morning, this is a letter.\n" * 200, "text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5_000), "a PNG picture"),
        (bytes(50_000), "no sound"),
        (b"\x1aE\xdf\xa3" + bytes(100), "no sound"),
        (b"OggS" + bytes(100), "no sound"),
    ],
)
def test_what_is_no_sound_is_named_as_of_a_file(in_time, data, found):
    with pytest.raises(AudioError, match=f"^<bytes>: found {found}") as of_file:
        audio.load(data)
    decoder = PushedDecoder(source="call 7")

    def hear():
        decoder.feed(data)
        decoder.finish()

    with pytest.raises(AudioError) as caught:
        in_time(hear)
    assert str(caught.value) == str(of_file.value).replace("<bytes>", "call 7")
    with pytest.raises(AudioError, match=found):
        decoder.finish()
    assert not decoders()


def test_text_is_refused_before_the_end():
    with pytest.raises(AudioError, match="found text"):
        PushedDecoder().feed(b"Good morning, this is a letter.\n" * 200)


def test_encrypted_sound():
    data, _ = live("mp4", "aac", 48_000, FRAGMENTS, 0.5)
    with pytest.raises(AudioError, match=r"encrypted \(DRM\)"):
        push(data.replace(b"mp4a", b"enca"))


def test_an_mp4_with_its_index_at_the_end(tone_folder):
    data = (tone_folder / "tone.m4a").read_bytes()
    with pytest.raises(AudioError, match=r"index at the end, expected it first: .* faststart"):
        PushedDecoder().feed(data[:5_000])


def test_a_few_bytes_that_claim_to_be_hours():
    wire = Wire()
    with av.open(wire, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=8_000, layout="mono")
        for number in range(30):
            frame = av.AudioFrame.from_ndarray(np.ones((1, 160), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 8_000, number * 50 * 8_000
            out.mux(stream.encode(frame))
    with pytest.raises(AudioError, match="more than 20 minutes of sound in one chunk"):
        push(bytes(wire.data))
    assert len(push(bytes(wire.data), step=4_000)) == pytest.approx(29 * 50 * 16_000, abs=1_000)


def test_nothing_comes_after_the_end(tone_folder, webm):
    decoder = PushedDecoder()
    assert len(decoder.feed(webm[0]))
    decoder.finish()
    assert not len(decoder.feed(webm[0]))
    assert not len(decoder.finish())
    data = (tone_folder / "tone.webm").read_bytes()
    longer = data + bytes(3_000)
    np.testing.assert_array_equal(push(longer, step=800), push(data, step=800))


def test_every_end_ends_the_thread(webm):
    data = webm[0]

    def finished(decoder):
        decoder.finish()

    def closed(decoder):
        decoder.close()
        decoder.close()
        assert not len(decoder.feed(data))
        assert not len(decoder.finish())

    def forgotten(decoder):
        pass

    for end in (finished, closed, forgotten):
        for length in (1, 100, 5_000):
            decoder = PushedDecoder()
            decoder.feed(data[:length])
            assert len(decoders()) == 1
            try:
                end(decoder)
            except AudioError:  # too little to be sound
                assert length < 5_000
            del decoder
            gc.collect()
            assert all_gone()
    PushedDecoder().close()


def test_closing_while_another_thread_feeds(tone_folder, in_time):
    data = (tone_folder / "tone.flac").read_bytes()
    for number in range(10):
        decoder = PushedDecoder()

        def feed(decoder=decoder):
            return [decoder.feed(data[a : a + 9_000]) for a in range(0, len(data), 9_000)]

        closing = threading.Timer(number / 1_000, decoder.close)
        closing.start()
        in_time(feed)
        closing.join()
        assert all_gone()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
def test_ctrl_c_is_heard_and_ends_the_thread(tone_folder):
    data = (tone_folder / "tone.flac").read_bytes()

    def hear_for_ever():
        while True:
            push(data, step=9_000)

    former = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for number in range(20):
            # Python drops what is raised while it clears up, so it comes again.
            signal.setitimer(signal.ITIMER_REAL, (number + 1) / 2_000, 0.5)
            with pytest.raises(KeyboardInterrupt):
                hear_for_ever()
            signal.setitimer(signal.ITIMER_REAL, 0)
            gc.collect()
            assert all_gone()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def test_a_program_ends_with_its_decoders_open(tmp_path, webm):
    (tmp_path / "sound.webm").write_bytes(webm[0])
    program = """
from pathlib import Path
from affetto.audio.pushed import PushedDecoder
data = Path("sound.webm").read_bytes()
held = [PushedDecoder() for _ in range(5)]
print(min(len(decoder.feed(data)) for decoder in held) > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.skipif(not TASKS.is_dir(), reason="threads are counted as Linux shows them")
@pytest.mark.skipif(not hasattr(av.filter.Graph, "threads"), reason="this PyAV can't be told")
def test_a_decoder_takes_one_thread_on_any_machine(webm):
    before = len(list(TASKS.iterdir()))
    held = [PushedDecoder() for _ in range(20)]
    for start in range(0, 6_000, 1_000):
        for decoder in held:
            decoder.feed(webm[0][start : start + 1_000])
    assert len(list(TASKS.iterdir())) - before == 20
    for decoder in held:
        decoder.close()
    assert all_gone()


def is_sound_or_refused(data, seed):
    cuts = random.Random(seed)
    decoder, at = PushedDecoder(), 0
    try:
        while at < len(data):
            size = cuts.choice([1, 7, 100, 1_500, 20_000])
            assert np.isfinite(decoder.feed(data[at : at + size])).all()
            at += size
        return bool(np.isfinite(decoder.finish()).all())
    except AudioError as error:
        return len(str(error).splitlines()) == 1


@FUZZ
@given(
    beginning=st.sampled_from([b"", b"\x1aE\xdf\xa3", b"OggS\0\2", b"fLaC\0\0\0\x22", b"ID3"]),
    rest=st.binary(max_size=3_000),
    seed=st.integers(0, 1_000),
)
def test_any_bytes(in_time, beginning, rest, seed):
    assert in_time(lambda: is_sound_or_refused(beginning + rest, seed))
    assert not decoders()


@pytest.mark.parametrize("kind", ["webm", "ogg", "mp4", "mp3"])
@FUZZ
@given(
    edits=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.sampled_from(["flip", "put", "drop", "end"]),
            st.binary(min_size=1, max_size=40),
        ),
        min_size=1,
        max_size=8,
    ),
    near_the_head=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_edited_streams(streams, in_time, kind, edits, near_the_head, seed):
    data = bytearray(streams[kind])
    for share, edit, value in edits:
        place = int(share * (min(len(data), 400) if near_the_head else len(data)))
        if edit == "flip":
            data[place : place + 1] = bytes(b ^ 0x55 for b in data[place : place + 1])
        elif edit == "put":
            data[place : place + len(value)] = value
        elif edit == "drop":
            del data[place : place + 10 * len(value)]
        elif not near_the_head:
            del data[place:]
    assert in_time(lambda: is_sound_or_refused(bytes(data), seed))
    assert not decoders()


@pytest.fixture(scope="module")
def streams(webm):
    return {
        "webm": webm[0][:8_000],
        "ogg": live("ogg", "libopus", 48_000, {"page_duration": "20000"}, 1.0)[0],
        "mp4": live("mp4", "aac", 48_000, FRAGMENTS, 1.0)[0],
        "mp3": live("mp3", "libmp3lame", 44_100, {}, 1.0)[0],
    }
