"""A package's README.md: what stands in it, and what is said to be not measured."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from affetto.emotions import Emotion
from affetto.errors import OptionError
from affetto.lab.corpora import Clip
from affetto.lab.figures import summarise
from affetto.lab.measured import Figures, Measured, belonging, of_held_out, of_results, to_notes
from affetto.lab.model_card import model_card, write_model_card
from affetto.lab.predictions import Prediction
from affetto.lab.results import Fold, gather
from affetto.models import TrainingCorpus, rewrite_card, verify
from tiny_corpus import write_corpus
from tiny_model import card, write_tiny

LABELS = ("happy", "sad")


def predictions(wrong: Sequence[str] = ("ben",)) -> list[Prediction]:
    """Give what was said of four speakers: of those that are named, one clip in two wrongly."""
    said = []
    for place, speaker in enumerate(("anna", "ben", "cleo", "dan")):
        for clip in range(12):
            truth = LABELS[clip % 2]
            p = 0.2 if speaker in wrong and clip % 4 < 2 else 0.9
            scores = {label: p if label == truth else 1 - p for label in LABELS}
            gender = "m" if place % 2 else "f"
            said.append(Prediction(f"{speaker}{clip}.wav", speaker, gender, "en", truth, scores))
    return said


def fold(protocol: str, **changes: Any) -> Fold:
    values: dict[str, Any] = {
        "variant": "pool",
        "baseline": False,
        "seed": 0,
        "fold": 0,
        "folds": 1,
        "speaker_independent": True,
        "predictions": predictions(),
    }
    return Fold(protocol, **(values | changes))


def parts(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Part a card into its front matter and its sections by their titles."""
    _, front, body = text.split("---\n", 2)
    pieces = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return yaml.safe_load(front), dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_what_nobody_measured_is_said_to_be_not_measured() -> None:
    front, sections = parts(model_card(card()))
    assert (front["license"], front["library_name"]) == ("cc0-1.0", "affetto")
    assert (front["language"], front["datasets"]) == (["en"], ["nothing"])
    assert "model-index" not in front
    assert "never heard: **not measured**" in sections["How good it is"]
    assert "**not measured**" in sections["Calibration"]
    assert "By gender, by speaker, by language" in sections["Fairness"]
    assert "neutral, happy, sad, angry" in sections["What it hears and says"]
    assert "affetto analyze talk.wav --model MODEL" in sections["How to use it"]
    assert "Article 5(1)(f)" in sections["What it is for, and what not"]
    assert "![" not in sections["Calibration"]


def test_results_stand_with_their_intervals_and_random_splits_apart() -> None:
    folds = [
        fold("a-loso", seed=seed, predictions=predictions(("ben", "dan")[: seed + 1]))
        for seed in (0, 1)
    ]
    folds.append(fold("a-random", speaker_independent=False))
    front, sections = parts(model_card(card(), of_results(gather(folds))))
    quality = sections["How good it is"]
    unheard, random = quality.split("### On random splits")
    assert "| a-loso | pool | **0.812 ± 0.088** | 0.625–1.000 |" in unheard
    assert "a-random" not in unheard
    assert "| a-random |" in random
    results = front["model-index"][0]["results"]
    assert [row["dataset"]["name"] for row in results] == [
        "a-loso (pool), speakers never heard",
        "a-random (pool), random split",
    ]
    uar = results[0]["metrics"][0]
    assert (uar["type"], uar["value"], uar["args"]["ci95"]) == ("recall", 0.8125, [0.625, 1.0])


def test_the_group_that_fares_worst_is_named() -> None:
    measured = Measured("labels.csv", "other", (summarise(predictions(("ben", "dan"))),))
    _, sections = parts(model_card(card(), [measured]))
    fairness = sections["Fairness"]
    assert "| labels.csv | gender | 2 | m | 0.500 | 24 | f | 1.000 | 24 |" in fairness
    assert "| labels.csv | speaker | 4 | ben | 0.500 | 12 |" in fairness
    assert "By language, by age, by accent, by health: **not measured**" in fairness


def test_what_the_card_notes_is_told_unless_it_was_measured_anew() -> None:
    held_out = of_held_out(
        [Clip(Path(f"{n}.wav"), "mine", Emotion(LABELS[n % 2]), "") for n in range(4)],
        [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]],
        LABELS,
        by_speaker=True,
    )
    notes = {"old-loso (pool)": {"uar": 0.5, "seeds": 1}, **to_notes([held_out])}
    noted = card(results=notes)
    text = model_card(noted)
    assert "| old-loso | pool | **0.500** | not measured |" in text
    assert "chose what the training kept" in text
    assert "| speakers held out of training |  | **0.750** |" in text
    anew = model_card(noted, of_results(gather([fold("new-loso")])))
    assert "old-loso" not in anew
    assert "| speakers held out of training |" in anew
    assert Figures.noted("x-random (pool, random clips)", {"uar": 1.0}).setting == "random"


def test_the_text_of_others_breaks_neither_table_nor_page() -> None:
    strange = card(
        name="a: b",
        licence="mine | all <b>mine</b>\nhands off",
        training=(TrainingCorpus("my | corpus", ""),),
        results={"x (|)": {"uar": 0.5}, "of another form": "good"},
        description="no: |\n---\nmore",
    )
    front, sections = parts(model_card(strange, licence="LICENSE"))
    assert (front["license"], front["license_link"]) == ("other", "LICENSE")
    assert "datasets" not in front
    assert "| my \\| corpus |  | not stated |" in sections["What it learned from"]
    assert "mine \\| all &lt;b>mine&lt;/b> hands off ([in full](LICENSE))" in sections["Licence"]


def test_the_hub_reads_the_front_matter(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    folder = write_tiny(tmp_path / "tiny").folder
    measured = of_results(gather([fold("a-loso"), fold("a-random", speaker_independent=False)]))
    read = hub.ModelCard.load(write_model_card(folder, measured))
    assert read.data.library_name == "affetto"
    found = {one.dataset_type: one for one in read.data.eval_results if one.metric_type == "recall"}
    assert found["a-loso"].metric_value == 0.875


def test_card_and_picture_are_no_part_of_what_has_checksums(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = write_tiny(tmp_path / "tiny").folder
    sums = (folder / "card.yaml").read_bytes()
    write_model_card(folder, of_results(gather([fold("a-loso")])))
    assert (folder / "reliability.png").read_bytes().startswith(b"\x89PNG")
    assert "right: a-loso (pool)](reliability.png)" in (folder / "README.md").read_text()
    assert (folder / "card.yaml").read_bytes() == sums
    assert verify(folder) == ()
    # Written anew without a measurement, the picture stays, and is called by what is known of it.
    write_model_card(folder)
    assert "right: what was last measured](reliability.png)" in (folder / "README.md").read_text()


def test_results_of_other_models_are_not_taken_for_this_ones() -> None:
    found = gather([fold("a-loso", model="svm"), fold("a-loso", model="cnn")])
    assert [result.model for result in belonging(found, card(name="cnn"))] == ["cnn"]
    with pytest.raises(OptionError, match="found results of cnn, svm, expected those of one"):
        belonging(found, card())
    recipe = gather([fold("a-loso"), fold("a-loso", model="svm")])
    assert [result.model for result in belonging(recipe, card())] == ["affetto"]
    several = card(training=(TrainingCorpus("a", "free"), TrainingCorpus("b", "free")))
    ways = gather([fold("a-loso", variant=way) for way in ("pool", "intra")])
    assert [result.variant for result in belonging(ways, several)] == ["pool"]


def test_a_family_that_was_trained_leaves_a_card_with_what_it_held_out(tmp_path: Path) -> None:
    for package in ("torch", "sklearn", "onnx"):
        pytest.importorskip(package)
    from affetto.lab.build import Sources
    from affetto.lab.families.build import build_family
    from affetto.lab.families.config import ModelConfig

    voices = {"mine": ("a", "b", "c", "d", "e", "f", "g", "h")}
    table = write_corpus(tmp_path, voices=voices, takes=1)
    table.write_csv(tmp_path / "labels.csv")
    made = build_family(
        Sources([tmp_path / "labels.csv"]),
        ModelConfig.of("svm"),
        tmp_path / "svm",
        runs=tmp_path / "runs",
        name="svm",
        genders=True,
        workers=1,
    )
    assert verify(made.folder) == ()
    assert "ci95" in made.card.results["speakers held out of training"]
    _, sections = parts((made.folder / "README.md").read_text())
    assert "### On what its training held out" in sections["How good it is"]
    assert "never heard: **not measured**" in sections["How good it is"]
    assert "| speakers held out of training | gender | 2 |" in sections["Fairness"]
    assert "whether a woman or a man speaks" in sections["What it hears and says"]
    # Noted in card.yaml, the figure outlives a card that is written anew.
    rewrite_card(made.folder, version="2")
    assert "# svm 2" in write_model_card(made.folder).read_text()
    assert "| speakers held out of training |" in (made.folder / "README.md").read_text()
