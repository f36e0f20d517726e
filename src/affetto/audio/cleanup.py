"""Clean-up before listening: high-pass, noise reduction, loudness."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.audio.bs1770 import loudness as measure_loudness
from affetto.dsp import SAMPLE_RATE, hann
from affetto.errors import OptionError

__all__ = ["clean"]

_N_FFT = 512  # 32 ms
_HOP = 128
_QUIET_SHARE = 0.1  # of the frames make the noise profile
_MARGIN_DB = 6.0  # above the noise's mean level a bin counts as sound
_SOFTNESS_DB = 1.5
_FLOOR = 0.1  # -20 dB remain of what is taken for noise, so that gaps don't fall dead
_SPREAD = 2  # frames to each side that a level is averaged over
_BATCH = 4096  # frames at once, so that an hour needs little more memory than a minute


def clean(
    samples: ArrayLike,
    *,
    highpass: float | None = None,
    denoise: bool = False,
    loudness: float | None = None,
) -> NDArray[np.float32]:
    """Clean a sound up: rumble out, steady noise down, loudness to a target; in this order.

    - `highpass`: a Butterworth filter of 4th order; -3 dB at the corner, 24 dB an octave below.
    - `denoise`: spectral gating against noise that stays the same. The quietest tenth of the
      32 ms frames gives the level of the noise in each bin; bins that do not rise 6 dB above it
      together with their neighbours are turned down by up to 20 dB, and the frames overlap-added.
    - `loudness`: one gain to the target after ITU-R BS.1770-4, less where the peak would exceed
      full scale. Silence stays silence.

    Args:
        samples: 16 kHz, shape (samples,), or (channels, samples): then each channel by itself.
        highpass: hertz, above 0 and below 8000.
        denoise: whether to turn steady noise down.
        loudness: LUFS, -70 to 0; speech is often brought to -23.

    Returns:
        A new array, float32, of the same shape.

    Raises:
        OptionError: an option is out of its range, or the samples have another shape.

    Examples:
        >>> hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
        >>> bool(np.abs(clean(hum, highpass=200)[8000:]).max() < 0.002)
        True
    """
    sound = np.array(samples, np.float32)
    if sound.ndim not in (1, 2):
        raise OptionError(
            f"found samples of shape {sound.shape}, expected (samples,) or (channels, samples)"
        )
    if highpass is not None and not 0 < highpass < SAMPLE_RATE / 2:
        raise OptionError(f"found a high-pass of {highpass} Hz, expected above 0 and below 8000")
    if loudness is not None and not -70 <= loudness <= 0:
        raise OptionError(f"found a loudness of {loudness} LUFS, expected -70 to 0, such as -23")
    if not sound.shape[-1]:
        return sound
    for row in np.atleast_2d(sound):  # views: the rows are changed in place
        if highpass is not None:
            row[:] = _highpass(row, highpass)
        if denoise:
            row[:] = _gate(row)
        if loudness is not None:
            row[:] = row * _gain(row, loudness)
    return sound


def _highpass(row: NDArray[np.float32], corner: float) -> NDArray[np.float32]:
    from scipy.signal import butter, sosfilt

    sections = butter(4, corner, btype="highpass", fs=SAMPLE_RATE, output="sos")
    filtered: NDArray[np.float32] = sosfilt(sections, row.astype(np.float64)).astype(np.float32)
    return filtered


def _gain(row: NDArray[np.float32], target: float) -> np.float32:
    """Give the factor to the target loudness that keeps the peak within full scale."""
    level = measure_loudness(row)
    if math.isinf(level):
        return np.float32(1)
    return np.float32(min(10 ** ((target - level) / 20), 1 / float(np.abs(row).max())))


def _gate(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn down what does not rise above the steady noise."""
    padded = np.pad(row, (_N_FFT, _N_FFT + -len(row) % _HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    threshold = _noise_level(frames) + _MARGIN_DB
    result = np.zeros(len(padded), np.float32)
    for start in range(0, len(frames), _BATCH):
        stop = min(start + _BATCH, len(frames))
        # Neighbours on both sides, so that the smoothing doesn't see the edges of the batch.
        low, high = max(0, start - _SPREAD), min(stop + _SPREAD, len(frames))
        spectrum = np.fft.rfft(frames[low:high] * hann(_N_FFT), axis=1)
        gain = _FLOOR + (1 - _FLOOR) * _openness(_smooth_level(spectrum), threshold)
        kept = slice(start - low, stop - low)
        sound = np.fft.irfft(spectrum[kept] * gain[kept], n=_N_FFT, axis=1) * hann(_N_FFT)
        _overlap_add(result[start * _HOP :], sound.astype(np.float32))
    # Squared Hann windows at a quarter of their length add up to 1.5 everywhere.
    return result[_N_FFT : _N_FFT + len(row)] / np.float32(1.5)


def _noise_level(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the mean level in dB of each bin over the quietest frames; digital silence left out."""
    energy = np.einsum("ij,ij->i", frames, frames)
    sounding = np.flatnonzero(energy > 0)
    if not len(sounding):
        return np.full(_N_FFT // 2 + 1, -np.inf)
    # Frames that reach into the padding hold less than a whole frame of sound.
    inner = sounding[(sounding >= _N_FFT // _HOP) & (sounding < len(energy) - 2 * _N_FFT // _HOP)]
    sounding = inner if len(inner) else sounding
    count = max(1, round(_QUIET_SHARE * len(sounding)))
    quiet = sounding[np.argpartition(energy[sounding], count - 1)[:count]]
    total = np.zeros(_N_FFT // 2 + 1)
    for start in range(0, count, _BATCH):
        part = np.fft.rfft(frames[quiet[start : start + _BATCH]] * hann(_N_FFT), axis=1)
        total += (np.abs(part) ** 2).sum(axis=0)
    with np.errstate(divide="ignore"):
        level: NDArray[np.float64] = 10 * np.log10(total / count)
    return level


def _smooth_level(spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Give the level in dB of each bin with its neighbours in time and frequency.

    Lone peaks of the noise fall under the threshold so, and don't tinkle.
    """
    from scipy.ndimage import uniform_filter

    power = uniform_filter(np.abs(spectrum) ** 2, size=(2 * _SPREAD + 1, 3), mode="nearest")
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-24))
    return level


def _openness(level: NDArray[np.float64], threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give 0 well under the threshold, 1 well above, a soft step between."""
    step: NDArray[np.float64] = 0.5 + 0.5 * np.tanh((level - threshold) / (2 * _SOFTNESS_DB))
    return step


def _overlap_add(target: NDArray[np.float32], frames: NDArray[np.float32]) -> None:
    """Add frames a hop apart to the beginning of `target`."""
    parts = _N_FFT // _HOP
    pieces = frames.reshape(len(frames), parts, _HOP)
    for part in range(parts):
        start = part * _HOP
        target[start : start + len(frames) * _HOP] += pieces[:, part].ravel()
