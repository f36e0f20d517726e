"""The card of fairness and robustness: who is served worse, what disturbs, what must not."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from affetto.audio import save
from affetto.cli import main
from affetto.emotions import Emotion
from affetto.errors import OptionError
from affetto.lab import corpora
from affetto.lab.card_page import findings, page, write_card
from affetto.lab.cards import CONDITIONS, INVARIANCES, Figure, RobustnessCard, Unchanged, make_card
from affetto.lab.corpora import Clip, Table
from tiny_corpus import write_corpus
from tiny_model import silence, write_tiny
from tiny_window import RECIPE, write_window

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Write calm noise and angry noise; one speaker's anger is too quiet to be heard."""
    folder = tmp_path_factory.mktemp("clips")
    clips = []
    for i in range(24):
        speaker, angry = i % 2, i // 2 % 2
        loud = 0.003 if not angry else 0.03 if speaker else 0.005
        path = folder / f"{i}.wav"
        save(path, silence(0.4 + 0.02 * (i // 4), noise=loud, seed=i))
        clips.append(
            Clip(
                path,
                "mine",
                (Emotion.NEUTRAL, Emotion.ANGRY)[angry],
                "",
                speaker=f"mine:{'ab'[speaker]}",
                gender="fm"[speaker],  # type: ignore[arg-type]
                language="en",
            )
        )
    return Table(clips)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hear anger in the level alone: what is louder is angrier."""
    folder = tmp_path_factory.mktemp("models") / "loud"
    return write_window(folder, angry={6: 5.0}, offset=3.1, recipe=RECIPE).folder


@pytest.fixture(scope="module")
def card(model: Path, table: Table) -> RobustnessCard:
    conditions = {"noise": "noise:0dB", "telephone": "telephone", "opus": "codec:opus:999999"}
    return make_card(model, table, conditions=conditions, workers=1)


def test_the_group_that_is_served_worse_is_named(card: RobustnessCard) -> None:
    assert card.whole.n == 24
    assert card.whole.uar == 0.75
    assert (card.groups["gender"]["women"].uar, card.groups["gender"]["men"].uar) == (0.5, 1.0)
    assert set(card.groups) == {"gender", "speaker", "loudness", "length"}
    gap = next(gap for gap in card.gaps if gap.kind == "gender")
    assert (gap.best, gap.worst, gap.uar, gap.clear) == ("men", "women", 0.5, True)
    assert [sum(f.n for f in groups.values()) for groups in card.groups.values()] == [24] * 4
    assert [name.partition(",")[0] for name in card.groups["length"]] == ["short", "middle", "long"]
    low, high = card.whole.uar95
    assert low <= card.whole.uar <= high


def test_what_disturbs_is_measured_and_what_can_not_be_is_said(card: RobustnessCard) -> None:
    assert set(card.conditions) == {"noise", "telephone"}
    assert "999999" in card.unmeasured["opus"]
    assert all(figure.n == 24 for figure in card.conditions.values())


def test_a_change_that_should_not_matter_and_does_is_said_clearly(card: RobustnessCard) -> None:
    assert set(card.invariance) == set(INVARIANCES)
    assert set(card.moved) == {"12 dB louder", "12 dB quieter"}
    assert card.invariance["10 ms later"].holds
    assert card.invariance["at 44.1 kHz and back"].holds
    assert any(
        "NOT AS EXPECTED: 12 dB louder leaves" in sentence and "95% or more" in sentence
        for sentence in findings(card)
    )
    assert "| 12 dB quieter | 24 |" in page(card)
    assert "**NO**" in page(card)


def test_the_files_say_the_same(card: RobustnessCard, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    paths = write_card(tmp_path / "card", card)
    assert [path.name for path in paths] == ["card.md", "card.json", "card.png"]
    row = json.loads(paths[1].read_text("utf-8"))
    assert row["groups"]["gender"]["women"]["uar"] == 0.5
    assert row["invariance"]["10 ms later"] == {"n": 24, "unchanged": 1.0, "holds": True}
    assert row["gaps"][0]["uar"] >= row["gaps"][-1]["uar"]
    text = paths[0].read_text("utf-8")
    for words in ("# Fairness and robustness: window 0", "24 clips of 2 speakers (mine 24)",
                  "| gender | women | 12 | 0.500", "Not measured: opus"):  # fmt: skip
        assert words in text
    assert paths[2].read_bytes()[1:4] == b"PNG"


def test_small_groups_and_clips_of_the_training_are_cautioned() -> None:
    many = Figure(60, 0.8, 0.8, (0.7, 0.9), (0.7, 0.9))
    few = Figure(3, 0.1, 0.1, (0.0, 0.5), (0.0, 0.5))
    groups = {"speaker": {f"s{i}": many for i in range(20)} | {"t": few}}
    made = RobustnessCard(
        "m", "clips", ("sad",), many, groups, {}, {}, {"later": Unchanged(60, 0.99)}, ("ravdess",)
    )
    assert [gap.worst for gap in made.gaps] != ["t"]
    text = page(made)
    assert "The model was trained on ravdess" in text
    assert "| speaker | t | 3 | 0.100 (few clips) |" in text
    assert "Of 21 groups by speaker, the 12 worst are shown." in text
    assert "at least 99.0% of the decisions stay" in text


def test_every_condition_can_be_made_and_a_network_over_time_be_measured(tmp_path: Path) -> None:
    from affetto.lab.augment import parse

    assert all(parse(steps).steps for steps in [*CONDITIONS.values(), *INVARIANCES.values()])
    tiny = write_tiny(tmp_path / "tiny")
    clips = write_corpus(tmp_path, voices={"mine": ("a", "b")}, takes=1)
    made = make_card(tiny, clips, conditions={}, baseline=True, workers=1)
    assert (made.whole.n, made.conditions, made.failed) == (6, {}, 0)
    with pytest.raises(OptionError, match="found no clip with a label"):
        make_card(write_window(tmp_path / "w", angry={0: 1.0}), clips.filter(emotion=Emotion.SAD))


def test_the_command_writes_it_and_says_what_stands_out(
    model: Path, table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Table(table[:8]).write_csv(tmp_path / "clips.csv")
    given = ["evaluate", "--manifest", str(tmp_path / "clips.csv"), "--model", str(model)]
    given += ["--workers", "1", "--card", str(tmp_path / "card")]
    assert main([*given, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    row = json.loads((tmp_path / "card" / "card.json").read_text("utf-8"))
    assert json.loads(out)["uar"] == pytest.approx(row["whole"]["uar"], abs=1e-4)
    assert set(row["conditions"]) | set(row["unmeasured"]) == set(CONDITIONS)
    assert "affetto: NOT AS EXPECTED: 12 dB louder" in err
    assert f"affetto: card: {tmp_path / 'card' / 'card.md'}" in err
    assert main([*given, "--telephone"]) == 2
    assert "found telephone beside --card" in capsys.readouterr().err


@pytest.mark.corpora
def test_the_bundled_model_is_deaf_to_gain(shared: Path) -> None:
    """Real voices, which the model has heard: whether it is right is no matter here."""
    every = corpora.load(shared / "corpora" / "labels.csv").filter(corpus="ravdess")
    clips = random.Random(0).sample(list(every), 60)
    made = make_card("default", clips, conditions={}, workers=1)
    assert made.trained_on == ("ravdess",)
    assert made.whole.n == 60
    for name in INVARIANCES:
        assert made.invariance[name].share >= 0.95, name


@pytest.mark.corpora
def test_what_a_family_learns_is_deaf_to_what_should_not_matter(
    shared: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")
    from affetto.lab.families.build import build_family
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.sources import Sources

    every = corpora.load(shared / "corpora" / "labels.csv").filter(corpus="emodb")
    heldout = {"emodb:15", "emodb:16"}
    learnt = [clip for clip in every if clip.speaker not in heldout]
    made = build_family(
        Sources([Table(random.Random(0).sample(learnt, 200))]),
        ModelConfig.of("svm"),
        tmp_path / "svm",
        runs=tmp_path / "runs",
        name="svm",
    )
    clips = random.Random(0).sample([clip for clip in every if clip.speaker in heldout], 30)
    card = make_card(made, clips, conditions={}, workers=1)
    assert card.whole.uar > 0.4
    for name in INVARIANCES:
        assert card.invariance[name].share >= 0.9, name  # 95 % of many clips, give or take
