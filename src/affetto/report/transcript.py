"""What is said, as text on the page: it reads without a script, on paper and aloud."""

import re
from collections.abc import Iterator, Mapping
from html import escape

from affetto.formats.word_places import word_places
from affetto.report.tables import jump
from affetto.timeline import UNCERTAIN_BELOW, Timeline, clock
from affetto.transcript import Phrase, Transcript

__all__ = ["DOUBTED_BELOW", "transcript"]

DOUBTED_BELOW = 0.5
"""Below this confidence a word is marked as perhaps misheard."""

Classes = Mapping[str | None, str]


def transcript(timeline: Timeline, classes: Classes) -> str:
    """Give what is said, phrase by phrase, with what is felt in it.

    Every time and every word goes to its place in the recording when it is clicked; the page's
    script marks the word that is being said, and finds phrases.

    Args:
        timeline: what was heard.
        classes: label → its class in the style sheet.

    Returns:
        The section, or nothing where nobody wrote down what is said.

    Examples:
        >>> said = Transcript((Phrase(0.0, 1.0, "Well <then>"),), transcriber="Whisper small")
        >>> section = transcript(Timeline("x.wav", 1.0, (), "default", words=said), {})
        >>> "Well &lt;then&gt;" in section, "Written down by Whisper small" in section
        (True, True)
        >>> transcript(Timeline("x.wav", 1.0, (), "default"), {})
        ''
    """
    said = timeline.words
    if said is None:
        return ""
    phrases = sorted(said, key=lambda phrase: (phrase.start, phrase.end))
    apart = sum(phrase.incongruent for phrase in phrases)
    rows = "".join(_phrase(phrase, said.language, classes) for phrase in phrases)
    if phrases:
        body = (
            f'{_tools(apart)}<div class="scroll" tabindex="0" role="region" '
            f'aria-labelledby="said-title"><ol class="said" id="said">{rows}</ol></div>'
        )
    else:
        body = "<p>No words were found.</p>"
    return (
        '<section class="card" aria-labelledby="said-title"><h2 id="said-title">What is said</h2>'
        f"{body}{_how(said, phrases, apart)}</section>"
    )


def _tools(apart: int) -> str:
    """Give what finds phrases; it needs the script, and paper has no use for it."""
    only = (
        '<button type="button" id="only-apart" aria-pressed="false">'
        f'<span class="apart-mark" aria-hidden="true">≠</span> Only where voice and words disagree '
        f"({apart})</button>"
        if apart
        else ""
    )
    return (
        '<div class="said-tools no-print"><label>Find <input type="search" id="find" '
        f'autocomplete="off"></label>{only}<span id="found" role="status"></span></div>'
    )


def _how(said: Transcript, phrases: list[Phrase], apart: int) -> str:
    """Say who wrote it down, what the words count for, and how to take it all."""
    facts = [f"Written down by {said.transcriber}." if said.transcriber else ""]
    if said.translator:
        facts.append(f"Translated by {said.translator}.")
    if said.model:
        facts.append(
            f"{said.model} judges the words, which count with a weight of {said.weight:g} beside "
            "the voice as far as they hold a feeling."
        )
    if any(_doubted(word.confidence) for phrase in phrases for word in phrase.words):
        facts.append("Dotted words may have been misheard.")
    told = escape(" ".join(filter(None, facts)))
    if apart:
        told += (
            '</p><p class="how"><span class="apart-mark" aria-hidden="true">≠</span> Voice and '
            "words disagree: a friendly word said angrily, say. Irony, politeness and holding back "
            "sound like that, and so does a word or a tone that was misheard; listen before you "
            "conclude."
        )
    return f'<p class="how">{told}</p>' if told else ""


def _phrase(phrase: Phrase, language: str | None, classes: Classes) -> str:
    at = clock(phrase.start, digits=1)
    return (
        f'<li class="{classes.get(phrase.emotion, "")}{" apart" * phrase.incongruent}" '
        f'data-start="{phrase.start:.3f}" data-end="{phrase.end:.3f}">'
        f'<div class="head">{jump(phrase.start, at, f"the phrase at {at}")}'
        f"{_who(phrase)}{_feeling(phrase)}</div>"
        f'<p class="text" dir="auto"{_lang(phrase.language or language)}>{_text(phrase)}</p>'
        f"{_translation(phrase)}{_note(phrase, classes)}</li>"
    )


def _who(phrase: Phrase) -> str:
    return f'<span class="who">{escape(phrase.speaker)}</span>' if phrase.speaker else ""


def _feeling(phrase: Phrase) -> str:
    if phrase.emotion is None:
        return ""
    doubt = " (uncertain)" if phrase.confidence < UNCERTAIN_BELOW else ""
    return (
        f'<span class="felt"><i class="swatch"></i><b>{escape(phrase.emotion)}</b>{doubt} '
        f'<span class="figure">{phrase.confidence:.0%}</span></span>'
    )


def _text(phrase: Phrase) -> str:
    """Give the text with its words to click on, where it is known when they are said."""
    places = word_places(phrase.text, phrase.words)
    return "".join(_words(phrase, places)) if places else escape(phrase.text)


def _words(phrase: Phrase, places: tuple[tuple[int, int], ...]) -> Iterator[str]:
    text, at = phrase.text, 0
    for word, (start, end) in zip(phrase.words, places, strict=True):
        doubt = ""
        if _doubted(word.confidence):
            doubt = f' class="doubted" title="heard with {word.confidence:.0%} certainty"'
        yield (
            f'{escape(text[at:start])}<span{doubt} data-seek="{word.start:.3f}" '
            f'data-end="{word.end:.3f}">{escape(text[start:end])}</span>'
        )
        at = end
    yield escape(text[at:])


def _doubted(confidence: float | None) -> bool:
    return confidence is not None and confidence < DOUBTED_BELOW


def _translation(phrase: Phrase) -> str:
    if not phrase.translation:
        return ""
    return f'<p class="translation" lang="en">{escape(phrase.translation)}</p>'


def _lang(language: str | None) -> str:
    """Name the language, for those who hear the page read aloud."""
    known = language and re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", language)
    return f' lang="{language}"' if known else ""


def _note(phrase: Phrase, classes: Classes) -> str:
    """Say what voice and words are on their own, where that is not the same."""
    voice, words = phrase.voice_emotion, phrase.wording_emotion
    if voice is None or words is None or not phrase.differing:
        return ""

    def named(label: str, scores: Mapping[str, float]) -> str:
        return (
            f'<span class="{classes.get(label, "")}"><i class="swatch"></i>{escape(label)}</span> '
            f'<span class="figure">{scores[label]:.0%}</span>'
        )

    both = f"voice {named(voice, phrase.voice)}, words {named(words, phrase.wording)}"
    if not phrase.incongruent:
        return f'<p class="each">{both}</p>'
    return (
        '<p class="each disagree"><span class="apart-mark" aria-hidden="true">≠</span> '
        f"<b>Voice and words disagree:</b> {both}</p>"
    )
