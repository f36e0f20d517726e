"""Mixing and resampling by a filter graph of FFmpeg, through PyAV.

Frames are gathered to large ones first, which halves the time; not those that somebody waits for.
The mix is the mean of the channels, made in floating point before resampling: FFmpeg's own downmix
of stereo would be 0.71 (left + right), which exceeds full scale where both sides agree.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE

__all__ = ["Resampler"]

_GATHER = 65_536  # samples a channel


class Resampler:
    """Frames of one kind to float32 at 16 kHz.

    Args:
        frame: the first frame; the others must share its format, rate and layout.
        mix: whether to take the mean of the channels.
        prompt: whether to give at once what a frame completes.
    """

    def __init__(self, frame: Any, *, mix: bool, prompt: bool = False) -> None:
        count = frame.layout.nb_channels
        self._graph = Graph()
        with suppress(AttributeError):  # an older PyAV
            # Or else a thread for each core is started, and none of these filters uses them.
            self._graph.threads = 1
        self._gather = 1 if prompt else _GATHER
        self._waiting = 0
        nodes = [
            self._graph.add(
                "abuffer",
                sample_rate=str(frame.sample_rate),
                sample_fmt=frame.format.name,
                channel_layout=frame.layout.name,
            ),
            *([] if prompt else [self._graph.add("asetnsamples", n=str(_GATHER), p="0")]),
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
        if self._waiting >= self._gather:
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
