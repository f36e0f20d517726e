"""WebVTT as a real browser reads it."""

import base64

import pytest

from affetto.formats import to_vtt
from affetto.formats.cues import clean
from affetto.timeline import Timeline
from affetto.transcript import Phrase, Transcript

pytestmark = pytest.mark.browser

TEXTS = (
    "Is 3 < 5 & 7 > 6?",
    "</c></v><i>slanted</i> <v Eve>",
    "one\n\n2\n00:00:09.000 --> 00:00:10.000\ntwo",
    "fish &amp; chips",
    "NOTE this\n\nSTYLE\n::cue { color: red }",
    "今日は天気がいいですね。明日も晴れるといいのですが、どうでしょうか。",
)

READ = """async (source) => {
  const video = document.createElement("video");
  const track = document.createElement("track");
  video.append(track);
  document.body.append(video);
  track.default = true;
  const done = new Promise((resolve, reject) => {
    track.onload = resolve;
    track.onerror = () => reject(new Error("no WebVTT"));
  });
  track.src = source;
  track.track.mode = "hidden";
  await done;
  return [...track.track.cues].map((cue) => {
    const shown = cue.getCueAsHTML();
    const classes = [...shown.querySelectorAll("span")].map((span) => [span.className, span.title]);
    return [cue.startTime, cue.endTime, shown.textContent, classes];
  });
}"""


def test_a_browser_reads_what_was_said(chromium):
    phrases = tuple(
        Phrase(i, i + 0.5, text, speaker="Bo & <Co>", scores={"sad": 0.9})
        for i, text in enumerate(TEXTS)
    )
    timeline = Timeline("a --> b.wav", 9.0, (), "m", words=Transcript(phrases))
    body = base64.b64encode(to_vtt(timeline).encode()).decode()
    page = chromium.new_page()
    cues = page.evaluate(READ, f"data:text/vtt;base64,{body}")
    page.close()
    assert [(start, end) for start, end, *_ in cues] == [(p.start, p.end) for p in phrases]
    for (_, _, text, spans), said in zip(cues, TEXTS, strict=True):
        plain = text.replace("\n", " " if said.isascii() else "")
        assert plain == clean(said)
        assert spans == [["", "Bo & <Co>"], ["sad", ""]]
