"""A made-up recording and what a model might hear in it."""

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.emotions import project
from affetto.explanation import Explanation, Patch
from affetto.timeline import Segment, Timeline, Track
from affetto.transcript import Phrase, Transcript, Word

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
SCENES = (
    (0.6, 4.2, "calm", 2.2, "A"),
    (4.9, 9.0, "happy", 3.0, "B"),
    (9.3, 12.1, "surprise", 2.0, "B"),
    (13.4, 17.8, "angry", 3.4, "A"),
    (17.8, 19.6, "fear", 0.7, "A"),
    (20.8, 25.6, "sad", 2.6, "B"),
    (26.0, 29.2, "neutral", 2.4, "A"),
)
"""Start, end, label, how clear it is, and who speaks."""


def voice(seconds, scenes=SCENES, seed=7):
    """Hum syllables where somebody speaks: harmonics under two formants, and faint noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = 0.002 * rng.standard_normal(len(time))
    for start, end, label, _, speaker in scenes:
        inside = slice(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE))
        t = time[inside] - start
        arousal = project({label: 1.0})[1]
        base = (115 if speaker == "A" else 205) * (1 + 0.25 * arousal)
        pitch = base * (1 + (0.05 + 0.1 * abs(arousal)) * np.sin(2 * np.pi * 0.7 * t))
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        tone = np.zeros(len(t))
        for k in range(1, 25):
            hertz = k * pitch
            formant = 550 + 250 * np.sin(2 * np.pi * 1.3 * t)
            weight = np.exp(-(((hertz - formant) / 300) ** 2)) + 0.4 * np.exp(
                -(((hertz - 1800) / 500) ** 2)
            )
            tone += (weight + 0.05 / k) * np.sin(k * phase)
        rate = 3.2 + 1.2 * arousal
        syllables = np.clip(np.sin(2 * np.pi * rate * t), 0, None) ** 0.6
        sound[inside] += (0.14 + 0.1 * arousal) * tone * syllables
    return (0.7 * sound / max(1.0, np.abs(sound).max())).astype(np.float32)


def chances(times, scenes=SCENES, seed=3):
    """Give smooth probabilities, (times, labels), that lean to each scene's label."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(times), len(LABELS)))
    kernel = np.hanning(9) / np.hanning(9).sum()
    logits = 1.6 * np.stack([np.convolve(n, kernel, "same") for n in noise.T], axis=1)
    for start, end, label, clear, _ in scenes:
        inside = (times >= start - 0.25) & (times < end + 0.25)
        logits[inside, LABELS.index(label)] += clear
    odds = np.exp(logits)
    return odds / odds.sum(axis=1, keepdims=True)


def timeline(
    source="interview with Ada.wav", *, seconds=30.0, scenes=SCENES, speakers=False, text=False
):
    times = np.arange(0.25, seconds, 0.25)
    scores = chances(times, scenes)
    segments = []
    for start, end, label, _, speaker in scenes:
        mean = scores[(times >= start) & (times < end)].mean(axis=0)
        row = {name: float(p) for name, p in zip(LABELS, mean, strict=True)}
        valence, arousal = project(row)
        segments.append(
            Segment(
                start,
                end,
                label,
                row,
                row[label],
                valence,
                arousal,
                speaker=f"Speaker {speaker}" if speakers else None,
                text=f"Something {label} was said here." if text else None,
            )
        )
    speech = [float(any(a <= t < b for a, b, *_ in scenes)) for t in times]
    track = Track(tuple(times), LABELS, tuple(map(tuple, scores)), tuple(speech))
    names = tuple(dict.fromkeys(s.speaker for s in segments if s.speaker))
    return Timeline(source, seconds, tuple(segments), "default 1.0", track, names)


def explanation():
    """Explain the angry scene: two parts spoke for it, one against it."""
    times = np.linspace(12.0, 19.0, 15)
    effect = np.zeros((14, 8))
    effect[6, 2], effect[9, 4], effect[3, 6] = 0.9, 0.5, -0.4
    return Explanation(
        13.4,
        17.8,
        "angry",
        {"angry": 0.8, "happy": 0.2},
        tuple(times.tolist()),
        (0.0, 260.0, 610.0, 1100.0, 1770.0, 2680.0, 3930.0, 5650.0, 8000.0),
        tuple(map(tuple, effect.tolist())),
        136,
        (
            Patch(15.0, 15.5, 610.0, 1100.0, effect=0.7, left=0.4),
            Patch(16.5, 17.0, 1770.0, 2680.0, effect=0.47, left=0.5),
        ),
    )


SAID = (
    (0.6, 4.2, "A", "calm", "neutral", "calm", "Good morning; shall we begin where we left off?"),
    (4.9, 9.0, "B", "happy", "happy", "happy", "Oh yes, I could hardly sleep, I was so glad!"),
    (
        13.4,
        17.8,
        "A",
        "angry",
        "happy",
        "angry",
        "That's just great. Thank you for telling me now.",
    ),
    (20.8, 25.6, "B", "sad", None, "sad", "Es tut mir leid, der Kessel war kaputt."),
    (26.0, 29.2, "A", "neutral", "neutral", "neutral", "Never mind."),
)
"""Start, end, who speaks, what voice, words and both say, and the text."""


def transcript(said=SAID):
    """Write down what is said: the words at equal distances, one of them doubtful."""
    phrases = []
    for start, end, speaker, voice, wording, both, text in said:
        names = text.split()
        step = (end - start) / len(names)
        words = tuple(
            Word(
                name,
                start + at * step,
                start + (at + 0.8) * step,
                0.3 if name == "Kessel" else 0.9,
            )
            for at, name in enumerate(names)
        )
        german = text.startswith("Es")
        phrases.append(
            Phrase(
                start,
                end,
                text,
                words,
                f"Speaker {speaker}",
                "de" if german else "en",
                "I am sorry, the kettle was broken." if german else None,
                {voice: 0.86},
                {wording: 0.92} if wording else {},
                {both: 0.58},
                None if wording is None else 0.79 if voice == "angry" else 0.1,
            )
        )
    return Transcript(tuple(phrases), "en", "Whisper small", "wording 1.0", 0.4, "opus-mt de-en")
