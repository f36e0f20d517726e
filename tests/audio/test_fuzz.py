"""Whatever the bytes, only AudioError or sound comes out."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto import audio
from affetto.errors import AudioError

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BEGINNINGS = [
    b"",
    b"RIFF\x24\x00\x01\x00WAVEfmt ",
    b"fLaC\x00\x00\x00\x22",
    b"OggS\x00\x02",
    b"ID3",
]


def is_sound_or_refused(data):
    """Decode to the end; tell whether all that came out is sound, or the refusal one line."""
    try:
        return all(
            chunk.dtype == np.float32 and np.isfinite(chunk).all()
            for chunk in audio.stream(data, channels="separate")
        )
    except AudioError as error:
        return len(str(error).splitlines()) == 1


@SETTINGS
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=3000))
def test_any_bytes(in_time, beginning, rest):
    assert in_time(lambda: is_sound_or_refused(beginning + rest))


@pytest.mark.parametrize(
    "name", ["tone.wav", "tone.flac", "tone.ogg", "tone.mp3", "tone.m4a", "tone.webm", "tone.ts"]
)
@SETTINGS
@given(
    edits=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.sampled_from(["flip", "put", "drop", "insert"]),
            st.binary(max_size=40),
        ),
        min_size=1,
        max_size=12,
    ),
    near_the_head=st.booleans(),
)
def test_edited_files(tone_folder, in_time, name, edits, near_the_head):
    data = bytearray((tone_folder / name).read_bytes())
    for share, kind, value in edits:
        place = int(share * (min(len(data), 400) if near_the_head else len(data)))
        if kind == "flip":
            data[place : place + 1] = bytes(b ^ 0x55 for b in data[place : place + 1])
        elif kind == "put":
            data[place : place + len(value)] = value
        elif kind == "drop":
            del data[place : place + 10 * len(value)]
        else:
            data[place:place] = value
    assert in_time(lambda: is_sound_or_refused(bytes(data)))
