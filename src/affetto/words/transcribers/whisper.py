"""Speech to text by Whisper, on this machine, through faster-whisper.

Radford et al. 2022, arXiv:2212.04356. The weights are those that CTranslate2 runs: of a size's
name, of a folder, or of a repository on the hub. They are fetched once, and kept where
huggingface_hub keeps its files.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affetto.dsp import SAMPLE_RATE
from affetto.errors import MissingExtraError, ModelError, OptionError, TranscriptionError
from affetto.recognition.hearing import one_channel
from affetto.transcript import Word
from affetto.words.transcribers.base import Spoken
from affetto.words.transcribers.phrasing import (
    DOUBTFUL,
    UNSURE,
    made_up,
    moved,
    phrases_of,
    put_right,
    understood,
)
from affetto.words.transcribers.utterances import faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.transcript import Phrase
    from affetto.words.transcribers.streaming import AgreeingStream

__all__ = ["SIZES", "WhisperTranscriber", "at_hand"]

SIZES = {
    **{
        size: f"Systran/faster-whisper-{size}"
        for size in (
            "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
            "large-v1", "large-v2", "large-v3",
        )
    },
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}  # fmt: skip
"""Name of a size → the repository that holds its weights as CTranslate2 runs them."""

_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
_OTHERS_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.pt", "tf_model.h5")
_CODES = {"jv": "jw", "nb": "no"}
"""ISO 639-1 codes → what Whisper calls the language."""
_REPETITIVE = 2.4
"""Text that is packed better than this goes round in circles: Whisper's paper, section 4.5."""
_SILENCE = 2.0
"""Seconds of silence about words that look invented, for which they are dropped."""


class WhisperTranscriber:
    """Writes down speech by Whisper.

    Args:
        model: a size (see `SIZES`), the folder of weights as CTranslate2 runs them, or a
            repository, "owner/name", that holds such.
        device: "cpu", "cuda", or "auto" for the better of the two that is here.
        compute_type: how CTranslate2 shall count; int8 on a CPU and float16 on a GPU where not
            given.
        threads: CPU threads that it may use.

    Raises:
        ModelError: no such weights are here and they can't be fetched, or they are damaged.
        OptionError: no such device or compute type here, or no thread.
        MissingExtraError: faster-whisper isn't installed.

    Examples:
        >>> transcriber = WhisperTranscriber("small")  # doctest: +SKIP
        >>> transcriber.transcribe(samples, language="de", translate=True)  # doctest: +SKIP
        Spoken(phrases=(Phrase(start=0.0, end=1.4, text='Good day.', ...), ...
    """

    span = 30.0

    def __init__(
        self,
        model: str | Path = "small",
        *,
        device: str = "auto",
        compute_type: str | None = None,
        threads: int = 1,
    ) -> None:
        if threads < 1:
            raise OptionError(f"found threads={threads}, expected 1 or more")
        try:
            import faster_whisper  # isort: skip (first, for its name is the one to be told)
            import ctranslate2
        except ImportError as error:
            missing = (error.name or "").partition(".")[0] or "faster_whisper"
            raise MissingExtraError(
                missing.replace("faster_whisper", "faster-whisper"),
                extra="words",
                purpose="Whisper",
            ) from None
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        if device not in ("cpu", "cuda"):
            raise OptionError(f"found the device {device!r}, expected auto, cpu or cuda")
        counting = compute_type or ("float16" if device == "cuda" else "int8")
        name = str(model)
        folder = _folder_of(name)
        _check_layout(folder, name)
        # Where decoding fails, Whisper draws words by lot; the same ones in every run.
        ctranslate2.set_random_seed(0)
        try:
            self._model = faster_whisper.WhisperModel(
                str(folder), device=device, compute_type=counting, cpu_threads=threads
            )
        except Exception as error:  # CTranslate2 and tokenizers raise RuntimeError, or their own
            if re.search("compute type|CUDA|cuda", str(error)):
                raise OptionError(
                    f"found device={device!r} with compute_type={counting!r}, which can't be had "
                    f'here ({error}); expected device="cpu", or another compute_type'
                ) from None
            raise ModelError(
                f"{folder}: is no Whisper that can be run ({error}); get the weights again"
            ) from None
        bands = self._model.feature_extractor.mel_filters.shape[0]
        if bands != self._model.model.n_mels:
            raise ModelError(
                f"{folder}: found preprocessor_config.json missing or of another model ({bands} "
                f"mel bands), expected one for {self._model.model.n_mels}: copy it there from "
                "where the weights came"
            )
        self.name = f"Whisper {_called(name)}"
        several = bool(self._model.model.is_multilingual)
        # The distilled ones keep all the tokens of their teacher, and learnt English alone.
        self.languages: tuple[str, ...] = ("en",)
        if several and "distil" not in _called(name):
            knows = self._model.hf_tokenizer.token_to_id
            known = {
                _iso(code)
                for code in self._model.supported_languages
                if knows(f"<|{code}|>") is not None  # older ones lack the newest language
            }
            known |= {code for code, theirs in _CODES.items() if theirs in known}
            self.languages = tuple(sorted(known))
        # The turbo kept the tokens, too, and was not taught to translate.
        self.translates = len(self.languages) > 1 and "turbo" not in _called(name)

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said.

        Args:
            samples: 16 kHz floats in [-1, 1], shape (samples,).
            language: ISO 639-1 code of what is said; detected where not given.
            translate: give English instead.

        Raises:
            OptionError: Whisper doesn't know the language, or these weights can't translate.
            AudioError: the samples are not finite floats in one channel.
            TranscriptionError: it failed: no memory, a broken driver.
        """
        code = self._checked(language, translate)
        samples = one_channel(samples)
        if faint(samples):
            return Spoken((), language=code, translated=translate)
        if self.languages == ("en",):
            code = "en"
        try:
            segments, about = self._model.transcribe(
                samples,
                language=_CODES.get(code, code) if code else None,
                task="translate" if translate else "transcribe",
                word_timestamps=True,
                # One mistake shall not lead to the next.
                condition_on_previous_text=False,
                no_speech_threshold=DOUBTFUL,
                log_prob_threshold=UNSURE,
                compression_ratio_threshold=_REPETITIVE,
                hallucination_silence_threshold=_SILENCE,
            )
            found = code or _iso(about.language)
            spoken_in = "en" if translate else found
            duration = len(samples) / SAMPLE_RATE
            phrases = [
                phrase
                for segment in segments
                if _believable(segment)
                for phrase in _phrases(segment, duration, spoken_in)
            ]
        except (RuntimeError, ValueError) as error:
            raise TranscriptionError(
                f"{self.name} failed ({error}); try a smaller size, or device cpu"
            ) from None
        return Spoken(
            tuple(phrases),
            language=found,
            language_confidence=None if code else min(1.0, float(about.language_probability)),
            translated=translate,
        )

    def stream(self, *, language: str | None = None) -> AgreeingStream:
        """Begin to write down what is being said.

        Args:
            language: ISO 639-1 code; detected in each utterance where not given.

        Raises:
            OptionError: Whisper doesn't know the language.
        """
        from affetto.words.transcribers.streaming import AgreeingStream

        return AgreeingStream(self, language=self._checked(language, False))

    def _checked(self, language: str | None, translate: bool) -> str | None:
        if translate and not self.translates:
            raise OptionError(
                f"found translate, which {self.name} was not taught, expected a model of many "
                "languages: take whisper:small, or whisper:large-v3"
            )
        many = len(self.languages) > 1
        return understood(
            language,
            self.languages,
            name=self.name,
            other="leave it out and it is detected"
            if many
            else "take a model of many languages: whisper:small, say",
        )


def at_hand(size: str) -> bool:
    """Tell whether the weights of a size are on this machine.

    Args:
        size: of `SIZES`.

    Examples:
        >>> at_hand("small")  # doctest: +SKIP
        True
    """
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return False
    return all(
        isinstance(try_to_load_from_cache(SIZES[size], name), str)
        for name in ("model.bin", "config.json", "tokenizer.json")
    )


def _called(name: str) -> str:
    """Give what a person calls these weights.

    Examples:
        >>> _called("Systran/faster-whisper-small"), _called("small"), _called("/data/mine")
        ('small', 'small', 'mine')
    """
    sizes = {repository: size for size, repository in reversed(SIZES.items())}
    return sizes.get(name) or Path(name).name or name


def _folder_of(name: str) -> Path:
    """Find the folder of the weights: as named, in the cache, or fetched from the hub.

    Raises:
        ModelError: it is neither here nor to be had.
        OptionError: it is no name of a size, folder or repository.
    """
    if Path(name).is_dir():
        return Path(name)
    repository = SIZES.get(name.removeprefix("hf:"), name.removeprefix("hf:"))
    if not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", repository):
        raise OptionError(
            f"found the Whisper {name!r}, expected a folder that is there, owner/name of a "
            f"repository, or a size: {', '.join(SIZES)}"
        )
    return _fetched(repository)


def _fetched(repository: str) -> Path:
    """Give the folder of a repository's weights: what is here, else what comes from the hub."""
    from faster_whisper.utils import disabled_tqdm
    from huggingface_hub import snapshot_download, utils

    # huggingface_hub reads HF_ENDPOINT once, when it is imported.
    address = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    options: dict[str, Any] = {"endpoint": address, "allow_patterns": list(_FILES)}
    try:
        folder = Path(snapshot_download(repository, local_files_only=True, **options))
        if (folder / "model.bin").is_file():
            return folder
    except Exception:  # nothing of it is here: each version of huggingface_hub says so differently
        pass
    if not sys.stderr.isatty():
        options["tqdm_class"] = disabled_tqdm  # a bar is for people
    try:
        return Path(snapshot_download(repository, **options))
    except Exception as error:  # of several libraries that speak HTTP
        if isinstance(error, (utils.RepositoryNotFoundError, utils.RevisionNotFoundError)):
            raise ModelError(
                f"found no Whisper {repository} at {address}, expected owner/name of weights that "
                f"CTranslate2 runs, a folder, or a size: {', '.join(SIZES)}"
            ) from None
        cause = " ".join(str(error.__cause__ or error).split())[:160] or type(error).__name__
        raise ModelError(
            f"found no weights of {repository} on this machine, and they can't be fetched from "
            f"{address} ({cause}); run `hf download {repository}` where there is a network, or "
            "name a folder that holds them: whisper:FOLDER"
        ) from None


def _check_layout(folder: Path, name: str) -> None:
    """Make sure that a folder holds a Whisper as CTranslate2 runs it.

    Raises:
        ModelError: it doesn't; says how it is made to, where that is known.
    """
    if not (folder / "model.bin").is_file():
        others = any(next(folder.glob(pattern), None) for pattern in _OTHERS_WEIGHTS)
        # Of a repository only what CTranslate2 needs was fetched: its settings tell what it is.
        if others or (not Path(name).is_dir() and (folder / "config.json").is_file()):
            output = f"{_called(name)}-ct2"
            raise ModelError(
                f"{name}: found a Whisper as transformers holds it, expected weights as "
                f"CTranslate2 runs them; convert them: ct2-transformers-converter --model {name} "
                f"--output_dir {output} --copy_files tokenizer.json preprocessor_config.json "
                f"--quantization int8, and name whisper:{output}"
            )
        raise ModelError(
            f"{name}: found no model.bin there, expected the folder of a Whisper as CTranslate2 "
            "runs it: fetch one with `hf download Systran/faster-whisper-small`, and name the "
            "folder that it prints"
        )
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(
            f"{name}: found weights without tokenizer.json, expected it beside them: copy it there "
            "from where the weights came"
        )


def _iso(code: str) -> str:
    """Give the ISO 639-1 code for what Whisper calls a language."""
    return "jv" if code == "jw" else code


def _believable(segment: Any) -> bool:
    """Tell whether somebody said this, or Whisper made it up."""
    invented = made_up(segment.no_speech_prob, segment.avg_logprob)
    return not invented and segment.compression_ratio <= _REPETITIVE


def _phrases(segment: Any, duration: float, language: str | None) -> list[Phrase]:
    """Give the phrases of a segment of faster-whisper; times are seconds of the sound."""
    words = [
        Word(word.word, float(word.start), float(word.end), float(word.probability))
        for word in segment.words or ()
    ]
    if put_right(words, duration):
        return phrases_of(words, duration=duration, language=language, text=segment.text)
    start = min(max(0.0, float(segment.start)), duration)
    whole = Word(segment.text, 0.0, min(float(segment.end), duration) - start)
    phrases = phrases_of([whole], duration=duration - start, language=language)
    return [replace(moved(phrase, start), words=()) for phrase in phrases]
