"""The recipe from clips to a package that runs, in a few steps."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from affetto import Recognizer
from affetto.errors import CorpusError, ModelError, OptionError
from affetto.lab.embedding import embed
from affetto.lab.held_out import held_out
from affetto.lab.packing import package
from affetto.lab.recipe import LABELS, gather
from affetto.lab.run_folder import save_weights
from affetto.lab.stages import finetune, pretrain
from affetto.models import verify
from tiny_model import voice_like
from tiny_training import loop, recipe


@pytest.fixture(scope="module")
def made(tiny_material, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    everything = range(len(tiny_material.table))
    check = held_out(tiny_material.table, everything)
    learn = sorted(set(everything) - set(check))
    lines = []
    shared = {"recipe": recipe(), "report": lines.append}
    start = pretrain(tiny_material, learn, folder / "encoder", **shared)
    student = finetune(tiny_material, learn, check, folder / "run", start=start, **shared)
    written = package(
        student, tiny_material, learn, check, folder / "package", name="tiny", recipe=recipe()
    )
    return folder, student, written, learn, check


def test_the_package_is_whole_and_runs(made):
    folder, *_ = made
    assert verify(folder / "package") == ()
    timeline = Recognizer(folder / "package").recognize(voice_like(4.0))
    assert timeline.duration == pytest.approx(4.0)
    assert {segment.emotion for segment in timeline} <= {*LABELS, None}


def test_the_card_says_where_it_comes_from(made):
    card = made[2].card
    assert card.labels == LABELS
    assert card.languages == ("en",)
    assert [corpus.corpus for corpus in card.training] == ["mine", "savee"]
    assert card.training[0].licence == "your own"
    assert 0 < card.temperature < 21


def test_the_package_hears_what_training_heard(made, tiny_material):
    _, student, written, *_ = made
    clip = tiny_material.table[0]
    from affetto.lab.corpora import samples

    heard = Recognizer(written.folder).embed(samples(clip))
    learnt = embed(student, tiny_material, np.array([0]), recipe())
    logits = written.head(learnt)
    assert np.isfinite(logits).all()
    decided = Recognizer(written.folder, prior="even").decide(heard)
    wanted = np.exp(logits[0] / written.card.temperature)
    wanted /= wanted.sum()
    assert [decided.scores[label] for label in written.labels] == pytest.approx(
        wanted.tolist(), abs=0.02
    )


def test_the_run_folder_tells_how_it_was_made(made):
    folder, _, _, learn, check = made
    for stage, steps in (("encoder", 4), ("run", 3)):
        config = json.loads((folder / stage / "config.json").read_text())
        assert config["loop"]["steps"] == steps
        assert sum(config["clips"].values()) == len(learn)
        assert config["encoder"]["width"] == 16
        assert json.loads((folder / stage / "log.json").read_text())[-1]["step"] == steps
    assert sum(config["held_out"].values()) == len(check)
    names = {path.name for path in (folder / "run").iterdir()}
    assert {"last.safetensors", "best.safetensors"} <= names


def test_a_finished_stage_is_taken_as_it_is(made, tiny_material):
    folder, student, _, learn, check = made
    lines = []
    start = pretrain(tiny_material, learn, folder / "encoder", recipe=recipe(), report=lines.append)
    again = finetune(
        tiny_material,
        learn,
        check,
        folder / "run",
        start=start,
        recipe=recipe(),
        report=lines.append,
    )
    assert not lines
    wanted = student.head.plain.deep[1].weight
    torch.testing.assert_close(again.head.plain.deep[1].weight, wanted.to(again.head.mean.device))


def test_other_settings_are_not_mixed_into_a_run(made, tiny_material):
    folder, _, _, learn, check = made
    with pytest.raises(OptionError, match="other settings"):
        finetune(tiny_material, learn, check, folder / "run", recipe=recipe(finetune=loop(steps=9)))
    # Fewer clips, as a licence may ask: an encoder that met the others must not be taken.
    with pytest.raises(OptionError, match="other settings"):
        pretrain(tiny_material, learn[1:], folder / "encoder", recipe=recipe())


def test_an_encoder_taught_on_other_speakers_is_a_start(made, tiny_material, tmp_path):
    _, student, _, learn, _ = made
    weights = {n: t for n, t in student.state_dict().items() if not n.startswith("speaker.")}
    other = {"speaker.weight": torch.zeros(99, 8), "speaker.bias": torch.zeros(99)}
    save_weights(tmp_path / "start.safetensors", weights | other)
    start = tmp_path / "start.safetensors"
    short = recipe(finetune=loop(steps=1))
    finetune(tiny_material, learn, (), tmp_path / "run", start=start, recipe=short)
    save_weights(start, other)
    with pytest.raises(ModelError, match="another network"):
        finetune(tiny_material, learn, (), tmp_path / "run2", start=start, recipe=short)


def test_a_handful_of_speakers_makes_a_package_too(made, tiny_material, tmp_path):
    _, student, _, learn, _ = made
    few = [i for i in learn if tiny_material.table[i].corpus == "savee"]
    written = package(student, tiny_material, few, (), tmp_path / "few", recipe=recipe())
    assert written.card.temperature == 1.0
    assert verify(tmp_path / "few") == ()


def test_clips_without_a_label_of_ours_or_a_speaker_are_refused(tiny_material, tmp_path):
    from dataclasses import replace

    with pytest.raises(CorpusError, match="found 0 clips"):
        gather(tiny_material.table.select([]), [], tmp_path)
    nobody = replace(tiny_material.table[0], speaker=None)
    with pytest.raises(CorpusError, match="found no speaker"):
        gather((nobody,), [], tmp_path)
