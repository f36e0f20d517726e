"""Timelines as text: JSON, CSV and subtitles, written and read back.

>>> from affetto.formats import FORMATS
>>> sorted(FORMATS)
['csv', 'json', 'srt', 'vtt']
"""

from affetto.formats.registry import FORMATS, Format, find, save
from affetto.formats.subtitles import from_srt, from_vtt, to_srt, to_vtt
from affetto.formats.tables import from_csv, to_csv
from affetto.formats.tree import from_json, json_line, to_json

__all__ = [
    "FORMATS",
    "Format",
    "find",
    "from_csv",
    "from_json",
    "from_srt",
    "from_vtt",
    "json_line",
    "save",
    "to_csv",
    "to_json",
    "to_srt",
    "to_vtt",
]
