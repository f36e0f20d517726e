"""The numbers that the page's script draws."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.emotions import CIRCUMPLEX, colour_of, in_order, project
from affetto.features import MelConfig
from affetto.report.picture import Drawn, mel_height
from affetto.report.thin import thinned
from affetto.timeline import Timeline, Track

__all__ = ["chances", "labels_of", "payload"]

_MOST_ROWS = 40_000
_MOST_POINTS = 600


def labels_of(timeline: Timeline) -> tuple[str, ...]:
    """Give every label that the timeline names, in the vocabulary's order.

    Examples:
        >>> labels_of(Timeline("x.wav", 1.0, (), "default"))
        ()
    """
    found: dict[str, None] = {}
    if timeline.segments and timeline.track is not None:
        found |= dict.fromkeys(timeline.track.labels)
    for segment in timeline:
        found |= dict.fromkeys(segment.scores)
        if segment.emotion is not None:
            found[segment.emotion] = None
    for phrase in timeline.words or ():
        named = (phrase.emotion, phrase.voice_emotion, phrase.wording_emotion)
        found |= dict.fromkeys(label for label in named if label is not None)
    return in_order(found)


def payload(timeline: Timeline, drawn: Drawn | None) -> dict[str, Any]:
    """Gather what the script draws, small enough for hours of sound.

    Args:
        timeline: what was heard.
        drawn: the waveform and the spectrogram of its sound, or None.

    Returns:
        Plain JSON types; long rows of numbers are little-endian bytes in base64.
    """
    labels = labels_of(timeline)
    number = {label: at for at, label in enumerate(labels)}
    voice = {name: at for at, name in enumerate(_voices(timeline))}
    data: dict[str, Any] = {
        "duration": round(timeline.duration, 3),
        "labels": [
            {
                "name": label,
                "colour": colour_of(label),
                "place": CIRCUMPLEX.get(label),
            }
            for label in labels
        ],
        "unlabelled": colour_of(None),
        "speakers": list(voice),
        "segments": [
            [
                round(s.start, 3),
                round(s.end, 3),
                -1 if s.emotion is None else number[s.emotion],
                round(s.confidence, 3),
                round(s.valence, 3),
                round(s.arousal, 3),
                voice.get(s.speaker, 0) if s.speaker is not None else 0,
                int(s.uncertain),
            ]
            for s in timeline
        ],
        "path": _path(timeline),
    }
    if labels and (track := chances(timeline, labels)) is not None:
        times, scores = track
        data["track"] = {
            "times": _bytes(times.astype("<f4")),
            "scores": _bytes(np.round(scores * 255).astype(np.uint8)),
        }
    if timeline.explanations:
        data["explanations"] = _explanations(timeline)
    if drawn is not None:
        peaks, picture = drawn.peaks, drawn.spectrogram
        data["peaks"] = {"rate": peaks.rate, "pairs": _bytes(peaks.pairs)}
        data["spectrogram"] = {
            "rate": picture.rate,
            "tiles": ["data:image/png;base64," + _encode(tile) for tile in picture.tiles],
            "marks": picture.marks,
        }
    return data


def _explanations(timeline: Timeline) -> list[dict[str, Any]]:
    """Give what lies over the spectrogram; frequencies as heights in it, from 0 to 1."""
    config = MelConfig(bands=80)
    return [
        {
            "start": round(why.start, 3),
            "end": round(why.end, 3),
            "label": why.emotion,
            "from": round(why.times[0], 3),
            "to": round(why.times[-1], 3),
            "bottom": round(mel_height(why.bands[0], config), 4),
            "top": round(mel_height(why.bands[-1], config), 4),
            "effect": [[round(value, 3) for value in row] for row in why.effect],
            "strongest": [
                [
                    round(patch.start, 3),
                    round(patch.end, 3),
                    round(mel_height(patch.low, config), 4),
                    round(mel_height(patch.high, config), 4),
                ]
                for patch in why.strongest
            ],
        }
        for why in timeline.explanations
    ]


def _voices(timeline: Timeline) -> tuple[str, ...]:
    named = (s.speaker for s in timeline if s.speaker is not None)
    return tuple(dict.fromkeys((*timeline.speakers, *named)))


def chances(
    timeline: Timeline, labels: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Give the probabilities over time: the track's, else the segments'.

    Args:
        timeline: what was heard.
        labels: the columns, at least those that the timeline names.

    Returns:
        Seconds, shape (rows,), and probabilities, shape (rows, labels); None where there are none.
    """
    track = timeline.track
    if track is not None and track.times:
        times = np.array(track.times, np.float64)
        found = np.array(track.scores, np.float64).reshape(len(times), -1)
        scores = np.zeros((len(times), len(labels)))
        scores[:, [labels.index(label) for label in track.labels]] = found
    else:
        held = [s for s in timeline if s.scores]
        if not held:
            return None
        # Two rows a segment draw a level step.
        times = np.array([edge for s in held for edge in (s.start, s.end)], np.float64)
        once = np.array([[s.scores.get(label, 0.0) for label in labels] for s in held])
        scores = np.repeat(once, 2, axis=0)
        order = np.argsort(times, kind="stable")
        times, scores = times[order], scores[order]
    times, scores = thinned(times, most=_MOST_ROWS), thinned(scores, most=_MOST_ROWS)
    return times, np.clip(np.nan_to_num(scores), 0.0, 1.0)


def _path(timeline: Timeline) -> list[list[float]]:
    """Give time, valence and arousal along the speech, smoothed, at most some hundred points."""
    track = timeline.track
    if track is not None and track.times and _projects(timeline, track):
        inside = _in_speech(timeline, np.array(track.times))
        places = np.array([CIRCUMPLEX[label] for label in track.labels])
        points = np.array(track.scores) @ places
        rows = np.column_stack([np.array(track.times), points])[inside]
    else:
        middles = [((s.start + s.end) / 2, s.valence, s.arousal) for s in timeline]
        rows = np.array(sorted(middles), np.float64).reshape(-1, 3)
    return [[round(float(x), 3) for x in row] for row in thinned(rows, most=_MOST_POINTS)]


def _projects(timeline: Timeline, track: Track) -> bool:
    """Whether valence and arousal are the projection of the scores, not the model's own."""
    if not all(label in CIRCUMPLEX for label in track.labels):
        return False
    for s in timeline:
        if not s.scores or not all(label in CIRCUMPLEX for label in s.scores):
            return False
        valence, arousal = project(s.scores)
        if abs(valence - s.valence) + abs(arousal - s.arousal) > 0.1:
            return False
    return True


def _in_speech(timeline: Timeline, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = np.zeros(len(times), bool)
    for s in timeline:
        first, last = np.searchsorted(times, [s.start, s.end])
        inside[first:last] = True
    return inside


def _bytes(values: NDArray[Any]) -> str:
    return _encode(np.ascontiguousarray(values).tobytes())


def _encode(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")
