"""Decoding and resampling in one pass, by PyAV (FFmpeg).

Packets are decoded one by one, so a damaged one is left out and the rest is heard, in its place:
where the time stamps tell of a gap, silence fills it.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal

import av
import numpy as np
from numpy.typing import NDArray

from affetto.audio.headers import ogg_is_whole, wav_seconds
from affetto.audio.resample import Resampler
from affetto.audio.source import Reader
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError

__all__ = ["Channels", "Decoder"]

DEFERS_SIGNALS = True  # PyAV drops what is raised in its callbacks

Channels = Literal["mix", "separate"]
"""`mix`: the mean of the channels; `separate`: every channel for itself."""

_FORMATS = (
    "3g2,3gp,aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,m4a,matroska,"
    "mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,nistsphere,nut,ogg,qcp,rm,tta,voc,w64,wav,webm,wv"
)
"""The containers that may be opened: files of sound or video. Playlists and scripts, which could
make the decoder fetch other files, and pictures are not among them."""

_LENGTH_IN_SAMPLES = frozenset({"aiff", "au", "caf", "flac", "tta", "w64", "wav"})
_LENGTH_STATED = frozenset({"flv", "matroska", "mov"})
"""Containers whose header states the length, exactly or nearly; others only let it be guessed."""

_SHORTEST_GAP, _LONGEST_GAP = 0.015, 60.0  # seconds; time stamps of some containers are rough
_ENCRYPTED_TAGS = frozenset({"aavd", "drms", "enca", "p608"})
_READ = 262_144  # bytes
_READ_PROMPT = 16_384
_PROMPT = {"analyzeduration": "200000", "probesize": "1000000", "max_probe_packets": "8"}
"""How far FFmpeg may look ahead before the first sound: microseconds, bytes, packets."""
_MAX_CHANNELS = 64
_RATES = (1_000, 1_000_000)  # hertz; outside, a few bytes would swell to hours of sound
_FAULTS = (av.FFmpegError, ValueError, RuntimeError, MemoryError)


class Decoder:
    """One source on its way to 16 kHz float32; iterate over the blocks, shape (channels, samples).

    Args:
        reader: the opened source; the decoder closes it.
        channels: `mix` gives blocks of one row; `separate` one row a channel.

    Attributes:
        source_channels: how many channels the source has.
        duration_hint: seconds that the header or an estimate promises, or None.
        warnings: what went wrong on the way, one line each; complete at the end.

    Raises:
        AudioError: no sound in it, encrypted, damaged beyond hearing.
    """

    def __init__(self, reader: Reader, channels: Channels) -> None:
        self.name = reader.name
        self.channels = channels
        self.warnings: list[str] = []
        self._reader = reader
        self._bad_packets = 0
        self._unfit = ""
        tail = reader.tail() if reader.head.startswith(b"OggS") else b""
        if tail and not ogg_is_whole(tail):
            self.warnings.append("the file stops before its last page: it may be truncated")
        try:
            self._container = av.open(
                reader,
                mode="r",
                format=reader.kind,
                buffer_size=_READ_PROMPT if reader.prompt else _READ,
                metadata_errors="replace",
                options={"format_whitelist": _FORMATS} | (_PROMPT if reader.prompt else {}),
            )
        except AudioError:
            reader.close()
            raise
        except _FAULTS as error:
            reader.close()
            raise AudioError(
                f"{self.name}: found no sound that can be decoded ({_say(error)}): "
                "the file is damaged or of an unknown kind"
            ) from error
        try:
            self._stream = self._pick_stream()
        except AudioError:
            self.close()
            raise
        self.source_channels = int(self._stream.codec_context.channels or 0)
        self.duration_hint = self._promised_duration()
        self._slack = self._allowed_difference()
        self._tick = float(self._stream.time_base or 0)
        self._clock: float | None = None
        self._filled = 0.0

    def _pick_stream(self) -> Any:
        """Take the first stream of sound; refuse an encrypted one."""
        streams = self._container.streams
        if not streams.audio:
            found = "a video without sound" if streams.video else "no stream of sound"
            raise AudioError(f"{self.name}: found {found}, expected sound")
        stream = streams.audio[0]
        context = stream.codec_context
        if context is None:
            raise AudioError(
                f"{self.name}: found sound in an unknown coding: convert it to FLAC or WAV first"
            )
        try:
            tag = context.codec_tag
        except UnicodeDecodeError:  # a damaged one
            tag = ""
        if tag in _ENCRYPTED_TAGS or "enc_key_id" in stream.metadata:
            raise AudioError(
                f"{self.name}: found encrypted (DRM) sound, expected an open file: "
                "Affetto cannot unlock it"
            )
        # Threads gain little here, and the caller may decode several files at once.
        context.thread_type = "NONE"
        return stream

    def _promised_duration(self) -> float | None:
        """Give the stated or estimated length in seconds."""
        stated = wav_seconds(self._reader.head)
        if stated is not None:
            return stated
        stream = self._stream
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration:
            seconds = self._container.duration / av.time_base
        else:
            return None
        return seconds if seconds > 0 else None

    def _allowed_difference(self) -> float:
        """Give by how many seconds a sound may fall short of `duration_hint`, if that is stated."""
        kinds = set(self._container.format.name.split(","))
        head = self._reader.head
        if kinds & _LENGTH_IN_SAMPLES:
            return 0.02
        if kinds & _LENGTH_STATED or ("mp3" in kinds and (b"Xing" in head or b"Info" in head)):
            return 0.2
        return math.inf

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        total = 0
        silenced = 0
        peak = 0.0
        try:
            for block in self._blocks():
                top = float(np.max(np.abs(block)))
                if not np.isfinite(top):
                    good = np.isfinite(block)
                    silenced += int(block.size - good.sum())
                    block[~good] = 0
                    top = float(np.max(np.abs(block)))
                peak = max(peak, top)
                total += block.shape[1]
                yield block
        finally:
            self.close()
        self._conclude(total, silenced, peak)

    def _conclude(self, total: int, silenced: int, peak: float) -> None:
        """Say what was odd; raise where nothing was heard."""
        if not total:
            if self._unfit:
                raise AudioError(
                    f"{self.name}: found {self._unfit}, expected 1 to 64 channels at 1 kHz to 1 MHz"
                )
            why = f"{self._bad_packets} damaged packets" if self._bad_packets else "0 samples"
            raise AudioError(f"{self.name}: found no sound in it ({why}), expected some")
        rows = 1 if self.channels == "mix" else self.source_channels
        if silenced == total * rows:
            raise AudioError(f"{self.name}: found only values that are not numbers, expected sound")
        if self._bad_packets:
            self.warnings.append(f"{self._bad_packets} damaged packets were left out")
        if silenced:
            self.warnings.append(f"{silenced} samples that are not finite numbers were silenced")
        if peak > 1 and self._stream.codec_context.name.startswith("pcm_f"):
            self.warnings.append(
                f"samples reach {peak:.3g} times full scale; they were kept as they are"
            )
        if self._filled:
            self.warnings.append(
                f"{self._filled:.2f} s are missing on the way; silence stands in their place"
            )
        heard = total / SAMPLE_RATE
        if self.duration_hint and self.duration_hint - heard > self._slack:
            self.warnings.append(
                f"the sound ends after {heard:.2f} s, though the header promises "
                f"{self.duration_hint:.2f} s: the file may be truncated"
            )

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode, mix and resample; put silence where the time stamps leave a gap."""
        kind: tuple[str, int, str] | None = None
        resampler: Resampler | None = None
        for frame in self._frames():
            gap = self._gap_before(frame)
            this = (frame.format.name, frame.sample_rate, frame.layout.name)
            # A stream may change its kind on the way; a filter graph takes one kind.
            if resampler is not None and (gap or this != kind):
                yield from map(self._shaped, resampler.finish())
                resampler = None
            if gap:
                self._filled += gap
                yield self._shaped(np.zeros((1, round(gap * SAMPLE_RATE)), np.float32))
            try:
                if resampler is None:
                    mix, prompt = self.channels == "mix", self._reader.prompt
                    kind, resampler = this, Resampler(frame, mix=mix, prompt=prompt)
                blocks = list(resampler.feed(frame))
            except _FAULTS:
                self._unfit = f"{frame.layout.name} at {frame.sample_rate} Hz"
                self._bad_packets += 1
                resampler = None
                continue
            yield from map(self._shaped, blocks)
        if resampler is not None:
            yield from map(self._shaped, resampler.finish())

    def _gap_before(self, frame: Any) -> float:
        """Give the seconds between the frame before and this one, where some are missing."""
        before, length = self._clock, frame.samples / frame.sample_rate
        if frame.pts is None or not self._tick:
            self._clock = None if before is None else before + length
            return 0.0
        start: float = frame.pts * self._tick
        self._clock = start + length
        if before is None or not _SHORTEST_GAP < start - before < _LONGEST_GAP:
            return 0.0
        if self.duration_hint is not None and start > self.duration_hint:
            return 0.0
        return start - before

    def _frames(self) -> Iterator[Any]:
        """Decode packet by packet, leaving damaged ones out."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except AudioError:
                raise
            except IndexError:
                # A stream that began midway has no flush packet in PyAV; ours has had its own.
                return
            except _FAULTS as error:
                self.warnings.append(f"reading ended early: {_say(error)}")
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except _FAULTS:
                self._bad_packets += 1
                continue
            for frame in frames:
                if not frame.samples:
                    continue
                count, rate = frame.layout.nb_channels, frame.sample_rate
                if 0 < count <= _MAX_CHANNELS and _RATES[0] <= rate <= _RATES[1]:
                    yield frame
                else:
                    self._unfit = f"{count} channels at {rate} Hz"
                    self._bad_packets += 1

    def _shaped(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hold to the number of channels that the source began with."""
        if self.channels == "mix":
            return block
        if not self.source_channels:
            self.source_channels = block.shape[0]
        rows = self.source_channels
        if block.shape[0] == rows:
            return block
        padding = np.zeros((max(0, rows - block.shape[0]), block.shape[1]), np.float32)
        return np.concatenate([block[:rows], padding])

    def close(self) -> None:
        """Let go of the file; harmless when repeated."""
        self._container.close()
        self._reader.close()


def _say(error: BaseException) -> str:
    """Give the reason alone, without numbers and file names."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).split(":")[0].strip().lower()
