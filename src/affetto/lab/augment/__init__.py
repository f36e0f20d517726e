"""Augmentation: what may befall a voice before it is heard, for training and for robustness.

A step takes samples and a generator and gives samples. What a step does for a seed is always the
same. Every step keeps the length but `speed` and `pad`, whose rules stand with them.

>>> import numpy as np
>>> from functools import partial
>>> from affetto.lab.augment import Chain, generator, noise, telephone
>>> chain = Chain((partial(noise, snr_db=(5.0, 20.0), source="pink"), telephone))
>>> chain(np.ones(1600, np.float32), generator(0, "clip.wav")).shape
(1600,)
"""

from affetto.lab.augment.channel import CODECS, codec, resample, telephone
from affetto.lab.augment.parse import parse
from affetto.lab.augment.sounds import babble, coloured, music, recordings
from affetto.lab.augment.spectrum import spec_augment
from affetto.lab.augment.steps import Chain, Range, Step, generator
from affetto.lab.augment.surroundings import noise, reverb, room_response
from affetto.lab.augment.voice import clip, eq, gain, pad, pitch, shift, speed

__all__ = [
    "CODECS",
    "Chain",
    "Range",
    "Step",
    "babble",
    "clip",
    "codec",
    "coloured",
    "eq",
    "gain",
    "generator",
    "music",
    "noise",
    "pad",
    "parse",
    "pitch",
    "recordings",
    "resample",
    "reverb",
    "room_response",
    "shift",
    "spec_augment",
    "speed",
    "telephone",
]
