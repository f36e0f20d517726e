"""Models on a hub: pushed there and pulled from there, in the layout of Hugging Face.

A mirror is a folder that holds the same: one folder `owner/name` for each model.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affetto.errors import MissingExtraError, ModelError, OptionError, OutputError
from affetto.jobs import folder_in_the_making
from affetto.models.card import FILES, Card
from affetto.models.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HubName", "cached", "pull", "push"]

_NAME = re.compile(r"(?:hf:)?(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?")
_NEEDED = ("card.yaml", "LICENSE*", *sorted({*chain(*FILES.values())}))
_FOREIGN = (
    ("*.json", "hyperparams.yaml", "label_encoder.txt", "*.ckpt", "*.safetensors"),
    ("*.json", "pytorch_model*.bin"),
)
"""What is fetched of a model of others, one after the other, until there are weights."""
_LAYOUT = (*_NEEDED, "README.md", "reliability.png")
"""What of a package goes to a hub, and what of a hub's files comes from there."""
_PUBLIC = "https://huggingface.co"
_KIND: dict[str, Any] = {"known_by": "card.yaml", "what": "a model package"}
_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


@dataclass(frozen=True, slots=True)
class HubName:
    """What a model on a hub is called.

    Attributes:
        repo: owner/name.
        revision: a branch, tag or commit; None for the newest.

    Examples:
        >>> HubName.parse("hf:anna/moods@v2")
        HubName(repo='anna/moods', revision='v2')
    """

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubName:
        """Read ``hf:owner/name`` or ``hf:owner/name@revision``; ``hf:`` may be left out.

        Raises:
            ModelError: it has another form.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise ModelError(f"found {text!r}, expected hf:owner/name or hf:owner/name@revision")
        return cls(match["repo"], match["revision"])

    def __str__(self) -> str:
        return f"hf:{self.repo}" + (f"@{self.revision}" if self.revision else "")


def cached(name: str) -> Path:
    """Download a model unless it was before, to huggingface_hub's own cache.

    Args:
        name: see `HubName.parse`; the hub is that of HF_ENDPOINT, where it is set.

    Returns:
        The folder of the package, or of a model of others; it is not checked.

    Raises:
        ModelError: another form of name, no such model, or it can't be downloaded.
        MissingExtraError: huggingface_hub is not installed.
    """
    wanted = HubName.parse(name)
    folder = _download(wanted, _address(None), allow_patterns=list(_NEEDED))
    for patterns in _FOREIGN:
        if (folder / "card.yaml").is_file() or any(folder.glob(patterns[-1])):
            break
        folder = _download(wanted, _address(None), allow_patterns=list(patterns))
    return folder


def push(
    package: str | Path,
    name: str,
    *,
    endpoint: str | None = None,
    mirror: str | Path | None = None,
    besides: Mapping[str, str] | None = None,
) -> str:
    """Put a package on a hub, in one commit, or into a mirror: all of it or nothing.

    Args:
        package: its folder.
        name: owner/name; a model that is not there yet is made.
        endpoint: address of a hub; that of HF_ENDPOINT, or huggingface.co, if None.
        mirror: a folder to write `owner/name` into, instead of a hub.
        besides: name → text of files of the layout that the package has not.

    Returns:
        Where it now is: an address, or a folder.

    Raises:
        ModelError: the package is damaged, or the name has another form.
        OptionError: a revision, both a hub and a mirror, or an endpoint that is no address.
        OutputError: no way to the hub, no right to write there, or the mirror can't be written.
        MissingExtraError: huggingface_hub is not installed.

    Examples:
        >>> import tempfile
        >>> from affetto.models import resolve
        >>> mirror = tempfile.mkdtemp()
        >>> copy = push(resolve("default"), "anna/moods", mirror=mirror)
        >>> pull("hf:anna/moods", f"{mirror}/mine", mirror=mirror).name
        'mine'
    """
    package, wanted = Path(package), HubName.parse(name)
    _one_place(endpoint, mirror)
    if wanted.revision is not None:
        raise OptionError(
            f"found {name!r}, expected owner/name: a model is pushed to the newest revision"
        )
    if findings := verify(package):
        raise ModelError(f"{package}: not pushed, {'; '.join(findings)}")
    files = _layout(package)
    texts = {key: text for key, text in (besides or {}).items() if key not in files}
    if mirror is not None:
        target = Path(mirror).absolute() / wanted.repo
        with folder_in_the_making(target, **_KIND) as unfinished:
            for key, path in files.items():
                shutil.copyfile(path, unfinished / key)
            for key, text in texts.items():
                (unfinished / key).write_text(text, encoding="utf-8", newline="\n")
        return str(target)
    address = _address(endpoint)
    hub = _huggingface_hub(f"pushing to {wanted.repo}")
    contents = {**files, **{key: text.encode() for key, text in texts.items()}}
    operations = [
        hub.CommitOperationAdd(path_in_repo=key, path_or_fileobj=content)
        for key, content in contents.items()
    ]
    title = Card.read(package / "card.yaml").title
    with _in_our_words(wanted, address, writing=True):
        api = hub.HfApi(endpoint=address)
        api.create_repo(wanted.repo, exist_ok=True)
        api.create_commit(wanted.repo, operations, commit_message=title)
    return f"{address}/{wanted.repo}"


def pull(
    name: str,
    folder: str | Path,
    *,
    endpoint: str | None = None,
    mirror: str | Path | None = None,
) -> Path:
    """Get a package from a hub or a mirror, whole and verified, or not at all.

    Args:
        name: see `HubName.parse`.
        folder: where it shall be; a package that stood there is replaced.
        endpoint: address of a hub; that of HF_ENDPOINT, or huggingface.co, if None.
        mirror: a folder to read `owner/name` from, instead of a hub.

    Returns:
        The folder.

    Raises:
        ModelError: no way to the hub, no such model, or it is damaged.
        OptionError: a revision of a mirror, both a hub and a mirror, or an endpoint that is no
            address.
        OutputError: it can't be written there, or something else stands there.
        MissingExtraError: huggingface_hub is not installed.
    """
    folder, wanted = Path(folder), HubName.parse(name)
    _one_place(endpoint, mirror)
    if mirror is not None and wanted.revision is not None:
        raise OptionError(
            f"found {name!r}, expected no revision: a mirror holds one alone ({wanted.repo})"
        )
    with folder_in_the_making(folder.absolute(), **_KIND) as unfinished:
        if mirror is not None:
            _copy(Path(mirror) / wanted.repo, unfinished)
        else:
            _download(
                wanted, _address(endpoint), allow_patterns=list(_LAYOUT), local_dir=unfinished
            )
            _only_layout(unfinished)
        try:
            findings = verify(unfinished)
        except ModelError as error:
            # What was there while it was made is of no use to anybody.
            raise ModelError(str(error).replace(str(unfinished), str(wanted))) from None
        if findings:
            raise ModelError(f"{wanted}: {'; '.join(findings)}")
    return folder


def _one_place(endpoint: str | None, mirror: str | Path | None) -> None:
    if endpoint is not None and mirror is not None:
        raise OptionError(f"found the hub {endpoint} and the mirror {mirror}, expected one of them")


def _layout(folder: Path) -> dict[str, Path]:
    """Find the files of a folder that belong to the layout: name → path."""
    return {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.is_file() and any(fnmatch(path.name, pattern) for pattern in _LAYOUT)
    }


def _only_layout(folder: Path) -> None:
    """Remove what huggingface_hub leaves beside the files, and files in folders."""
    kept = _layout(folder)
    for path in list(folder.iterdir()):
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _copy(source: Path, folder: Path) -> None:
    if not source.is_dir():
        raise ModelError(
            f"found no folder {source}, expected a model that `affetto models push --to` put there"
        )
    for name, path in _layout(source).items():
        shutil.copyfile(path, folder / name)


def _address(endpoint: str | None) -> str:
    # huggingface_hub reads HF_ENDPOINT once, when it is imported.
    address = (endpoint or os.environ.get("HF_ENDPOINT") or _PUBLIC).rstrip("/")
    if not re.match(r"https?://[^/\s]", address):
        raise OptionError(f"found the hub {address!r}, expected an address such as {_PUBLIC}")
    return address


def _huggingface_hub(purpose: str) -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("huggingface_hub", extra="hf", purpose=purpose) from None
    return huggingface_hub


def _download(wanted: HubName, address: str, **options: Any) -> Path:
    hub = _huggingface_hub(f"the model {wanted}")
    with _in_our_words(wanted, address, writing=False):
        folder = hub.snapshot_download(
            repo_id=wanted.repo, revision=wanted.revision, endpoint=address, **options
        )
    return Path(folder)


@contextmanager
def _in_our_words(wanted: HubName, address: str, *, writing: bool) -> Iterator[None]:
    """Say in one line what went wrong: the hub, the network and the disk each raise their own."""
    try:
        with _bars_for_people():
            yield
    except Exception as error:  # of three libraries that speak HTTP, by huggingface_hub's version
        kind = OutputError if writing else ModelError
        raise kind(_explained(error, wanted, address, writing=writing)) from None


@contextmanager
def _bars_for_people() -> Iterator[None]:
    """Keep huggingface_hub's progress bars to terminals, as ours are."""
    from huggingface_hub import utils

    if sys.stderr.isatty() or utils.are_progress_bars_disabled():
        yield
        return
    utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.enable_progress_bars()


def _explained(error: Exception, wanted: HubName, address: str, *, writing: bool) -> str:
    from huggingface_hub import utils

    # Of a download that failed, what the hub said is the cause.
    said = [error, *filter(None, [error.__cause__])]
    answers = [r for e in said if (r := getattr(e, "response", None)) is not None]
    status = answers[0].status_code if answers else None
    if any(isinstance(e, utils.RevisionNotFoundError) for e in said):
        return (
            f"found no {wanted.revision!r} of {wanted.repo} at {address}, expected a branch, tag "
            "or commit of it"
        )
    if any(isinstance(e, utils.GatedRepoError) for e in said):
        return f"{wanted} asks for consent first: give it at {address}/{wanted.repo}, and {_LOG_IN}"
    unseen = any(isinstance(e, utils.RepositoryNotFoundError) for e in said)
    if unseen or status in (401, 403):
        if writing:
            return f"no right to write to {wanted.repo} at {address}: {_LOG_IN}, as one who may"
        return (
            f"found no model {wanted.repo} at {address} that you may see, expected its owner and "
            f"name: correct them, or {_LOG_IN}"
        )
    failed = f"{wanted} can't be {'pushed' if writing else 'downloaded'}"
    if status is not None:
        advice = "is it a hub of models?" if status == 404 else "try again later"
        return f"{failed}: {address} answered {status}; {advice}"
    reason = " ".join(str(said[-1]).split()) or type(error).__name__
    if isinstance(error, OSError) and error.errno:
        return f"{failed}: {error.strerror}"
    if isinstance(error, ValueError):
        return f"{failed}: {reason}"
    return f"{failed}: no way to {address} ({reason}); check the network and the address"
