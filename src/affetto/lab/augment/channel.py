"""Steps that send a voice through something: a lossy codec, another rate, a telephone line."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.signal

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.lab.augment.steps import Range, Samples, draw, fit

__all__ = ["CODECS", "codec", "resample", "telephone"]

CODECS = {
    "opus": (
        "libopus",
        "libopus",
        16_000,
        "s16",
        {"application": "voip", "compression_level": "5"},
    ),
    "mp3": ("libmp3lame", "mp3float", 16_000, "s16p", {"compression_level": "7"}),
    "aac": ("aac", "aac", 16_000, "fltp", {"aac_coder": "fast"}),
    "gsm": ("libopencore_amrnb", "libopencore_amrnb", 8_000, "s16", {}),
    "g722": ("g722", "g722", 16_000, "s16", {}),
}
"""Name → encoder, decoder, sample rate, sample format, encoder options.

`gsm` is AMR-NB, whose 12.2 kbit/s mode is GSM's enhanced full-rate codec; `g722` always has 64.
"""

_GSM_RATES = np.array([4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2, 12.2])
_DEFAULT_KBPS = {"opus": 16.0, "mp3": 32.0, "aac": 32.0, "gsm": 12.2, "g722": 64.0}


def codec(
    samples: Samples,
    rng: np.random.Generator,
    *,
    name: str | tuple[str, ...] = "opus",
    kbps: Range | None = None,
) -> Samples:
    """Encode and decode, in memory; what the codec loses is lost.

    The codec's delay is measured once for each codec and bitrate, and taken out.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        name: one of `CODECS`, or several to draw from.
        kbps: kilobits per second; by default opus 16, mp3 and aac 32, gsm 12.2. AMR-NB (`gsm`)
            takes the nearest of its eight rates.

    Returns:
        As many samples as were given, at the level they had.

    Raises:
        OptionError: unknown codec, a bitrate that it can't do, or a PyAV built without it.

    Examples:
        >>> tone = np.sin(np.arange(16000) / 5).astype(np.float32) / 4
        >>> coded = codec(tone, np.random.default_rng(0), name="opus", kbps=16)
        >>> coded.shape, bool(np.corrcoef(tone[2000:-2000], coded[2000:-2000])[0, 1] > 0.9)
        ((16000,), True)
    """
    chosen = name if isinstance(name, str) else name[int(rng.integers(len(name)))]
    if chosen not in CODECS:
        raise OptionError(f"found codec {chosen!r}, expected one of {', '.join(CODECS)}")
    rate = draw(_DEFAULT_KBPS[chosen] if kbps is None else kbps, rng)
    if chosen == "gsm":
        rate = float(_GSM_RATES[np.argmin(np.abs(_GSM_RATES - rate))])
    # Whole kilobits (GSM: its own rates), so that the measured delays are few.
    bits = round(rate * 1000.0) if chosen == "gsm" else round(rate) * 1000
    if not len(samples):
        return samples.astype(np.float32, copy=True)
    decoded = _round_trip(samples, chosen, bits)
    return fit(decoded[_delay(chosen, bits) :], len(samples))


@lru_cache(maxsize=64)
def _delay(name: str, bits: int) -> int:
    """Measure a codec's delay in samples: send a known sound through, see where it comes out."""
    rng = np.random.default_rng(0)
    band = scipy.signal.butter(2, [200.0, 2000.0], "bandpass", fs=SAMPLE_RATE, output="sos")
    hiss = scipy.signal.sosfilt(band, rng.standard_normal(SAMPLE_RATE))
    probe = np.asarray(0.3 * hiss * np.hanning(len(hiss)), np.float32)
    decoded = _round_trip(probe, name, bits)
    scores = scipy.signal.correlate(decoded, probe, mode="full")
    return max(int(np.argmax(scores)) - len(probe) + 1, 0)


def _round_trip(samples: Samples, name: str, bits: int) -> Samples:
    """Encode and decode; what comes out is late by the codec's delay, and longer by it or more."""
    encoder_name, decoder_name, rate, sample_format, options = CODECS[name]
    import av

    try:
        encoder: Any = av.CodecContext.create(encoder_name, "w")
        decoder: Any = av.CodecContext.create(decoder_name, "r")
        # One thread each: handing single blocks to others costs more than it gains.
        encoder.thread_count = decoder.thread_count = 1
        encoder.sample_rate, encoder.layout, encoder.format = rate, "mono", sample_format
        encoder.bit_rate, encoder.options = bits, options
        encoder.open()
    except av.error.FFmpegError as error:
        raise OptionError(
            f"codec {name} can't run at {bits / 1000:g} kbit/s here ({error}): choose another rate "
            "or codec"
        ) from None
    decoder.sample_rate, decoder.layout = rate, "mono"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    sent = _to_8k(samples) if rate == 8_000 else samples
    # The delay of the codecs here is below 2,500 samples: zeros push the last sound out.
    blocks = _blocks(sent, encoder.frame_size or 320, extra=2_500)
    received = []
    if sample_format.startswith("s16"):
        blocks = np.rint(np.clip(blocks, -1.0, 1.0) * 32767.0).astype(np.int16)
    for number, block in enumerate([*blocks, None]):
        frame = None
        if block is not None:
            frame = av.AudioFrame.from_ndarray(block[None], format=sample_format, layout="mono")
            frame.sample_rate, frame.pts = rate, number * blocks.shape[1]
        for packet in encoder.encode(frame):
            received.extend(decoder.decode(packet))
    received.extend(decoder.decode(None))
    if not received:
        raise OptionError(f"codec {name} gave nothing back at {bits / 1000:g} kbit/s")
    sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in received])
    if sound.dtype == np.int16:
        sound = sound.astype(np.float32) / np.float32(32768.0)
    return np.clip(_to_16k(sound.astype(np.float32), received[0].sample_rate), -1.0, 1.0)


def _blocks(samples: Samples, size: int, *, extra: int) -> Samples:
    """Cut into rows of `size`, shape (rows, size), with at least `extra` zeros at the end."""
    rows = -(-(len(samples) + extra) // size)
    return fit(samples, rows * size).reshape(rows, size)


def _to_8k(samples: Samples) -> Samples:
    return np.asarray(scipy.signal.resample_poly(samples, 1, 2), np.float32)


def _to_16k(samples: Samples, rate: int) -> Samples:
    if rate == SAMPLE_RATE:
        return samples
    up, down = (2, 1) if rate == 8_000 else (1, rate // SAMPLE_RATE)
    return np.asarray(scipy.signal.resample_poly(samples, up, down), np.float32)


def resample(samples: Samples, rng: np.random.Generator, *, hertz: Range = 44_100.0) -> Samples:
    """Resample to another rate and back, as a recording is on its way through programs.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        hertz: the other rate, 4 to 192 kHz, to the nearest 25 Hz; what lies above half of it is
            lost.

    Returns:
        As many samples as were given.

    Raises:
        OptionError: the rate is out of its range.

    Examples:
        >>> tone = np.sin(np.arange(1600) / 5).astype(np.float32) / 4
        >>> there_and_back = resample(tone, np.random.default_rng(0), hertz=44_100)
        >>> bool(np.abs(there_and_back - tone)[200:-200].max() < 1e-3)
        True
    """
    rate = draw(hertz, rng)
    if not 4_000.0 <= rate <= 192_000.0:
        raise OptionError(f"found the rate {rate:g} Hz, expected 4000 to 192000")
    ratio = Fraction(round(rate / 25) * 25, SAMPLE_RATE)
    if not len(samples):
        return samples.astype(np.float32, copy=True)
    other = scipy.signal.resample_poly(samples, ratio.numerator, ratio.denominator)
    back = scipy.signal.resample_poly(other, ratio.denominator, ratio.numerator)
    return fit(np.asarray(back, np.float32), len(samples))


@lru_cache(maxsize=1)
def _telephone_band() -> Samples:
    """Give the filter of a telephone line, 300-3400 Hz, for 8 kHz."""
    return np.asarray(
        scipy.signal.firwin(255, [300.0, 3400.0], pass_zero=False, fs=8_000), np.float32
    )


def telephone(samples: Samples, rng: np.random.Generator) -> Samples:
    """Send the voice over a telephone line: 300-3400 Hz, 8 kHz, 8-bit mu-law (ITU-T G.711).

    Args:
        samples: shape (samples,).
        rng: not used; a line does the same each time.

    Returns:
        As many samples as were given, not delayed, at the level that the band leaves.

    Examples:
        >>> hiss = np.sin(np.arange(16000) * 2 * np.pi * 5000 / 16000).astype(np.float32)
        >>> bool(np.abs(telephone(hiss, np.random.default_rng(0))[500:-500]).max() < 0.01)
        True
    """
    del rng
    if not len(samples):
        return samples.astype(np.float32, copy=True)
    line = scipy.signal.oaconvolve(_to_8k(samples), _telephone_band(), mode="full")
    half = len(_telephone_band()) // 2
    line = np.clip(line[half : half + -(-len(samples) // 2)], -1.0, 1.0)
    # Companding: logarithmic steps, so that quiet speech keeps its shape in eight bits.
    bent = np.sign(line) * np.log1p(255.0 * np.abs(line)) / np.log(256.0)
    steps = np.rint(bent * 127.0) / 127.0
    line = np.sign(steps) * np.expm1(np.abs(steps) * np.log(256.0)) / 255.0
    return fit(np.clip(_to_16k(line.astype(np.float32), 8_000), -1.0, 1.0), len(samples))
