"""What is in a table: counts, lengths, a picture."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from affetto.emotions import Emotion, colour_of
from affetto.jobs import run
from affetto.lab.corpora.table import Clip, Table

__all__ = ["describe", "draw", "measure"]


def measure(table: Table, *, workers: int | None = 1, describe: str = "") -> Table:
    """Fill in the clips' lengths, as far as they aren't known.

    A length comes from the file's header; a file whose header says none is decoded.

    Args:
        table: the clips.
        workers: processes; None takes one a core.
        describe: words for the progress on stderr; empty shows none.

    Returns:
        The same clips; the length of one that can't be decoded stays unknown.
    """
    left = [clip for clip in table if clip.duration is None]
    outcomes = run(_seconds, left, workers=workers, describe=describe)
    found = {outcome.item.key: outcome.value for outcome in outcomes}
    return Table(
        replace(clip, duration=found[clip.key]) if clip.duration is None else clip for clip in table
    )


def _seconds(clip: Clip) -> float:
    from affetto.audio import load, stream

    if clip.end is not None:
        return round(clip.end - (clip.start or 0.0), 4)
    with stream(clip.file) as sound:
        whole = sound.duration_hint
    if whole is None:
        whole = load(clip.file).duration
    return round(whole - (clip.start or 0.0), 4)


def describe(table: Table) -> dict[str, Any]:
    """Sum up a table.

    Args:
        table: the clips; `measure` fills in lengths.

    Returns:
        Plain JSON types: `clips`, `seconds` (of the measured ones), `unmeasured`, `unlabelled`,
        `speakers` (number), `duration` (`min`, `median`, `mean`, `max` in seconds, or None) and
        clips by `corpora`, `emotions`, `genders`, `languages` and `by_speaker`; `seconds_of` has
        the seconds of each emotion.

    Examples:
        >>> clip = Clip(Path("a.wav"), "mine", Emotion.SAD, "sad", gender="f", duration=2.0)
        >>> describe(Table([clip]))["emotions"]
        {'sad': 1}
    """
    lengths = [clip.duration for clip in table if clip.duration is not None]
    emotions = {e.value: len(table.filter(emotion=e)) for e in table.labels}
    return {
        "clips": len(table),
        "seconds": round(sum(lengths), 3),
        "unmeasured": len(table) - len(lengths),
        "unlabelled": sum(clip.emotion is None for clip in table),
        "speakers": len(table.speakers),
        "duration": {
            "min": round(min(lengths), 3),
            "median": round(median(lengths), 3),
            "mean": round(fmean(lengths), 3),
            "max": round(max(lengths), 3),
        }
        if lengths
        else None,
        "corpora": table.counts("corpus"),
        "emotions": emotions,
        "seconds_of": {e: round(table.filter(emotion=Emotion(e)).duration, 3) for e in emotions},
        "genders": _sorted({name or "unknown": n for name, n in table.counts("gender").items()}),
        "languages": _sorted(
            {name or "unknown": n for name, n in table.counts("language").items()}
        ),
        "by_speaker": _sorted(
            {name or "unknown": n for name, n in table.counts("speaker").items()}
        ),
    }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def draw(table: Table, path: str | Path, *, title: str = "") -> None:
    """Draw the clips of each emotion by gender, and how long they are, as a picture.

    Args:
        table: the clips.
        path: the picture; its suffix says which kind (png, svg, pdf).
        title: stands above.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the picture can't be written.
        OptionError: the suffix is of no kind of picture that is made here.
    """
    from affetto.report.plots.paper import blank, saved

    figure = blank(9, 4)
    counts, lengths = figure.subplots(1, 2)
    labels = [emotion.value for emotion in table.labels]
    left = [0] * len(labels)
    for gender, hatch in (("f", ""), ("m", "//"), (None, "..")):
        heights = [len(table.filter(emotion=Emotion(e), gender=gender)) for e in labels]
        if any(heights):
            counts.barh(
                labels,
                heights,
                left=left,
                color=[colour_of(e) for e in labels],
                hatch=hatch,
                edgecolor="white",
                label={"f": "female", "m": "male", None: "unknown"}[gender],
            )
            left = [a + b for a, b in zip(left, heights, strict=True)]
    counts.invert_yaxis()
    counts.set_xlabel("clips")
    counts.legend(frameon=False)
    lengths.hist([clip.duration for clip in table if clip.duration is not None], bins=40)
    lengths.set_xlabel("seconds")
    lengths.set_ylabel("clips")
    if title:
        figure.suptitle(title)
    saved(figure, path)
