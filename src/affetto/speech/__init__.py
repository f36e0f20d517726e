"""When somebody speaks, what a window of it holds, and who speaks."""

from affetto.speech.activity import ActivityStream, speech_regions
from affetto.speech.speakers import separate_speakers
from affetto.speech.windows import RecentWindow, WindowGrid, WindowPooler, pool

__all__ = [
    "ActivityStream",
    "RecentWindow",
    "WindowGrid",
    "WindowPooler",
    "pool",
    "separate_speakers",
    "speech_regions",
]
