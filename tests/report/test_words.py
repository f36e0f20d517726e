"""What is said of a timeline is true of it."""

import pytest

from affetto.report.words import sentence
from affetto.timeline import Segment, Timeline


def timeline(*parts):
    """Build a timeline from (label, seconds, confidence)."""
    segments, at = [], 0.0
    for label, seconds, confidence in parts:
        scores = {} if label is None else {label: 1.0}
        segments.append(Segment(at, at + seconds, label, scores, confidence, 0.0, 0.0))
        at += seconds
    return Timeline("x.wav", at, tuple(segments), "m")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "No speech was found, so there is no feeling to show."),
        ([("sad", 4, 0.9)], "The voice sounds sad throughout. The feeling does not change in"),
        ([("sad", 95, 0.9), ("calm", 5, 0.9)], "sounds sad nearly throughout (95%)"),
        ([("sad", 6, 0.9), ("calm", 4, 0.9)], "mostly sad (60%), then calm (40%)."),
        ([("sad", 4, 0.9), ("calm", 3, 0.9), ("fear", 3, 0.9)],
         "mixed: sad (40%), calm (30%) and fear (30%). The feeling changes twice in 10 seconds"),
        ([("sad", 89, 0.9), *([(x, 1, 0.9) for x in ("calm", "fear", "happy")] * 4)],
         "sounds mostly sad (88%). The feeling changes 12 times in 2 minutes"),
        ([("sad", 5, 0.3), ("calm", 5, 0.9)], "50% of it is uncertain"),
        ([(None, 5, 0.0)], "5 seconds of speech, described by valence and arousal alone."),
        ([("sad", 0.3, 0.9)], "in 1 second of speech"),
    ],
)  # fmt: skip
def test_the_sentence(parts, said):
    assert said in sentence(timeline(*parts))
