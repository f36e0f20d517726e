"""Figures from predictions, predictions on disk, results of folds, and a model on real files."""

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import AudioError, ManifestError, ModelError, OptionError, OutputError
from affetto.lab import metrics
from affetto.lab.evaluation import Prediction, evaluate, predict, summarise
from affetto.lab.predictions import load_predictions, save_predictions, to_columns
from affetto.lab.results import Fold, digest, gather, read_folds, write_fold
from affetto.lab.results_page import tables

quick = settings(max_examples=40, deadline=None)
SAID = ("neutral", "happy", "sad", "angry")
TRUE = ("neutral", "happy", "sad", "bored")


def one(truth, scores, speaker=None, gender=None, language=None, file="a.wav"):
    return Prediction(file, speaker, gender, language, truth, scores)


@st.composite
def predictions(draw, *, least=0):
    name = st.none() | st.sampled_from(["a", "b", "ż"])
    made = []
    for number in range(draw(st.integers(least, 25))):
        weights = draw(st.lists(st.integers(0, 9), min_size=4, max_size=4))
        total = sum(weights) or 1
        scores = {label: w / total for label, w in zip(SAID, weights, strict=True)}
        truth = draw(st.none() | st.sampled_from(TRUE))
        made.append(one(truth, scores, draw(name), draw(name), draw(name), f"clips/{number}.wav"))
    return made


def many(clips=240, seed=0, speakers=6, right=0.7):
    """Make predictions of a model that is right with a probability."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(clips):
        truth = SAID[number % 4]
        top = truth if rng.random() < right else SAID[rng.integers(4)]
        rest = rng.dirichlet(np.ones(4)) * 0.4
        scores = {
            label: float(r + 0.6 * (label == top)) for label, r in zip(SAID, rest, strict=True)
        }
        speaker = f"x:{number % speakers}"
        made.append(one(truth, scores, speaker, "fm"[number % 2], "en", f"{number}.wav"))
    return made


# summarise --------------------------------------------------------------------------------------


def test_shared_and_open_answers_choose_among_different_labels():
    report = summarise(
        [
            one("happy", {"happy": 0.3, "sad": 0.2, "angry": 0.5}),
            one("sad", {"happy": 0.1, "sad": 0.8, "angry": 0.1}),
        ]
    )
    assert report.labels == ("happy", "sad")
    assert report.open_labels == ("happy", "sad", "angry")
    assert report.uar == 1.0
    assert report.uar_open == 0.5
    assert report.confusion == ((1, 0), (0, 1))
    assert report.ece == pytest.approx((0.4 + 1 / 9) / 2)


def test_labels_that_the_model_can_not_say_are_skipped_and_counted():
    scores = {"happy": 0.6, "sad": 0.4}
    report = summarise([one("happy", scores), one("bored", scores), one(None, scores)])
    assert (report.n, report.skipped) == (1, 2)
    assert report.skipped_labels == {"": 1, "bored": 1}


def test_chosen_labels_are_all_that_counts():
    report = summarise(many(), labels=["happy", "sad"])
    assert report.labels == report.open_labels == ("happy", "sad")
    assert report.n == report.skipped == 120
    assert report.uar == report.uar_open


def test_merged_labels_count_as_one():
    scores = {"neutral": 0.3, "calm": 0.3, "happy": 0.4}
    said = [one("calm", scores), one("neutral", scores), one("happy", scores)]
    report = summarise(said, merge={"calm": "neutral"})
    assert report.labels == ("neutral", "happy")
    assert report.confusion == ((2, 0), (1, 0))


def test_groups_are_measured_apart_and_the_unknown_left_out():
    sure, wrong = {"happy": 1.0, "sad": 0.0}, {"happy": 0.0, "sad": 1.0}
    report = summarise(
        [
            one("happy", sure, "a", "f"),
            one("sad", wrong, "a", "f"),
            one("happy", wrong, "b", "m"),
            one("happy", sure, None, None),
        ]
    )
    assert {name: part.wa for name, part in report.by["gender"].items()} == {"f": 1.0, "m": 0.0}
    assert {name: part.n for name, part in report.by["speaker"].items()} == {"a": 2, "b": 1}
    assert report.by["language"] == {}


def test_no_label_in_common_is_said_in_one_line():
    with pytest.raises(OptionError, match=r"found clips of bored, expected some of .*happy"):
        summarise([one("bored", {"happy": 1.0})])
    with pytest.raises(OptionError, match="no known emotion"):
        summarise([])


@quick
@given(predictions(least=1))
def test_every_report_is_json_and_within_bounds(made):
    try:
        report = summarise(made, resamples=20)
    except OptionError:
        assert not {p.truth for p in made} & set(SAID)
        return
    row = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    for name in ("uar", "uar_open", "wa", "macro_f1", "weighted_f1", "ece"):
        assert 0.0 <= row[name] <= 1.0
    assert row["uar"] >= row["uar_open"] - 1e-12
    assert np.sum(row["confusion"]) == row["n"]
    assert row["n"] + row["skipped"] == len(made)
    for low, high in row["ci95"].values():
        assert 0.0 <= low <= high <= 1.0
    supports = {label: part["support"] for label, part in row["per_class"].items()}
    assert supports == {label: sum(p.truth == label for p in made) for label in row["labels"]}


def test_the_figures_are_those_of_the_metrics():
    made = many()
    report = summarise(made)
    counts = metrics.confusion_matrix(
        [p.truth for p in made], [p.top for p in made], labels=report.labels
    )
    assert np.array_equal(report.confusion, counts)
    assert report.macro_f1 == metrics.macro_f1(counts)
    low, high = report.ci95["uar"]
    assert low < report.uar < high


# on disk ----------------------------------------------------------------------------------------


@quick
@given(predictions())
def test_predictions_come_back_as_they_went(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("predictions")
    for name in ("p.json", "p.npz"):
        save_predictions(folder / name, made)
        assert load_predictions(folder / name) == made


@quick
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(["json", "npz"])
)
def test_files_that_hold_no_predictions_are_refused(tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("bad") / f"p.{suffix}"
    path.write_bytes(data)
    with pytest.raises(ManifestError, match="expected"):
        load_predictions(path)


@pytest.mark.parametrize("name", ["labels", "truth", "speaker", "probabilities"])
@pytest.mark.parametrize("value", [None, [], [[1]], {"names": [], "of": [3, 3]}, 7])
def test_damaged_columns_are_refused(tmp_path, name, value):
    columns = to_columns(many(2)) | {name: value}
    (tmp_path / "p.json").write_text(json.dumps(columns))
    with pytest.raises(ManifestError, match="expected"):
        load_predictions(tmp_path / "p.json")


def test_predictions_are_written_as_json_or_npz_alone(tmp_path):
    with pytest.raises(OutputError, match=r"expected \.json or \.npz"):
        save_predictions(tmp_path / "p.txt", many(2))


# results of folds -------------------------------------------------------------------------------


def folds(protocol="ravdess-6fold", *, count=3, seed=0, right=0.7, **options):
    made = many(seed=seed, right=right)
    settings_ = {
        "variant": "pool", "baseline": False, "speaker_independent": True, "folds": count,
    } | options  # fmt: skip
    return [
        Fold(protocol=protocol, seed=seed, fold=n, predictions=made[n::count], **settings_)
        for n in range(count)
    ]


def test_figures_of_a_protocol_are_those_of_its_pooled_predictions(tmp_path):
    for fold in folds():
        write_fold(tmp_path, fold)
    (result,) = gather(read_folds(tmp_path))
    whole = summarise(many())
    assert result.mean("uar") == pytest.approx(whole.uar)
    assert result.mean("ece") == pytest.approx(whole.ece, abs=1e-3)
    assert result.reports[0].by["speaker"].keys() == whole.by["speaker"].keys()


def test_a_fold_of_a_whole_corpus_stays_small(tmp_path):
    rng = np.random.default_rng(0)
    labels = ["angry", "happy", "neutral", "sad"]
    made = [
        one(labels[n % 4], dict(zip(labels, map(float, rng.dirichlet(np.ones(4))), strict=True)),
            f"nemo:{n % 9:04}", "fm"[n % 2], "pl")
        for n in range(4481)
    ]  # fmt: skip
    fold = Fold("leave-one-corpus-out-4", "pool", True, 0, 4, 5, True, made)
    assert write_fold(tmp_path, fold).stat().st_size < 150_000


def test_seeds_are_averaged_and_unfinished_ones_left_out():
    parts = [*folds(seed=0), *folds(seed=1), *folds(seed=2)[:2]]
    (result,) = gather(parts)
    uars = [summarise(many(seed=seed)).uar for seed in (0, 1)]
    assert result.mean("uar") == pytest.approx(np.mean(uars))
    assert result.unfinished == {2: 2}
    page = tables([result])
    assert f"**{np.mean(uars):.3f} ± {np.std(uars, ddof=1):.3f}**" in page
    assert "2 of 3" in page
    assert math.isnan(gather(folds()[:1])[0].mean("uar"))


def test_random_splits_stand_apart_from_unheard_speakers():
    page = tables(
        gather([*folds(), *folds("ravdess-random-14", speaker_independent=False, right=0.9)])
    )
    unheard, random = page.split("## Random splits")
    assert "ravdess-6fold" in unheard
    assert "ravdess-6fold" not in random
    assert "ravdess-random-14" in random
    assert "ravdess-random-14" not in unheard


def test_corpora_in_turn_are_shown_apart_and_averaged():
    protocol = "leave-one-corpus-out-4"
    shares = (1.0, 0.8, 0.6, 0.5, 0.4)
    made = [
        Fold(protocol, "pool", False, 0, k, 5, True, many(right=share, seed=k))
        for k, share in enumerate(shares)
    ]
    uars = [summarise(fold.predictions).uar for fold in made]
    (result,) = gather(made)
    assert result.apart[0] == pytest.approx(uars)
    page = tables([result])
    assert "| training | baseline | ravdess | tess | savee | emodb | nemo | mean |" in page
    assert f"**{np.mean(uars):.3f}** |" in page
    (noted,) = digest([result]).values()
    assert noted["mean uar of the corpora"] == pytest.approx(np.mean(uars), abs=1e-4)


def test_the_page_tells_confusions_and_groups():
    report = summarise(many())
    page = tables(gather(folds()))
    row = report.confusion[0]
    cells = " | ".join(f"{100 * count / sum(row):.0f}" for count in row)
    assert f"| **{report.labels[0]}** | {cells} | {sum(row)} |" in page
    assert f"| {report.by['gender']['f'].uar:.3f} |" in page


def test_robustness_is_what_is_lost_to_the_clean_clips():
    clean, noisy = folds(right=0.8), folds(right=0.5, condition="noise:10dB")
    page = tables(gather([*clean, *noisy]))
    lost = summarise(many(right=0.8)).uar - summarise(many(right=0.5)).uar
    assert f"| `noise:10dB` | {summarise(many(right=0.5)).uar:.3f} | {lost:+.3f} |" in page
    assert len({fold.name for fold in (*clean, *noisy)}) == 6


def test_read_speech_is_measured_by_open_answers():
    scores = {"neutral": 0.3, "calm": 0.3, "happy": 0.4}
    angry = {"neutral": 0.2, "calm": 0.1, "happy": 0.7}
    made = [one("neutral", scores, "a"), one("neutral", angry, "b")]
    options = {"merge": {"calm": "neutral"}, "answers": "open"}
    (result,) = gather([Fold("read-speech", "pool", False, 0, 0, 1, True, made, **options)])
    assert result.mean("uar") == 0.5
    assert "open, 2" in tables([result])


def test_folds_that_do_not_belong_together_are_refused():
    with pytest.raises(ManifestError, match="different ways"):
        gather([*folds(count=3), *folds(count=4)])


@pytest.mark.parametrize("data", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1}', "\0"])
def test_files_that_are_no_folds_are_refused_by_name(tmp_path, data):
    (tmp_path / "x.json").write_text(data)
    with pytest.raises(ManifestError, match=r"x\.json"):
        read_folds(tmp_path)
    with pytest.raises(ManifestError, match="expected one with results"):
        read_folds(tmp_path / "nowhere")


@pytest.mark.parametrize("change", [{"variant": "x"}, {"answers": "x"}, {"fold": 3}])
def test_a_fold_can_not_be_just_anything(change):
    values = {
        "protocol": "p", "variant": "pool", "baseline": False, "seed": 0, "fold": 0, "folds": 3,
        "speaker_independent": True, "predictions": [],
    } | change  # fmt: skip
    with pytest.raises(OptionError, match="expected"):
        Fold(**values)


# a model on files -------------------------------------------------------------------------------

onnx = pytest.importorskip("onnx")
soundfile = pytest.importorskip("soundfile")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from tiny_model import write_tiny

    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Write twelve clips of two speakers, and a table of them."""
    from tiny_model import voice_like

    folder = tmp_path_factory.mktemp("clips")
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "emotion", "speaker", "gender"])
        for number in range(12):
            sound = voice_like(1.5, pitch=100 + 15 * number, seed=number)
            soundfile.write(folder / f"{number}.wav", sound, 16_000)
            emotion = ("neutral", "happy", "sad", "angry", "bored", "neutral")[number % 6]
            table.writerow([f"{number}.wav", emotion, f"s{number % 2}", "fm"[number % 2]])
    return folder / "labels.csv"


def test_a_model_is_measured_on_a_manifest(tiny, manifest):
    report = evaluate(tiny, manifest)
    assert (report.n, report.skipped, report.failed) == (10, 2, {})
    assert report.labels == ("neutral", "happy", "sad", "angry")
    assert set(report.by["gender"]) == {"f", "m"}
    assert report == evaluate(tiny, manifest)


def test_one_process_and_two_say_the_same(tiny, manifest):
    here = predict(tiny, manifest, workers=1, steps="noise:10dB,telephone", baseline=True)
    there = predict(tiny, manifest, workers=2, steps="noise:10dB,telephone", baseline=True)
    assert here == there


def test_each_clip_is_judged_as_the_recogniser_judges_it(tiny, manifest):
    from affetto.audio import load
    from affetto.recognition import Recognizer

    made = predict(tiny, manifest).predictions
    recognizer = Recognizer(tiny, prior="even")
    for prediction in made[:3]:
        expected = recognizer.decide(load(prediction.file).samples).scores
        assert prediction.scores == pytest.approx(expected, abs=1e-6)


def test_the_baseline_uses_the_speakers_clips_and_no_label(tiny, manifest, tmp_path):
    plain, adapted = predict(tiny, manifest), predict(tiny, manifest, baseline=True)
    assert plain.predictions[0].scores != adapted.predictions[0].scores
    text = manifest.read_text().replace("happy", "sad").replace("angry", "neutral")
    (manifest.parent / "relabelled.csv").write_text(text)
    relabelled = predict(tiny, manifest.parent / "relabelled.csv", baseline=True)
    scores = [p.scores for p in relabelled.predictions]
    assert scores == [p.scores for p in adapted.predictions]


def test_noise_hangs_on_the_seed_and_the_clip_alone(tiny, manifest):
    from affetto.lab.corpora import load

    clips = load(manifest)
    forward = predict(tiny, clips, steps="noise:5dB")
    backward = predict(tiny, clips[::-1], steps="noise:5dB")
    assert forward.predictions == backward.predictions[::-1]
    assert forward != predict(tiny, clips, steps="noise:5dB", seed=1)
    assert forward != predict(tiny, clips)


def test_clips_that_can_not_be_heard_are_named_and_the_others_measured(tiny, manifest):
    bad = manifest.parent / "bad.wav"
    bad.write_text("this is no sound")
    table = manifest.parent / "with_bad.csv"
    table.write_text(manifest.read_text() + f"{bad.name},sad,s0,f\n")
    report = evaluate(tiny, table)
    assert report.n == 10
    assert [bad.name in file for file in report.failed] == [True]
    assert report.to_dict()["failed"] == 1
    alone = manifest.parent / "alone.csv"
    alone.write_text(f"file,emotion\n{bad.name},sad\n")
    with pytest.raises(AudioError, match="none of 1 clips could be heard"):
        evaluate(tiny, alone)


def test_a_model_written_anew_is_opened_anew(manifest, tmp_path):
    import shutil

    from tiny_model import write_tiny

    write_tiny(tmp_path / "model", seed=0)
    first = predict(tmp_path / "model", manifest)
    shutil.rmtree(tmp_path / "model")
    write_tiny(tmp_path / "model", seed=5)
    assert predict(tmp_path / "model", manifest) != first


def test_a_model_that_is_not_there_is_said_once(manifest, tmp_path):
    with pytest.raises(ModelError):
        evaluate(tmp_path / "nothing", manifest)


def test_a_few_real_clips_of_the_corpora_are_measured(shared, tiny):
    from affetto.lab.corpora import load

    clips = load(shared / "corpora").filter(corpus="emodb")[:6]
    outcome = predict(tiny, clips, steps="codec:opus:16")
    assert len(outcome.predictions) == 6
    assert not outcome.failed
