r"""Subtitles: SubRip (SRT) and WebVTT, with the feeling beside what is said.

SubRip was never written down as a standard; this keeps to what its players agree on. What might be
taken for something else there (a tag, an arrow, a speaker) is kept apart by a word joiner, U+2060,
which nobody sees and which reading takes away again.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace

from affetto.emotions import COLOURS, EMOJI, known_order
from affetto.errors import FormatError
from affetto.formats.cue_blocks import blocks, clock
from affetto.formats.cues import Cue, clean, cues, timeline_of
from affetto.formats.lines import broken, joined
from affetto.timeline import Timeline, signed

__all__ = ["from_srt", "from_vtt", "to_srt", "to_vtt"]

_APART = "\u2060"
_LONGEST_NAME = 40
"""Characters of a speaker's name: a longer stretch before a colon is something that is said."""

_LABEL = rf"\[(?P<label>{'|'.join(known_order())})(?P<unsure>\?)?\](?: |$)"
_PICTURE = rf"(?P<picture>{'|'.join(EMOJI.values())})(?P<doubt>\?)?(?: |$)"
_WHO = rf"(?P<who>[^\s:\[{_APART}][^:]{{0,{_LONGEST_NAME - 1}}}):(?: |$)"
_FORMS = tuple(map(re.compile, (_LABEL, _PICTURE, _WHO + _LABEL, _WHO + _PICTURE, _WHO)))
"""What may stand before the text of a cue in SRT, the likeliest first."""

_MOOD = re.compile(r"\[valence ([+-]\d\.\d\d), arousal ([+-]\d\.\d\d)\]")
_MARKUP = re.compile(r"</?(?:b|i|u|s|font)(?: [^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)


def to_srt(timeline: Timeline, *, emoji: bool = False) -> str:
    r"""Write a timeline as SubRip subtitles.

    One cue a phrase, or a segment where nobody wrote down what is said; long phrases in several.
    Speaker and label stand before the text; a label with a question mark is uncertain.

    Args:
        timeline: what to write.
        emoji: a picture for each label, for players that have them.

    Returns:
        The subtitles, to be saved as UTF-8.

    Examples:
        >>> from affetto.transcript import Phrase, Transcript
        >>> fine = Phrase(0.0, 1.25, "I'm fine.", speaker="Ada", scores={"sad": 0.8, "happy": 0.2})
        >>> timeline = Timeline("x.wav", 2.0, (), "default", words=Transcript((fine,)))
        >>> print(to_srt(timeline))
        1
        00:00:00,000 --> 00:00:01,250
        Ada: [sad] I'm fine.
    """

    def before(cue: Cue) -> str:
        name = _srt_name(cue.speaker or "")
        label = EMOJI.get(cue.emotion or "", "") if emoji else cue.emotion
        shown = f"{label}{'?' * cue.unsure}" if label else ""
        return (f"{name}: " if name else "") + (
            f"{shown} " if shown and emoji else f"[{shown}] " if shown else ""
        )

    parts = []
    for number, cue in enumerate(cues(timeline, before), 1):
        head, text = before(cue), _srt_text(cue.text or _mood(cue))
        line = (head + text).rstrip()
        if _srt_cue(cue.start, cue.end, line).text != cue.text:
            line = head + _APART + text
        timing = f"{clock(cue.start, ',')} --> {clock(cue.end, ',')}"
        parts.append("\n".join([str(number), timing, *broken(line)]) + "\n")
    return "\n".join(parts)


def _srt_name(name: str) -> str:
    """Make a name fit to stand before a colon."""
    name = " ".join(name.replace(":", " ").split()).lstrip("[")
    return _srt_text(name[:_LONGEST_NAME].strip())


def _srt_text(text: str) -> str:
    """Keep what is said from being taken for an arrow, a tag or a command of the player."""
    text = text.replace("-->", f"--{_APART}>")
    return re.sub(r"<(?=[A-Za-z/!])|\{(?=\\)", rf"\g<0>{_APART}", text)


def _mood(cue: Cue) -> str:
    """Say something where neither text nor label is known; a cue without a line is none."""
    if cue.emotion is not None:
        return ""
    return f"[valence {signed(cue.valence)}, arousal {signed(cue.arousal)}]"


def _srt_cue(start: float, end: float, line: str) -> Cue:
    """Tell speaker, label and text apart."""
    found: dict[str, str | None] = {}
    rest = line
    for form in _FORMS:
        if match := form.match(line):
            found, rest = match.groupdict(), line[match.end() :]
            break
    label = found.get("label")
    if picture := found.get("picture"):
        label = next(name for name, emoji in EMOJI.items() if emoji == picture)
    unsure = bool(found.get("unsure") or found.get("doubt"))
    speaker = clean(found.get("who") or "") or None
    return _with_mood(Cue(start, end, rest, speaker, label, unsure))


def _with_mood(cue: Cue) -> Cue:
    """Read valence and arousal where they stand in place of the text."""
    mood = _MOOD.fullmatch(cue.text)
    if mood and cue.emotion is None and max(abs(float(value)) for value in mood.groups()) <= 1:
        return replace(cue, text="", valence=float(mood[1]), arousal=float(mood[2]))
    return replace(cue, text=clean(cue.text))


def to_vtt(timeline: Timeline) -> str:
    r"""Write a timeline as WebVTT (https://www.w3.org/TR/webvtt1/).

    Cues as in `to_srt`; the speaker is a voice, the label a class on the text, which has its colour
    in the style that stands before the cues. An uncertain label has the class `unsure` as well. The
    labels' names are shown where there is no text.

    Args:
        timeline: what to write.

    Returns:
        The subtitles, to be saved as UTF-8.

    Examples:
        >>> from affetto.transcript import Phrase, Transcript
        >>> fine = Phrase(0.0, 1.25, "R&B!", speaker="Ada", scores={"sad": 0.8, "happy": 0.2})
        >>> text = to_vtt(Timeline("x.wav", 2.0, (), "default", words=Transcript((fine,))))
        >>> print(text.partition("::cue(.sad)")[2].partition("\n\n")[2])
        1
        00:00:00.000 --> 00:00:01.250
        <v Ada><c.sad>R&amp;B!</c></v>
    """
    found = list(cues(timeline))
    parts = [f"WEBVTT\n\n{_note(timeline)}", *_style(found)]
    for number, cue in enumerate(found, 1):
        lines = broken(cue.text or (f"[{cue.emotion}]" if cue.emotion else _mood(cue)))
        if _vtt_cue(cue.start, cue.end, _vtt_payload(cue, lines)).text != cue.text:
            lines[0] = _APART + lines[0]
        timing = f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}"
        parts.append(f"{number}\n{timing}\n{_vtt_payload(cue, lines)}\n")
    return "\n".join(parts)


def _vtt_payload(cue: Cue, lines: list[str]) -> str:
    text = "\n".join(html.escape(line, quote=False) for line in lines)
    if cue.emotion in COLOURS:
        text = f"<c.{cue.emotion}{'.unsure' * cue.unsure}>{text}</c>"
    if cue.speaker:
        text = f"<v {html.escape(cue.speaker, quote=False)}>{text}</v>"
    return text


def _note(timeline: Timeline) -> str:
    """Say where it all is from; reading takes it in again."""
    facts: dict[str, object] = {
        "source": timeline.source,
        "duration": f"{timeline.duration:.3f}",
        "model": timeline.model,
    }
    if timeline.words:
        facts |= {
            "transcriber": timeline.words.transcriber,
            "language": timeline.words.language,
            "words": timeline.words.model,
            "weight": f"{timeline.words.weight:g}",
        }
    told = (f"{name}: {_srt_text(clean(str(fact)))}\n" for name, fact in facts.items() if fact)
    return "NOTE affetto\n" + "".join(told)


def _style(found: list[Cue]) -> Iterator[str]:
    """Give the colours of the labels that there are, and what is uncertain in italics."""
    rules = [
        f"::cue(.{label}) {{ color: {_ink(colour)}; background-color: {colour}; }}\n"
        for label, colour in COLOURS.items()
        if any(cue.emotion == label for cue in found)
    ]
    if any(cue.unsure for cue in found):
        rules.append("::cue(.unsure) { font-style: italic; }\n")
    if rules:
        yield "STYLE\n" + "".join(rules)


def _ink(colour: str) -> str:
    """Choose black or white, whichever reads better on a colour (WCAG relative luminance)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    bright = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000" if bright > 0.18 else "#fff"


def _vtt_cue(start: float, end: float, payload: str) -> Cue:
    """Tell speaker, label and text apart."""
    voice = re.search(r"<v(?:\.[^\s<>]*)?[ \t\n]+([^<>]*)>", payload)
    speaker = clean(html.unescape(voice[1])) or None if voice else None
    classes = [
        name for found in re.findall(r"<c\.([^\s<>]*)", payload) for name in found.split(".")
    ]
    label = next((name for name in classes if name in COLOURS), None)
    lines = [html.unescape(line) for line in re.sub(r"<[^<>]*>", "", payload).split("\n")]
    text = joined(lines)
    cue = Cue(start, end, text, speaker, label, label is not None and "unsure" in classes)
    return replace(cue, text="") if label and text == f"[{label}]" else _with_mood(cue)


def from_srt(text: str) -> Timeline:
    r"""Read SubRip subtitles: a segment a cue, and a phrase where something is said.

    A label or its emoji before the text comes back as the emotion, and what stands before a colon
    as the speaker. Other markup is taken away.

    Args:
        text: the subtitles, of Affetto or of others.

    Returns:
        A timeline without a source and a model, which SRT doesn't hold. A label counts as sure (1),
        or with its question mark as not (0).

    Raises:
        FormatError: the text holds something else.

    Examples:
        >>> timeline = from_srt("1\n00:00:00,000 --> 00:00:01,250\nAda: [sad] I'm fine.\n")
        >>> timeline.words.text, timeline.segments[0].emotion, timeline.speakers
        ("I'm fine.", 'sad', ('Ada',))
    """
    found = []
    for block in blocks(text):
        if block.start is None:
            raise block.error("SRT")
        line = joined([_MARKUP.sub("", line) for line in block.lines])
        found.append(_srt_cue(block.start, block.end, line))
    return timeline_of(found)


def from_vtt(text: str) -> Timeline:
    r"""Read WebVTT subtitles: a segment a cue, and a phrase where something is said.

    Args:
        text: the subtitles, of Affetto or of others.

    Returns:
        A timeline; its source, duration and model are known where Affetto wrote the subtitles. A
        label counts as sure (1), or with the class `unsure` as not (0).

    Raises:
        FormatError: the text holds something else.

    Examples:
        >>> timeline = from_vtt("WEBVTT\n\n00:00.000 --> 00:01.250\n<v Ada><c.sad>I'm fine.\n")
        >>> timeline.words.text, timeline.segments[0].emotion, timeline.speakers
        ("I'm fine.", 'sad', ('Ada',))
    """
    parts = list(blocks(text))
    if not parts or not re.match(r"WEBVTT(?:[ \t]|$)", parts[0].first):
        found = parts[0].first if parts else ""
        raise FormatError(
            f"found {found[:40]!r} at the beginning, expected WEBVTT; give WebVTT subtitles"
        )
    found_cues: list[Cue] = []
    facts: dict[str, str] = {}
    for block in parts[1:]:
        if block.start is not None:
            found_cues.append(_vtt_cue(block.start, block.end, "\n".join(block.lines)))
        elif block.first == "NOTE affetto":
            facts |= dict(re.findall(r"^(\w+): (.*)$", "\n".join(block.rest), re.MULTILINE))
        elif not re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)", block.first):
            raise block.error("WebVTT")
    facts = {name: clean(fact) for name, fact in facts.items()}
    timeline = timeline_of(found_cues, source=facts.get("source", ""), model=facts.get("model", ""))
    longer = re.fullmatch(r"\d{1,9}\.\d{3}", facts.get("duration", ""))
    if longer:
        timeline = replace(timeline, duration=max(timeline.duration, float(longer[0])))
    if timeline.words is None:
        return timeline
    weight = re.fullmatch(r"[0-4](?:\.\d{1,9})?|5", facts.get("weight", "0"))
    words = replace(
        timeline.words,
        transcriber=facts.get("transcriber", ""),
        language=facts.get("language"),
        model=facts.get("words", ""),
        weight=float(weight[0]) if weight else 0.0,
    )
    return replace(timeline, words=words)
