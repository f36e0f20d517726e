"""A timeline as a page to open and as pictures.

`html` and `write_html` make one file that opens offline; `affetto.report.plots` draws single
pictures and needs the extra `plots`.
"""

from affetto.report.page import EMBED_SECONDS, html, write_html

__all__ = ["EMBED_SECONDS", "html", "write_html"]
