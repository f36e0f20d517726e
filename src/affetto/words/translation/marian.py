"""Translation by Marian's networks, as the OPUS-MT project trains them for each language.

Junczys-Dowmunt et al. 2018, doi:10.18653/v1/P18-4020; Tiedemann and Thottingal 2020,
https://aclanthology.org/2020.eamt-1.61. Two layouts of folders are known:

- that of transformers, as the hub holds them: `config.json`, weights, `source.spm`, `target.spm`,
  `vocab.json`; runs by torch;
- that of CTranslate2, to which the first is converted by
  `ct2-transformers-converter --copy_files source.spm target.spm`: `model.bin` and the same two
  models of SentencePiece; runs without torch, and faster.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from affetto.errors import MissingExtraError, ModelError, OptionError
from affetto.models.hub import HubName
from affetto.models.quiet import quiet
from affetto.words.translation.base import base_language, only_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Reader = Callable[[list[str]], list[str]]

__all__ = ["MarianTranslator"]

_BEAMS = 4
_PATIENCE = 2.0
"""CTranslate2 alone ends at the first four that are whole, and a short poor one may be best of
them; with twice as many it was seen to choose as transformers does."""
_AT_ONCE = 16
"""Sentences in a batch: more would be padded more, and save little on a few cores."""
_LONGEST = 400
"""Characters of a sentence that a network takes whole; their training held few longer ones."""
_PATTERNS = ("*.json", "*.spm", "*.safetensors", "model.bin", "shared_vocabulary.txt")
_OLDER = ("pytorch_model.bin",)
"""What most of OPUS-MT still has for weights; fetched where there are no others."""
_FAMILIES = {
    **dict.fromkeys(("pt", "ro", "oc"), "roa"),
    **dict.fromkeys(("no", "nb", "nn", "fo"), "gmq"),
    **dict.fromkeys(("hr", "sr", "bs", "sl"), "zls"),
    **dict.fromkeys(("ta", "te", "kn"), "dra"),
    "el": "grk",
}
"""Languages that OPUS-MT reads by a network of their whole family, and has none for alone."""
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")


class MarianTranslator:
    """Translates by Marian's networks, on this machine.

    Args:
        model: a folder, or "owner/name" of a model on a hub, that translates all that is said;
            None takes `Helsinki-NLP/opus-mt-{language}-en` for each language. What comes from a
            hub is fetched when it is first needed, once, and kept in huggingface_hub's cache.
        threads: CPU threads that a network may use.

    Raises:
        ModelError: the folder isn't there or holds no Marian model, or the name has another form.
        MissingExtraError: what the model needs isn't installed.

    Examples:
        >>> MarianTranslator().translate(["Das macht mich traurig."], language="de")
        ... # doctest: +SKIP
        ['That makes me sad.']
        >>> MarianTranslator("no/such/folder")
        Traceback (most recent call last):
        ...
        affetto.errors.ModelError: found no folder no/such/folder, expected ...
    """

    def __init__(self, model: str | Path | None = None, *, threads: int = 1) -> None:
        self.name = "Marian (OPUS-MT)" if model is None else f"Marian ({model})"
        self._threads = max(1, threads)
        self._folder: Path | None = None
        self._hub: HubName | None = None
        self._open: dict[str, Reader] = {}
        self._lock = Lock()
        converted = False
        if model is not None and Path(model).is_dir():
            self._folder = Path(model)
            converted = _layout(self._folder)
        elif model is not None and re.fullmatch(r"(hf:)?[^/\\.~][^/\\]*/[^/\\]+", str(model)):
            self._hub = HubName.parse(str(model))
        elif model is not None:
            raise ModelError(
                f"found no folder {model}, expected one that holds a Marian model, or OWNER/NAME "
                "of one on a hub"
            )
        _installed(converted)

    def translate(self, texts: Sequence[str], *, language: str | None) -> list[str]:
        """Put texts into English, see `Translator`.

        Args:
            texts: what was said, a phrase each.
            language: ISO 639-1 code of all of them; may be None where one model was named.

        Raises:
            ModelError: the network isn't to be had, or is damaged.
            OptionError: the language must be known, and isn't.
        """
        return only_foreign(
            texts, language, lambda foreign: self._translated(foreign, base_language(language))
        )

    def _translated(self, texts: list[str], language: str | None) -> list[str]:
        read = self._reader(language)
        pieces = [(number, piece) for number, text in enumerate(texts) for piece in _cut(text)]
        # Sentences of like length share a batch, so that little of it is padding.
        order = sorted(range(len(pieces)), key=lambda n: len(pieces[n][1]))
        english = [""] * len(pieces)
        for first in range(0, len(order), _AT_ONCE):
            batch = order[first : first + _AT_ONCE]
            for place, said in zip(batch, read([pieces[n][1] for n in batch]), strict=True):
                english[place] = said.strip()
        joined: list[list[str]] = [[] for _ in texts]
        for (number, _), said in zip(pieces, english, strict=True):
            joined[number].append(said)
        return [" ".join(filter(None, parts)) for parts in joined]

    def _reader(self, language: str | None) -> Reader:
        """Give the network that reads a language; it is opened once."""
        if self._folder is not None or self._hub is not None:
            wanted = self._hub
        elif language is None:
            raise OptionError(
                "found no language of what was said, expected its code (de, say): marian has a "
                "network for each; name the language, or one network for all: marian:OWNER/NAME"
            )
        else:
            wanted = HubName(f"Helsinki-NLP/opus-mt-{_FAMILIES.get(language, language)}-en")
        key = str(wanted or self._folder)
        with self._lock:
            if key not in self._open:
                folder = self._folder if wanted is None else _fetched(wanted)
                assert folder is not None  # one of the two was given
                self._open[key] = _opened(folder, key, self._threads)
            return self._open[key]


def _cut(text: str) -> list[str]:
    """Cut a text into sentences, for that is what the networks learnt from."""
    pieces = []
    for sentence in filter(None, (part.strip() for part in _SENTENCE.split(text))):
        rest = sentence
        while len(rest) > _LONGEST:
            at = max(rest.rfind(mark, 0, _LONGEST) for mark in (" ", "，", "、")) + 1 or _LONGEST
            pieces.append(rest[:at].strip())
            rest = rest[at:].strip()
        pieces.append(rest)
    return pieces


def _layout(folder: Path) -> bool:
    """Tell whether a folder holds a converted model; otherwise it is one of transformers.

    Raises:
        ModelError: it is neither, or parts are missing.
    """
    there = {path.name for path in folder.iterdir()}
    converted = "model.bin" in there
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict) or (not converted and config.get("model_type") != "marian"):
        kind = f"a model of {config.get('model_type')}" if isinstance(config, dict) else "no model"
        raise ModelError(
            f"{folder}: found {kind}, expected a Marian model: a folder as "
            "`hf download Helsinki-NLP/opus-mt-de-en` fetches it, or as CTranslate2 converts that"
        )
    needed = ["source.spm", "target.spm", *([] if converted else ["vocab.json"])]
    if missing := [name for name in needed if name not in there]:
        raise ModelError(
            f"{folder}: found a Marian model without {missing[0]}, expected "
            f"{' and '.join(needed)} beside it: copy them there from where the model came"
        )
    return converted


def _installed(converted: bool) -> None:
    """Say early what is missing, not after an hour's transcription."""
    extras = {"sentencepiece": "words"}
    extras |= {"ctranslate2": "words"} if converted else {"torch": "hf", "transformers": "hf"}
    for package, extra in extras.items():
        if find_spec(package) is None:
            raise MissingExtraError(package, extra=extra, purpose="translation by Marian")


def _fetched(wanted: HubName) -> Path:
    """Give the folder of a model of the hub: what is here already, else what comes from there.

    Raises:
        ModelError: it is neither here nor there, or there is no way there.
        MissingExtraError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import snapshot_download, utils
    except ImportError:
        raise MissingExtraError(
            "huggingface_hub", extra="hf", purpose=f"the model {wanted}"
        ) from None

    # huggingface_hub reads HF_ENDPOINT once, when it is imported.
    address = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")

    def get(patterns: Sequence[str], *, here: bool) -> Path:
        return Path(
            snapshot_download(
                wanted.repo,
                revision=wanted.revision,
                endpoint=address,
                local_files_only=here,
                allow_patterns=list(patterns),
            )
        )

    try:
        folder = get(_PATTERNS, here=True)
        if _weights(folder) and (folder / "source.spm").is_file():
            return folder
    except Exception:  # nothing of it is here: each version of huggingface_hub says so differently
        pass
    try:
        folder = get(_PATTERNS, here=False)
        if not _weights(folder):
            folder = get(_OLDER, here=False)
    except Exception as error:  # of three libraries that speak HTTP, by huggingface_hub's version
        if isinstance(error, (utils.RepositoryNotFoundError, utils.RevisionNotFoundError)):
            raise ModelError(
                f"found no Marian model {wanted.repo} at {address}, expected one of this name; "
                "name another, marian:OWNER/NAME or marian:FOLDER, or a chat server"
            ) from None
        cause = " ".join(str(error.__cause__ or error).split())[:160] or type(error).__name__
        raise ModelError(
            f"found no Marian model {wanted.repo} on this machine, and it can't be fetched from "
            f"{address} ({cause}); run `hf download {wanted.repo}` where there is a network, or "
            "name a folder that holds it: marian:FOLDER"
        ) from None
    return folder


def _weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors")) or any(
        (folder / name).is_file() for name in ("model.bin", *_OLDER)
    )


def _opened(folder: Path, name: str, threads: int) -> Reader:
    converted = _layout(folder)
    _installed(converted)
    try:
        return _converted(folder, threads) if converted else _by_torch(folder, threads)
    except Exception as error:  # torch, tokenizers and CTranslate2 each raise their own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(
            f"{name}: the Marian model in {folder} can't be opened ({reason}); fetch it anew"
        ) from None


def _most(lengths: Sequence[int]) -> int:
    """Give the tokens that a translation may have; without a bound some inputs run on for ever."""
    return 2 * max(lengths) + 16


def _by_torch(folder: Path, threads: int) -> Reader:
    import torch
    import transformers

    with quiet(transformers.utils.logging), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sacremoses, which transformers would like to have
        tokenizer = transformers.MarianTokenizer.from_pretrained(str(folder))
        # In halves, as some are kept, a CPU is slow or fails.
        network = transformers.MarianMTModel.from_pretrained(str(folder), dtype=torch.float32)
        network.eval()

    def read(sentences: list[str]) -> list[str]:
        rows = tokenizer(sentences, return_tensors="pt", padding=True, truncation=True)
        lengths = rows["attention_mask"].sum(dim=1).tolist()
        with torch.inference_mode(), _torch_threads(torch, threads):
            made = network.generate(**rows, num_beams=_BEAMS, max_new_tokens=_most(lengths))
        return list(tokenizer.batch_decode(made, skip_special_tokens=True))

    return read


def _converted(folder: Path, threads: int) -> Reader:
    import ctranslate2
    import sentencepiece

    source = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    target = sentencepiece.SentencePieceProcessor(model_file=str(folder / "target.spm"))
    network = ctranslate2.Translator(
        str(folder), device="cpu", inter_threads=1, intra_threads=threads
    )
    config = json.loads((folder / "config.json").read_text("utf-8"))
    # What Marian's own converter made ends its sentences itself; that of transformers leaves it.
    end = [] if config.get("add_source_eos") else ["</s>"]

    def read(sentences: list[str]) -> list[str]:
        rows = [[*source.encode(sentence, out_type=str), *end] for sentence in sentences]
        most = _most([len(row) for row in rows])
        made = network.translate_batch(
            rows, beam_size=_BEAMS, patience=_PATIENCE, max_decoding_length=most
        )
        return [str(target.decode(result.hypotheses[0])) for result in made]

    return read


@contextmanager
def _torch_threads(torch: Any, threads: int) -> Iterator[None]:
    """Hold torch to its share meanwhile: its number is one for the whole process."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
