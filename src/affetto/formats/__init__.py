"""Timelines as text: JSON and CSV, written and read back.

>>> from affetto.formats import FORMATS
>>> sorted(FORMATS)
['csv', 'json']
"""

from affetto.formats.registry import FORMATS, Format, find, save
from affetto.formats.tables import from_csv, to_csv
from affetto.formats.tree import from_json, json_line, to_json

__all__ = [
    "FORMATS",
    "Format",
    "find",
    "from_csv",
    "from_json",
    "json_line",
    "save",
    "to_csv",
    "to_json",
]
