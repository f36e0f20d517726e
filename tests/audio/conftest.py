"""Sounds to decode: a sine in any container, made with PyAV."""

import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

TONE_HZ = 440
TONE_LEVEL = 0.5


def tone(rate: int, seconds: float = 1.0, hertz: float = TONE_HZ) -> NDArray[np.float32]:
    wave = TONE_LEVEL * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    return wave.astype(np.float32)


def encode_file(
    path: Path,
    codec: str,
    rate: int,
    samples: NDArray[np.float32],
    *,
    container: str | None = None,
    sample_format: str | None = None,
    video: bool = False,
) -> Path:
    """Encode samples, shape (channels, samples), with a picture track beside them if asked for."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
    with av.open(str(path), "w", format=container) as out:
        pictures = None
        if video:
            pictures = out.add_stream("mpeg4", rate=10)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        kind = sample_format or stream.codec_context.codec.audio_formats[0].name
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=kind,
            layout=layout,
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        if pictures is not None:
            for number in range(10):
                picture = av.VideoFrame.from_ndarray(
                    np.full((48, 64, 3), 20 * number, np.uint8), format="rgb24"
                )
                out.mux(pictures.encode(picture))
            out.mux(pictures.encode(None))
        for part in resampler.resample(frame) + resampler.resample(None):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def wav_bytes(samples: NDArray[Any], rate: int, kind: str) -> bytes:
    """Write WAV by hand: u8, s16, s24, s32, f32 or f64; samples of shape (channels, samples)."""
    rows = np.atleast_2d(samples)
    flat = rows.T.ravel().astype(np.float64)
    bits = int(kind[1:])
    match kind:
        case "u8":
            data = np.rint(flat * 127 + 128).astype(np.uint8).tobytes()
        case "s24":
            whole = np.rint(flat * 8388607).astype("<i4")
            data = whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case "s16" | "s32":
            data = np.rint(flat * (2.0 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()
        case _:
            data = flat.astype(f"<f{bits // 8}").tobytes()
    channels, width = len(rows), bits // 8
    form = struct.pack(
        "<HHIIHH",
        3 if kind[0] == "f" else 1,
        channels,
        rate,
        rate * channels * width,
        channels * width,
        bits,
    )
    body = (
        b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def promptly(function: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Call a function that must not hang; raise what it raises."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(("value", function()))
        except BaseException as error:
            outcome.append(("error", error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    assert outcome, f"still busy after {seconds} s"
    kind, result = outcome[0]
    if kind == "error":
        raise result
    return result


@pytest.fixture(scope="session")
def make_tone() -> Callable[..., NDArray[np.float32]]:
    return tone


@pytest.fixture(scope="session")
def make_wav() -> Callable[..., bytes]:
    return wav_bytes


@pytest.fixture(scope="session")
def encode() -> Callable[..., Path]:
    return encode_file


@pytest.fixture(scope="session")
def in_time() -> Callable[..., Any]:
    return promptly


# name → codec, rate, container where the suffix does not say it, sample format
CODINGS: dict[str, tuple[str, int, str | None, str | None]] = {
    "tone.wav": ("pcm_s16le", 44100, None, None),
    "tone.flac": ("flac", 44100, None, "s16"),
    "deep.flac": ("flac", 48000, None, "s32"),
    "tone.ogg": ("libopus", 48000, None, "s16"),
    "tone.opus": ("libopus", 48000, None, "s16"),
    "tone.mp3": ("libmp3lame", 44100, None, None),
    "tone.m4a": ("aac", 44100, None, None),
    "lossless.m4a": ("alac", 44100, None, None),
    "tone.mp4": ("aac", 48000, None, None),
    "tone.webm": ("libopus", 48000, None, "s16"),
    "tone.mka": ("aac", 44100, "matroska", None),
    "tone.aac": ("aac", 44100, "adts", None),
    "tone.aiff": ("pcm_s16be", 22050, None, None),
    "tone.w64": ("pcm_s16le", 16000, None, None),
    "tone.caf": ("pcm_s16be", 16000, None, None),
    "phone.wav": ("pcm_alaw", 8000, None, None),
    "tone.au": ("pcm_mulaw", 8000, None, None),
    "tone.ts": ("mp2", 44100, "mpegts", None),
    "tone.tta": ("tta", 44100, None, "s16"),
    "tone.wv": ("wavpack", 44100, None, None),
}


@pytest.fixture(scope="session", params=CODINGS)
def tone_file(request: pytest.FixtureRequest, tone_folder: Path) -> Path:
    """A second and a half of 440 Hz at half of full scale, in one of many codings."""
    return tone_folder / request.param


@pytest.fixture(scope="session")
def tone_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tone in every coding."""
    folder = tmp_path_factory.mktemp("tones")
    for name, (codec, rate, container, kind) in CODINGS.items():
        samples = tone(rate, 1.5)[None]
        encode_file(folder / name, codec, rate, samples, container=container, sample_format=kind)
    return folder
