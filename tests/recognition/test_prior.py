import numpy as np
import pytest

from affetto.errors import OptionError
from affetto.models import ModelPackage
from affetto.recognition import Recognizer
from affetto.recognition.prior import EVERYDAY, parse_prior
from affetto.timeline import Timeline
from tiny_model import voice_like, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


def test_everyday_speech_is_more_often_neutral(tiny: ModelPackage) -> None:
    voice = voice_like(6.0)
    even = Recognizer(tiny, prior="even").recognize(voice)
    everyday = Recognizer(tiny).recognize(voice)
    # A prior is told as far as the model can say its labels.
    assert (even.prior, everyday.prior) == ({}, {"neutral": EVERYDAY["neutral"]})
    assert even.track is not None
    assert everyday.track is not None
    column = everyday.track.labels.index("neutral")
    before, after = (np.array(t.track.scores)[:, column] for t in (even, everyday))
    assert (after > before).all()


def test_a_decision_follows_the_prior(tiny: ModelPackage) -> None:
    voice = voice_like(2.0)
    even = Recognizer(tiny, prior="even").decide(voice).scores
    angry = Recognizer(tiny, prior={"angry": 3.0}).decide(voice).scores
    odds = angry["angry"] / (1 - angry["angry"])
    assert odds == pytest.approx(3.0 * even["angry"] / (1 - even["angry"]))


def test_a_prior_holds_among_the_labels_asked_for(tiny: ModelPackage) -> None:
    voice = voice_like(2.0)
    everyday = Recognizer(tiny, labels="happy,sad", prior="everyday").decide(voice).scores
    even = Recognizer(tiny, labels="happy,sad", prior="even").decide(voice).scores
    assert everyday == pytest.approx(even)


def test_a_timeline_remembers_its_prior(tiny: ModelPackage) -> None:
    timeline = Recognizer(tiny, prior="angry=2").recognize(voice_like(2.0))
    row = timeline.to_dict()
    assert row["prior"] == {"angry": 2.0}
    assert Timeline.from_dict(row).prior == {"angry": 2.0}
    del row["prior"]  # one that an older version wrote
    assert Timeline.from_dict(row).prior == {}


@pytest.mark.parametrize(
    ("prior", "what"),
    [
        ("often", "found the prior 'often'"),
        ("", "found the prior ''"),
        ("angry=", "found the prior 'angry='"),
        ("hungry=2", "unknown emotion 'hungry'"),
        ("angry=0", "found '0' as the prior of angry"),
        ("angry=nan", "found 'nan'"),
        ("angry=inf", "found 'inf'"),
        ({"sad": -1.0}, "found '-1.0' as the prior of sad"),
    ],
)
def test_wrong_priors_are_refused(prior: str | dict[str, float], what: str) -> None:
    with pytest.raises(OptionError, match=what):
        parse_prior(prior)
