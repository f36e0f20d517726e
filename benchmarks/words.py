"""What words cost and what they give: the text model beside its peers, speech to text, fusion.

    python benchmarks/words.py [--part text|speech|road|fusion]... [--output FILE] [--page FILE]

All on one core, one after the other. It needs the shared corpora (AFFETTO_SHARED, or ../shared):
GoEmotions, the read sentences with their transcripts, and the acted corpora.

text    macro-F1 on GoEmotions' test texts and milliseconds a sentence, beside a TF-IDF with a
        logistic regression trained here on the same texts, and VADER, which knows only polarity:
        all are compared as polarity, too.
speech  word error rate and times real time of each recogniser that can run here.
road    seconds of `analyze` with words and without, on the same sentences.
fusion  UAR of the voice alone and of words and voice, on speakers or corpora that the voice's
        model never heard (from docs/results), by the weight that is used everywhere and by others.
"""

from alone import machine, one_core  # isort: skip

import argparse
import csv
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from material import shared
from words_page import page

from affetto import analyze, audio
from affetto.errors import AffettoError
from affetto.words import Fusion, WordListener, open_text_model
from affetto.words.fusion import DEFAULT_WEIGHT, fullness

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"
WEIGHTS = (0.0, 0.25, DEFAULT_WEIGHT, 1.0, 2.0)
POLARITY = {"happy": 1, "sad": -1, "angry": -1, "fear": -1, "disgust": -1, "neutral": 0}
ROUNDS = 5


def text(folder: Path) -> dict[str, Any]:
    """Measure the text model beside its peers."""
    from affetto.lab.metrics import macro_f1
    from affetto.lab.words.scores import best_thresholds, f1_per_label
    from affetto.lab.words.texts import read_texts
    from affetto.lab.words.training import measure_texts
    from affetto.words.grams import tokens

    corpus = read_texts(folder / "text" / "goemotions")
    train, dev, test = (corpus[split] for split in ("train", "dev", "test"))
    model = open_text_model()
    found: dict[str, Any] = {}
    ours = measure_texts(model, test)
    found["words-default"] = {
        "macro_f1": ours.macro_f1,
        "per_label": dict(ours.per_label),
        "ece": ours.ece,
        "ms_a_sentence": milliseconds(lambda one: model.judge([one]), test.texts),
        "megabytes": size(model.folder) / 1e6,
    }
    labels = [label.value for label in test.labels]
    plain = test.targets.sum(axis=1) == 1
    kept = [i for i in np.flatnonzero(plain) if labels[test.targets[i].argmax()] in POLARITY]
    truth = np.array([POLARITY[labels[test.targets[i].argmax()]] for i in kept])
    said = [max(row, key=row.get) if row else "neutral" for row in model.judge(test.texts)]
    found["words-default"]["polarity_macro_f1"] = polar(
        macro_f1, truth, [POLARITY.get(said[i], 0) for i in kept]
    )

    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    weigh = TfidfVectorizer(ngram_range=(1, 2), min_df=2, tokenizer=tokens, token_pattern=None)
    learner = OneVsRestClassifier(LogisticRegression(max_iter=200, class_weight="balanced"))
    learner.fit(weigh.fit_transform(train.texts), train.targets)
    thresholds = best_thresholds(dev.targets, learner.predict_proba(weigh.transform(dev.texts)))
    given = learner.predict_proba(weigh.transform(test.texts))
    top = [labels[row.argmax()] for row in given]
    found["TF-IDF + logistic regression"] = {
        "macro_f1": float(f1_per_label(test.targets, given >= thresholds).mean()),
        "ms_a_sentence": milliseconds(
            lambda one: learner.predict_proba(weigh.transform([one])), test.texts
        ),
        "polarity_macro_f1": polar(macro_f1, truth, [POLARITY.get(top[i], 0) for i in kept]),
    }
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ModuleNotFoundError:
        print("VADER is not installed (pip install vaderSentiment): left out")
        return found
    vader = SentimentIntensityAnalyzer()

    def compound(one: str) -> float:
        return float(vader.polarity_scores(one)["compound"])

    signs = [compound(test.texts[i]) for i in kept]
    found["VADER"] = {
        "polarity_macro_f1": polar(
            macro_f1, truth, [0 if abs(c) < 0.05 else int(np.sign(c)) for c in signs]
        ),
        "ms_a_sentence": milliseconds(compound, test.texts),
    }
    return found


def polar(measure: Callable[..., float], truth: Any, said: Sequence[int]) -> float:
    return float(measure(truth + 1, np.array(said) + 1))


def milliseconds(judge: Callable[[str], object], texts: Sequence[str]) -> float:
    """Give the median time of one text, each judged alone."""
    times = []
    for one in texts[:500]:
        start = time.perf_counter()
        judge(one)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def sentences(folder: Path) -> list[tuple[Path, str]]:
    with (folder / "speech" / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        return [(folder / "speech" / row["file"], row["text"]) for row in csv.DictReader(file)]


def speech(folder: Path) -> dict[str, Any]:
    """Measure each recogniser that can run here."""
    from affetto.words.transcribers import open_transcriber

    found: dict[str, Any] = {}
    for name in ("pocketsphinx", "whisper:tiny", "whisper:base", "whisper:small"):
        try:
            recogniser = open_transcriber(name)
        except AffettoError as error:
            print(f"{name}: left out: {error}")
            continue
        wrong = words = 0
        took = seconds = 0.0
        for path, truth in sentences(folder):
            sound = audio.load(path)
            start = time.perf_counter()
            spoken = recogniser.transcribe(sound.samples, language="en")
            took += time.perf_counter() - start
            seconds += sound.duration
            said = plain_words(" ".join(phrase.text for phrase in spoken.phrases))
            wrong += edits(plain_words(truth), said)
            words += len(plain_words(truth))
        found[name] = {"word_error_rate": wrong / words, "times_real_time": seconds / took}
    return found


def plain_words(text: str) -> list[str]:
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in text.lower())
    return kept.split()


def edits(truth: Sequence[str], said: Sequence[str]) -> int:
    """Count the words to change, add and leave out (Levenshtein)."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(truth, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(said, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def road(folder: Path) -> dict[str, Any]:
    """Compare `analyze` with words and without."""
    from affetto import Recognizer

    paths = [path for path, _ in sentences(folder)]
    recognizer, listener = Recognizer("default"), WordListener("auto")
    took: dict[str, list[float]] = {"voice": [], "words": []}
    for _ in range(ROUNDS):
        for name, words in (("voice", False), ("words", listener)):
            start = time.perf_counter()
            for path in paths:
                analyze(path, model=recognizer, words=words)
            took[name].append(time.perf_counter() - start)
    voice, words = (statistics.median(took[name]) for name in ("voice", "words"))
    return {
        "transcriber": listener.transcriber.name,
        "voice_s": voice,
        "words_s": words,
        "cost_ratio": words / voice,
    }


def fusion(folder: Path) -> dict[str, Any]:
    """Measure what words add to voices that were never heard, where sentences are neutral."""
    from affetto.lab import corpora, protocols
    from affetto.lab.results import read_fold

    table = corpora.load(folder / "corpora" / "labels.csv")
    # Copies of clips don't matter here: only which clips were tested, and in which order.
    alone = {clip.key: str(number) for number, clip in enumerate(table)}
    model = open_text_model()
    judged: dict[str, Mapping[str, float]] = {"": {}}
    found: dict[str, Any] = {}
    for protocol in ("ravdess-6fold", "leave-one-corpus-out-4"):
        folds = protocols.folds(protocol, table, pool=True, every_label=True, fingerprints=alone)
        for baseline in ("", "--baseline"):
            said: dict[str, list[tuple[str, list[str]]]] = {}
            for k, fold in enumerate(folds):
                path = RESULTS / f"{protocol}--pool{baseline}--seed0--fold{k}.json"
                predictions = read_fold(path).predictions
                if len(predictions) != len(fold.test):
                    raise SystemExit(f"{path}: not the clips of this protocol")
                labels = sorted({p.truth for p in predictions if p.truth})
                for i, one in zip(fold.test, predictions, strict=True):
                    clip = table[i]
                    words = (clip.text or "") if clip.language == "en" else ""
                    if words not in judged:
                        (judged[words],) = model.judge([words])
                    if not words or one.truth is None or one.speaker != clip.speaker:
                        continue
                    tops = tops_of(one.scores, judged[words], words, labels, model)
                    said.setdefault(clip.corpus, []).append((one.truth, tops))
            for corpus, rows in said.items():
                found[f"{corpus}, {protocol}{', baseline' if baseline else ''}"] = by_weight(rows)
    found["cremad, bundled model (which learnt from it)"] = by_weight(heard(table, judged, model))
    return found


def heard(table: Any, judged: dict[str, Mapping[str, float]], model: Any) -> list[Any]:
    """Let the bundled model hear CREMA-D's happy and sad clips: no fold of it is held out."""
    from affetto.lab.evaluation import predict
    from affetto.models import resolve

    labels = ["happy", "sad"]
    clips = [clip for clip in table if clip.corpus == "cremad" and clip.emotion in labels]
    rows = []
    for clip, one in zip(clips, predict(resolve("default"), clips).predictions, strict=True):
        if (clip.text or "") not in judged:
            (judged[clip.text or ""],) = model.judge([clip.text or ""])
        text = clip.text or ""
        tops = tops_of(one.scores, judged[text], text, labels, model)
        rows.append((str(clip.emotion), tops))
    return rows


def tops_of(
    voice: Mapping[str, float],
    wording: Mapping[str, float],
    text: str,
    labels: Sequence[str],
    model: Any,
) -> list[str]:
    """Give the top label by each weight."""
    share = fullness(text)
    tops = []
    for weight in WEIGHTS:
        both = Fusion(weight).together(voice, wording, prior=model.prior, share=share)
        tops.append(max(labels, key=lambda label: both.get(label, 0.0)))
    return tops


def by_weight(rows: Sequence[tuple[str, Sequence[str]]]) -> dict[str, float]:
    """Give UAR by each weight."""
    from affetto.lab.metrics import uar

    labels = sorted({truth for truth, _ in rows})
    truth = np.array([labels.index(truth) for truth, _ in rows])
    return {
        str(weight): float(uar(truth, np.array([labels.index(tops[n]) for _, tops in rows])))
        for n, weight in enumerate(WEIGHTS)
    } | {"clips": len(rows)}


PARTS = {"text": text, "speech": speech, "road": road, "fusion": fusion}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--page", type=Path, help="write all parts there, as markdown")
    args = parser.parse_args()
    if args.page and args.part:
        parser.error("a page tells of all parts: leave --part out")
    folder = shared()
    if not (folder / "corpora" / "labels.csv").is_file():
        raise SystemExit("the corpora are not here: set AFFETTO_SHARED to their folder")
    told: dict[str, Any] = {"machine": machine(), "on": one_core()}
    print(f"{told['machine']}, {told['on']}")
    for part in args.part or PARTS:
        told[part] = PARTS[part](folder)
        print(f"\n{part}")
        for name, value in told[part].items():
            print(f"  {name}: {shown(value)}")
    if args.output:
        args.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if args.page:
        args.page.write_text(page(told), encoding="utf-8")


def shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(one)}" for name, one in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
