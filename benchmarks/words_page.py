"""The page that tells what `words.py` measured."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["page"]

_PAGE = """# What words cost and give

Written by `python benchmarks/words.py --page docs/words-results.md` on {machine}, {on}.

## The emotion of words

On the published test texts of GoEmotions, by its Ekman labels and neutral. *Macro-F1* counts every
feeling that a text may hold, each label said or not by a threshold chosen on the dev texts; the
published BERT has 0.64 at a hundred times the size. *Polarity* asks only for pleasant, unpleasant
or neither, which is all that VADER knows. The peer with TF-IDF learns in the same run from the same
texts.

{models}

`words-default` label by label, by F1 (its calibration error, ECE, is {ece:.3f}):

{labels}

## Speech to text

On nine read English sentences, from two corpora.

{speech}

## The whole road

`affetto analyze --words` with {transcriber} took {words_s:.1f} s for those sentences, without words
{voice_s:.2f} s: {cost_ratio:.0f} times as long.

## Words that hold no feeling take nothing from the voice

UAR on speakers or corpora that the voice's model never heard, by the weight of the words: 0 is the
voice alone, 0.5 what is used everywhere. Each of these corpora has a few sentences that say nothing
of a feeling.

{fusion}
"""


def page(told: Mapping[str, Any]) -> str:
    """Lay the figures of all parts out as markdown."""
    models, speech, fusion = (told[part] for part in ("text", "speech", "fusion"))
    ours = models["words-default"]
    weights = [key for key in next(iter(fusion.values())) if key != "clips"]
    return _PAGE.format(
        **told["road"],
        machine=told["machine"],
        on=told["on"],
        ece=ours["ece"],
        models=_table(
            ("model", "macro-F1", "polarity, macro-F1", "ms a sentence", "MB"),
            [
                (
                    name,
                    _figure(one.get("macro_f1")),
                    _figure(one["polarity_macro_f1"]),
                    f"{one['ms_a_sentence']:.2f}",
                    f"{one['megabytes']:.1f}" if "megabytes" in one else "",
                )
                for name, one in models.items()
            ],
        ),
        labels=_table(
            list(ours["per_label"]), [[_figure(f1) for f1 in ours["per_label"].values()]]
        ),
        speech=_table(
            ("recogniser", "word error rate", "times real time"),
            [
                (name, _figure(one["word_error_rate"]), f"{one['times_real_time']:.1f}")
                for name, one in speech.items()
            ],
        ),
        fusion=_table(
            ("corpus, protocol", "clips", *weights),
            [
                (name, row["clips"], *(_figure(row[weight]) for weight in weights))
                for name, row in fusion.items()
            ],
        ),
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
