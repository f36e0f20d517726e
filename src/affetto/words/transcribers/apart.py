"""The embedded recogniser in processes of its own.

pocketsphinx keeps Python's lock while it decodes: in the process that hears voices, every voice
would wait for it, for seconds. So each stream has a process, as whole sounds have; what is free is
lent again. Asked and answered is in lines of JSON, with the samples behind a question as they are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from affetto.errors import AffettoError, AudioError, OptionError, TranscriptionError
from affetto.jobs.threads import share_cores
from affetto.transcript import Phrase
from affetto.words.transcribers.base import Partial, Spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from affetto.words.transcribers.base import Transcriber, TranscriptStream

__all__ = ["ApartTranscriber", "apart"]

_NAME = "pocketsphinx"
_IDLE = 2
"""Processes that stay when nobody needs them; each takes the memory of a model."""

_ERRORS: dict[str, type[AffettoError]] = {
    kind.__name__: kind for kind in (AudioError, OptionError, TranscriptionError)
}


class ApartTranscriber:
    """The embedded recogniser; see `Transcriber`.

    Raises:
        AffettoError: it isn't installed, or can't be started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[_Process] = []
        self._all: set[_Process] = set()
        self._closed = False
        with self._lent() as process:
            about = process.ask({"do": "about"})
        self.name = str(about["name"])
        self.span = float(about["span"])
        self.translates = bool(about["translates"])
        self.languages = tuple(map(str, about["languages"]))

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said, see `Transcriber`."""
        with self._lent() as process:
            question = {"do": "transcribe", "language": language, "translate": translate}
            answer = process.ask(question, samples)
        return Spoken(_phrases(answer["phrases"]), answer["language"])

    def stream(self, *, language: str | None = None) -> ApartStream:
        """Begin to write down what is being said, see `Transcriber`."""
        process = self.take()
        try:
            process.ask({"do": "stream", "language": language})
        except BaseException:
            self.give_back(process)
            raise
        return ApartStream(self, process)

    @contextmanager
    def _lent(self) -> Iterator[_Process]:
        process = self.take()
        try:
            yield process
        finally:
            self.give_back(process)

    def take(self) -> _Process:
        """Give a process that nobody uses."""
        with self._lock:
            while self._free:
                process = self._free.pop()
                if process.alive:
                    return process
                self._all.discard(process)
        process = _Process()
        with self._lock:
            self._all.add(process)
            if self._closed:
                process.end()
        return process

    def give_back(self, process: _Process) -> None:
        """Take a process back that is needed no longer."""
        with self._lock:
            if process.alive and len(self._free) < _IDLE and not self._closed:
                self._free.append(process)
                return
            self._all.discard(process)
        process.end()

    def close(self) -> None:
        """End the processes; who waits for one is told."""
        with self._lock:
            self._closed = True
            for process in self._all:
                process.end()


def apart(transcriber: Transcriber) -> Transcriber:
    """Give a recogniser that keeps no voice waiting.

    Args:
        transcriber: any.

    Returns:
        One in a process of its own in the place of pocketsphinx; any other as it is.

    Raises:
        AffettoError: the process can't be started.
    """
    from affetto.words.transcribers.sphinx import SphinxTranscriber

    return ApartTranscriber() if isinstance(transcriber, SphinxTranscriber) else transcriber


class ApartStream:
    """A stream of the embedded recogniser; see `TranscriptStream`."""

    def __init__(self, transcriber: ApartTranscriber, process: _Process) -> None:
        self._transcriber = transcriber
        self._process = process

    def feed(self, samples: NDArray[Any]) -> Partial:
        """Hear more, see `TranscriptStream`."""
        return self._partial(self._process.ask({"do": "feed"}, samples))

    def finish(self) -> Partial:
        """Say what was still held back, see `TranscriptStream`."""
        try:
            return self._partial(self._process.ask({"do": "finish"}))
        finally:
            self._transcriber.give_back(self._process)

    def _partial(self, answer: dict[str, Any]) -> Partial:
        return Partial(_phrases(answer["phrases"]), answer["text"], answer["start"])


class _Process:
    """A process that is asked one thing after the other, by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "affetto.words.transcribers.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], samples: NDArray[Any] | None = None) -> dict[str, Any]:
        """Give its answer.

        Raises:
            AffettoError: what the recogniser raised.
            TranscriptionError: the process has ended.
        """
        into, out = self._process.stdin, self._process.stdout
        assert into is not None
        assert out is not None
        data = b"" if samples is None else np.asarray(samples, "<f4").tobytes()
        line = b""
        with suppress(OSError, ValueError):
            into.write(json.dumps(question | {"bytes": len(data)}).encode() + b"\n" + data)
            into.flush()
            line = out.readline()
        if not line.endswith(b"\n"):
            raise TranscriptionError(
                f"found the process of {_NAME} ended, expected an answer: ask again"
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _ERRORS.get(answer["kind"], AffettoError)(answer["error"])
        return answer

    def end(self) -> None:
        """End it; harmless when repeated, and in any thread."""
        self._process.kill()
        self._process.wait()


def _phrases(rows: list[dict[str, Any]]) -> tuple[Phrase, ...]:
    return tuple(map(Phrase.from_dict, rows))


def _main() -> None:
    """Answer what is asked, until nobody is there to ask."""
    # Ctrl-C and the end are meant for who asks; this ends when nobody asks any more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    share_cores(1)
    asked = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever else is written goes where the faults of who asks go.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server = _Answers()
    while line := asked.readline():
        question = json.loads(line)
        try:
            answer = server.answer(question, _samples(asked, question["bytes"]))
        except AffettoError as error:
            answer = {"error": str(error), "kind": type(error).__name__}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _samples(file: BinaryIO, count: int) -> NDArray[np.float32]:
    return np.frombuffer(file.read(count), "<f4").astype(np.float32)


class _Answers:
    """What is done in the process; one stream at a time."""

    def __init__(self) -> None:
        self._transcriber: Any = None
        self._stream: TranscriptStream | None = None

    def answer(self, question: dict[str, Any], samples: NDArray[np.float32]) -> dict[str, Any]:
        from affetto.words.transcribers import open_transcriber

        if self._transcriber is None:
            self._transcriber = open_transcriber(_NAME)
        transcriber = self._transcriber
        do = question["do"]
        if do == "about":
            return {
                "name": transcriber.name,
                "span": transcriber.span,
                "translates": transcriber.translates,
                "languages": list(transcriber.languages),
            }
        if do == "transcribe":
            spoken = transcriber.transcribe(
                samples, language=question["language"], translate=question["translate"]
            )
            return {"phrases": _rows(spoken.phrases), "language": spoken.language}
        if do == "stream":
            # One that was left without its end is let go of with its decoder.
            self._stream = transcriber.stream(language=question["language"])
            return {}
        assert self._stream is not None
        partial = self._stream.feed(samples) if do == "feed" else self._stream.finish()
        return {
            "phrases": _rows(partial.finished),
            "text": partial.text,
            "start": partial.start,
        }


def _rows(phrases: tuple[Phrase, ...]) -> list[dict[str, Any]]:
    return [phrase.to_dict() for phrase in phrases]


if __name__ == "__main__":
    _main()
