"""From sound to a timeline: the recogniser, its segments and the speaker's baseline."""

from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline
from affetto.recognition.clips import Decision
from affetto.recognition.hearing import Heard, Hearing
from affetto.recognition.live import LiveRecognizer
from affetto.recognition.prior import Prior
from affetto.recognition.recognizer import Recognizer
from affetto.recognition.segments import Smoothing
from affetto.recognition.update import Update

__all__ = [
    "BaselineStatistics",
    "Decision",
    "Heard",
    "Hearing",
    "LiveRecognizer",
    "Prior",
    "Recognizer",
    "Smoothing",
    "SpeakerBaseline",
    "Update",
]
