"""Bad input gives one clear line, or what is left of the sound; never a hang or a crash."""

import os
import signal
import socket
import struct
import sys
import threading
import time

import numpy as np
import pytest

from affetto import audio
from affetto.errors import AudioError
from affetto.jobs.interrupts import Terminated, stoppable

NAMES = ["tone.wav", "tone.flac", "tone.ogg", "tone.mp3", "tone.m4a", "tone.webm"]
LENGTHS = [1, 4, 11, 12, 40, 43, 44, 100, 1000, 5000]
"""Where a file is cut off, in bytes: within the magic number, the header, the first packets."""


def hear(source):
    """Decode to the end; give the seconds heard, or None after an AudioError."""
    try:
        seconds = sum(len(chunk) for chunk in audio.stream(source)) / 16000
    except AudioError:
        return None
    assert seconds > 0
    return seconds


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", LENGTHS)
def test_truncations(tone_folder, in_time, name, length):
    data = (tone_folder / name).read_bytes()
    seconds = in_time(lambda: hear(data[:length]))
    assert seconds is None or seconds < 1.6


@pytest.mark.parametrize("name", NAMES)
def test_truncations_all_along(tone_folder, in_time, name):
    data = (tone_folder / name).read_bytes()
    for length in np.linspace(0.05 * len(data), len(data) - 1, 12).astype(int):
        seconds = in_time(lambda length=length: hear(data[:length]))
        assert seconds is None or seconds < 1.6


@pytest.mark.parametrize("name", NAMES)
def test_bit_flips(tone_folder, in_time, name):
    rng = np.random.default_rng(0)
    original = (tone_folder / name).read_bytes()
    for number in range(20):
        data = bytearray(original)
        reach = 300 if number % 2 else len(data)
        for place in rng.integers(0, reach, 8):
            data[place] ^= 1 << int(rng.integers(8))
        seconds = in_time(lambda data=bytes(data): hear(data))
        assert seconds is None or seconds > 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"Good morning, this is a letter.\n" * 50, "text"),
        (("Grüße " * 1000).encode(), "text"),
        (b"<html><body>not found</body></html>", "text"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://localhost/a.ts\n", "text"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "a PNG picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), "a JPEG picture"),
        (b"GIF89a" + bytes(500), "a GIF picture"),
        (b"RIFF\x00\x01\x00\x00WEBPVP8 " + bytes(300), "a WebP picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(300), "a PDF document"),
        (b"PK\x03\x04" + bytes(300), "a ZIP archive"),
        (bytes(10_000), "no sound"),
        (b"\x00\xff" * 5000, "no sound"),
        (b"RIFF", "no sound"),
        (b"RIFF\xff\xff\xff\xffWAVE", "no sound"),
        (b"fLaC" + bytes(100), "no sound"),
        (b"OggS" + bytes(100), "no sound"),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(100), "no sound"),
        (b"\x1aE\xdf\xa3" + bytes(100), "no sound"),
        (struct.pack(">I", 32) + b"ftypisom" + bytes(100), "no sound"),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, in_time, content, found):
    path = tmp_path / "renamed.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=found) as caught:
        in_time(lambda: audio.load(path))
    assert str(path) in str(caught.value)
    assert "expected" in str(caught.value) or "damaged" in str(caught.value)
    with pytest.raises(AudioError, match=found):
        in_time(lambda: audio.load(content))


def test_random_bytes_are_no_sound(in_time):
    for seed in range(10):
        assert in_time(lambda seed=seed: hear(np.random.default_rng(seed).bytes(4000))) is None


def patched(wav, place, value):
    data = bytearray(wav)
    data[place : place + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("place", "value", "heard"),
    [
        (4, b"\xff\xff\xff\xff", True),  # a RIFF of 4 GB
        (4, b"\0\0\0\0", True),
        (40, b"\xff\xff\xff\xff", True),  # 4 GB of sound: what is there is heard
        (40, b"\xff\xff\xff\x7f", True),
        (40, b"\x00\xff\xff\x7e", True),
        (40, b"\0\0\0\0", None),
        (16, b"\xff\xff\xff\x7f", False),  # a format chunk of 2 GB
        (20, b"\x99\x99", False),  # an unknown coding
        (22, b"\0\0", False),  # no channels
        (22, b"\xff\xff", False),  # 65535 channels
        (24, b"\0\0\0\0", False),  # 0 Hz
        (24, b"\x01\0\0\0", False),  # 1 Hz
        (24, b"\xff\xff\xff\x7f", False),
        (24, b"\xff\xff\xff\xff", False),
        (34, b"\0\0", None),  # 0 bits
        (34, b"\x11\0", None),
        (34, b"\xff\xff", None),
        (32, b"\0\0", None),  # block of 0 bytes
        (12, b"tmf ", False),
        (36, b"atad", False),
    ],
)
def test_wrong_headers(make_wav, make_tone, in_time, place, value, heard):
    seconds = in_time(lambda: hear(patched(make_wav(make_tone(16000), 16000, "s16"), place, value)))
    assert heard is None or (seconds is not None) == heard
    if heard:
        assert seconds == pytest.approx(1.0, abs=0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module on Windows")
def test_a_huge_declared_size_takes_no_memory(make_wav, make_tone, tone_folder, in_time):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wav = make_wav(make_tone(16000), 16000, "s16")
    in_time(lambda: hear(patched(wav, 40, b"\xf0\xff\xff\x7e")))
    flac = bytearray((tone_folder / "tone.flac").read_bytes())
    flac[21:26] = b"\xff\xff\xff\xff\xff"  # 2**36 samples
    in_time(lambda: hear(bytes(flac)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200_000  # kB


def test_zero_samples(make_wav, in_time):
    for kind in ("s16", "f32"):
        with pytest.raises(AudioError, match="0 samples"):
            in_time(lambda kind=kind: audio.load(make_wav(np.zeros((1, 0)), 16000, kind)))


def test_nothing_but_nan(make_wav, in_time):
    with pytest.raises(AudioError, match="not numbers"):
        in_time(lambda: audio.load(make_wav(np.full(16000, np.nan), 44100, "f32")))


def test_a_missing_file(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        audio.load(tmp_path / "nowhere.wav")


def test_a_web_address():
    with pytest.raises(AudioError, match="web address"):
        audio.load("https://localhost/a.wav")


@pytest.mark.parametrize("name", ["concat:a.wav|b.wav", "pipe:0", "data:audio/wav;base64,AAAA"])
def test_the_decoders_own_protocols_are_only_names(name):
    with pytest.raises(AudioError):
        audio.load(name)


def test_impossible_names():
    for name in ("a\0b.wav", "x" * 5000, ""):
        with pytest.raises(AudioError):
            audio.load(name)


def test_a_folder(tmp_path):
    with pytest.raises(AudioError, match="a folder"):
        audio.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_not_waited_for(tmp_path, in_time):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match="a named pipe"):
        in_time(lambda: audio.load(tmp_path / "pipe.wav"))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no such sockets here")
def test_a_socket(tmp_path, in_time, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.wav")
        with pytest.raises(AudioError, match="a socket"):
            in_time(lambda: audio.load("s.wav"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no device files on Windows")
@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero"])
def test_a_device(name, in_time):
    with pytest.raises(AudioError, match="a device"):
        in_time(lambda: audio.load(name))


def test_no_permission(tmp_path, make_wav):
    path = tmp_path / "mine.wav"
    path.write_bytes(make_wav(np.zeros(1600), 16000, "s16"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(AudioError, match="no permission"):
        audio.load(path)


def test_a_link_that_leads_nowhere_or_in_a_circle(tmp_path):
    try:
        (tmp_path / "a.wav").symlink_to("nowhere")
        (tmp_path / "b.wav").symlink_to("b.wav")
    except OSError:
        pytest.skip("no links can be made here")
    for name in ("a.wav", "b.wav"):
        with pytest.raises(AudioError):
            audio.load(tmp_path / name)


def test_a_file_of_text_mode(tmp_path):
    (tmp_path / "a.wav").write_text("hello")
    with (tmp_path / "a.wav").open() as file, pytest.raises(AudioError, match="'rb'"):
        audio.load(file)


def test_a_closed_file(tmp_path):
    file = (tmp_path / "a.wav").open("wb")
    file.close()
    with pytest.raises(AudioError, match="closed"):
        audio.load(file)


@pytest.mark.parametrize("source", [None, 5, 1.5, [b"RIFF"], {"path": "a.wav"}])
def test_a_source_of_another_type(source):
    with pytest.raises(AudioError, match="expected a path"):
        audio.load(source)


class Faulty:
    """A file object that breaks its promises after the first bytes."""

    def __init__(self, data, fault):
        self._data, self._fault, self._place = data, fault, 0

    def read(self, size):
        if self._place < 20_000:
            part = self._data[self._place : self._place + min(size, 4096)]
            self._place += len(part)
            return part
        if self._fault == "raises":
            raise OSError(5, "Input/output error")
        if self._fault == "text":
            return "x" * size
        if self._fault == "too much" and self._place < 40_000:
            self._place += size
            return bytes(10 * size)
        return None


@pytest.mark.parametrize("fault", ["raises", "too much", "text", "nothing"])
def test_a_faulty_file_object_does_no_harm(make_wav, make_tone, in_time, fault):
    data = make_wav(make_tone(44100), 44100, "s16")[:40_000]
    if fault in ("raises", "text"):
        with pytest.raises(AudioError, match=r"reading failed|'rb'"):
            in_time(lambda: audio.load(Faulty(data, fault)))
    else:
        assert 0.2 < in_time(lambda: audio.load(Faulty(data, fault))).duration <= 1.0


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["tone.wav", "tone.m4a"])
def test_a_signal_is_never_lost_in_the_decoder(tone_folder, name):
    def hear_until_stopped(after):
        signal.setitimer(signal.ITIMER_REAL, after)
        while signal.getitimer(signal.ITIMER_REAL)[0]:
            audio.load(tone_folder / name)
        time.sleep(0.5)  # a signal that came at a bad time comes again

    audio.load(tone_folder / name)  # stopped imports would hurt later tests
    former = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        with stoppable():
            for i in range(30):
                with pytest.raises(Terminated):
                    hear_until_stopped((i + 1) / 3_000)
    finally:
        signal.signal(signal.SIGALRM, former)


def test_a_film_without_sound(tmp_path, in_time):
    import av

    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            out.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        out.mux(pictures.encode(None))
    with pytest.raises(AudioError, match="a video without sound"):
        in_time(lambda: audio.load(path))


@pytest.mark.parametrize("tag", [b"drms", b"enca", b"aavd"])
def test_encrypted_sound(tone_folder, in_time, tag):
    data = (tone_folder / "tone.m4a").read_bytes()
    with pytest.raises(AudioError, match=r"encrypted \(DRM\)"):
        in_time(lambda: audio.load(data.replace(b"mp4a", tag)))


def test_many_threads_decode_at_once(tone_folder):
    expected = audio.load(tone_folder / "tone.mp3").samples
    heard = []

    def work():
        heard.extend(audio.load(tone_folder / "tone.mp3").samples for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 12
    assert all(np.array_equal(samples, expected) for samples in heard)
