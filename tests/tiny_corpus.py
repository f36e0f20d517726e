"""A made-up corpus of a few voices and feelings, for tests of the laboratory.

Anger is loud and high, sadness low and faint, each on top of the voice's own pitch: enough for
something to be learned, in sounds of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from affetto.audio import save
from affetto.emotions import Emotion
from affetto.lab.corpora import Clip, Table
from tiny_model import silence, voice_like

if TYPE_CHECKING:
    from pathlib import Path

FEELINGS = {"neutral": (1.0, 0.1), "angry": (1.5, 0.3), "sad": (0.85, 0.04)}
"""How each raises the pitch, and how loud it is."""

VOICES = {
    "savee": ("DC", "JE", "JK", "KL"),
    "mine": ("a", "b", "c", "d", "e", "f"),
}


def write_corpus(
    folder: Path, *, voices: dict[str, tuple[str, ...]] | None = None, takes: int = 2
) -> Table:
    """Write clips of about a second: every voice in every feeling.

    Args:
        folder: where the sounds go.
        voices: corpus → its speakers.
        takes: clips of each voice in each feeling.
    """
    clips = []
    for corpus, names in (VOICES if voices is None else voices).items():
        for place, name in enumerate(names):
            for feeling, (rise, loudness) in FEELINGS.items():
                for take in range(takes):
                    pitch = (100 + 12 * place + (40 if corpus == "mine" else 0)) * rise
                    sound = voice_like(
                        0.9 + 0.1 * take, pitch=pitch, loudness=loudness, seed=len(clips)
                    )
                    path = folder / f"{corpus}-{name}-{feeling}-{take}.wav"
                    save(path, sound)
                    clips.append(
                        Clip(
                            path,
                            corpus,
                            Emotion(feeling),
                            feeling,
                            speaker=f"{corpus}:{name}",
                            gender="f" if place % 2 else "m",
                            language="en",
                        )
                    )
    return Table(clips)


def write_noises(folder: Path, count: int = 2) -> list[Path]:
    """Write sounds without speech."""
    paths = [folder / f"noise-{i}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        save(path, np.asarray(300 * silence(1.0, seed=i), np.float32))
    return paths
