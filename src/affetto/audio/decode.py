"""Decoding and resampling in one pass, by PyAV (FFmpeg).

Packets are decoded one by one, so a damaged one is left out and the rest is heard. Frames are
gathered to large ones before they are mixed and resampled, which halves the time. The mix is the
mean of the channels, made before resampling in floating point: FFmpeg's own downmix of stereo would
be 0.71 (left + right), which exceeds full scale where both sides agree.
"""

from collections.abc import Iterator
from typing import Any, Literal

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from affetto.audio.headers import ogg_is_whole, wav_seconds
from affetto.audio.source import Reader
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError

__all__ = ["Channels", "Decoder"]

Channels = Literal["mix", "separate"]
"""`mix`: the mean of the channels; `separate`: every channel for itself."""

_FORMATS = (
    "3g2,3gp,aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,m4a,matroska,"
    "mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,nistsphere,nut,ogg,qcp,rm,tta,voc,w64,wav,webm,wv"
)
"""The containers that may be opened: files of sound or video. Playlists and scripts, which could
make the decoder fetch other files, and pictures are not among them."""

_EXACT_LENGTH = frozenset(
    ["aiff", "au", "caf", "flac", "flv", "matroska", "mov", "tta", "w64", "wav"]
)
"""Containers whose header states the length itself, where others only let it be guessed."""

_ENCRYPTED_TAGS = frozenset({"aavd", "drms", "enca", "p608"})
_GATHER = 65_536  # samples a channel
_READ = 262_144  # bytes
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
                buffer_size=_READ,
                metadata_errors="replace",
                options={"format_whitelist": _FORMATS},
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
        kinds = set(self._container.format.name.split(","))
        counted = "mp3" in kinds and (b"Xing" in reader.head or b"Info" in reader.head)
        self._length_is_exact = counted or bool(kinds & _EXACT_LENGTH)

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
        heard = total / SAMPLE_RATE
        if self.duration_hint and self._length_is_exact:
            missing = self.duration_hint - heard
            if missing > max(0.2, 0.002 * self.duration_hint):
                self.warnings.append(
                    f"the file ends after {heard:.2f} s, though its header promises "
                    f"{self.duration_hint:.2f} s: it may be truncated"
                )

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode, mix and resample."""
        kind: tuple[str, int, str] | None = None
        resampler: _Resampler | None = None
        try:
            for frame in self._frames():
                this = (frame.format.name, frame.sample_rate, frame.layout.name)
                if this != kind or resampler is None:
                    # A stream may change its kind on the way; a filter graph takes one kind.
                    if resampler is not None:
                        yield from map(self._shaped, resampler.finish())
                    kind, resampler = this, _Resampler(frame, mix=self.channels == "mix")
                yield from map(self._shaped, resampler.feed(frame))
            if resampler is not None:
                yield from map(self._shaped, resampler.finish())
        except _FAULTS as error:
            raise AudioError(
                f"{self.name}: found sound that cannot be resampled ({_say(error)}): "
                "convert it to FLAC or WAV first"
            ) from error

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


class _Resampler:
    """A filter graph for frames of one kind: gather, to float, mean of the channels, 16 kHz."""

    def __init__(self, frame: Any, *, mix: bool) -> None:
        count = frame.layout.nb_channels
        self._graph = Graph()
        self._waiting = 0
        nodes = [
            self._graph.add(
                "abuffer",
                sample_rate=str(frame.sample_rate),
                sample_fmt=frame.format.name,
                channel_layout=frame.layout.name,
            ),
            self._graph.add("asetnsamples", n=str(_GATHER), p="0"),
            self._graph.add("aformat", sample_fmts="fltp"),
        ]
        if mix and count > 1:
            share = f"{1 / count:.17g}"
            mean = "+".join(f"{share}*c{i}" for i in range(count))
            nodes.append(self._graph.add("pan", f"mono|c0={mean}"))
        nodes += [
            self._graph.add("aresample", str(SAMPLE_RATE)),
            # Interleaved, because PyAV reads beyond the list of planes where there are 8 or more.
            self._graph.add("aformat", sample_fmts="flt", sample_rates=str(SAMPLE_RATE)),
            self._graph.add("abuffersink"),
        ]
        self._graph.link_nodes(*nodes).configure()

    def feed(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        """Push a frame; give what comes out, shape (channels, samples)."""
        frame.pts = None
        self._graph.push(frame)
        self._waiting += frame.samples
        if self._waiting >= _GATHER:
            self._waiting = 0
            yield from self._pull()

    def finish(self) -> Iterator[NDArray[np.float32]]:
        """Give what is left."""
        self._graph.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[NDArray[np.float32]]:
        while True:
            try:
                out: Any = self._graph.pull()
            except (av.BlockingIOError, EOFError):
                return
            if out.samples:
                packed = out.to_ndarray()
                yield np.ascontiguousarray(packed.reshape(out.samples, -1).T)


def _say(error: BaseException) -> str:
    """Give the reason alone, without numbers and file names."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).split(":")[0].strip().lower()
