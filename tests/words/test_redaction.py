"""What names a person, or leads to one, is masked in what was said; and masked is masked."""

from __future__ import annotations

import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from affetto.transcript import Phrase, Transcript, Word
from affetto.words.name_lists import AMBIGUOUS, CAPITALISED, COMMON, GIVEN, SURNAMES
from affetto.words.redaction import redact, redact_transcript

MASK = re.compile(r"\[(?:name|number|email|link)\]")


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        # Written with capitals, as Whisper writes.
        ("Hello, this is Anna calling.", "Hello, this is [name] calling."),
        (
            "I spoke to Mr. Okafor and Dr Maria van der Berg.",
            "I spoke to Mr. [name] and Dr [name].",
        ),
        (
            "Svetoslav Petrov said so. Nobody believed svetoslav.",
            "[name] said so. Nobody believed [name].",
        ),
        (
            '"Anna!" he said. "Come, Peter." "Why, Mrs. Young?"',
            '"[name]!" he said. "Come, [name]." "Why, Mrs. [name]?"',
        ),
        ("It was José's and María O'Brien's idea.", "It was [name]'s and [name]'s idea."),
        ("J. R. R. Tolkien and J.K. Rowling wrote.", "[name] and [name] wrote."),
        ("So, Will, what now? Hope, come here.", "So, [name], what now? [name], come here."),
        ("Mark Johnson called, and Grace, too.", "[name] called, and [name], too."),
        ("Call me Ishmael.", "Call me [name]."),
        ("Urmi was upset. Tilmann's late.", "[name] was upset. [name]'s late."),
        ("Мне звонил Иван Петров.", "Мне звонил [name]."),
        ("I SAID NO, JOHN!", "I SAID NO, [name]!"),
        ("Ask @olga.b.", "Ask [name]."),
        # Without, as pocketsphinx writes.
        ("my name is uh john smith and i am tired", "my name is uh [name] and i am tired"),
        (
            "hello this is svetoslav speaking how can i help",
            "hello this is [name] speaking how can i help",
        ),
        ("can i speak to mister tanaka please", "can i speak to mister [name] please"),
        (
            "i told sarah that jessica's leaving with mary brown",
            "i told [name] that [name]'s leaving with [name]",
        ),
        ("nineteen eighty four by george orwell", "[number] by [name]"),
        ("it is spelled s v e t o s l a v okay", "it is spelled [name] okay"),
        ("i met juan de la fuente at work", "i met [name] at work"),
        # Numbers.
        (
            "On the 3rd of May 1990, at 5:30pm, room B12.",
            "On the [number] of May [number], at [number], room [number].",
        ),
        ("It's +44 (0)20 7946 0958 or 555-1234.", "It's [number] or [number]."),
        ("Pay £45.50 with 4111 1111 1111 1111.", "Pay £[number] with [number]."),
        ("call five five five one two oh nine, please", "call [number], please"),
        ("oh seven seven double four nine", "[number]"),
        (
            "I am thirty. She's twenty-three years old, he is seven years old.",
            "I am [number]. She's [number] years old, he is [number] years old.",
        ),
        ("on the twenty third of june nineteen ninety nine", "on the [number] of june [number]"),
        ("two hundred and five, in room seven", "[number], in room [number]"),
        ("cinco cinco uno, null drei vier", "[number]"),
        ("٠١٢٣٤ und ४२ und Ⅷ und 2½", "[number] und [number] und [number] und [number]"),
        (
            "電話は〇九〇一二三です。3个苹果。一个人。",
            "電話は[number]です。[number]个苹果。一个人。",
        ),
        # Addresses.
        ("Write to john.smith@example.com!", "Write to [email]!"),
        ("(a_b+c@mail.example.co.uk)", "([email])"),
        ("it's john dot smith at example dot com okay", "it's [email] okay"),
        ("anna underscore b eighty five at gmail dot com", "[email]"),
        ("email svetoslav petrov at mail dot example dot org", "email [email]"),
        ("John dot Smith at example.com, please.", "[email], please."),
        ("ana arroba ejemplo punto es", "[email]"),
        ("See https://example.org/a?b=c, www.example.com.", "See [link], [link]."),
        ("visit example dot com slash deals now", "visit [link] now"),
        ("It's on Example.co.uk.", "It's on [link]."),
    ],
)
def test_what_leads_to_somebody_is_masked(said: str, masked: str) -> None:
    assert redact(said) == masked


@pytest.mark.parametrize(
    "said",
    [
        "",
        "   ",
        "...",
        "I'm fine. Honestly, I'm fine. Don't worry about me, okay?",
        "God, I hate Mondays! Oh my God. TV is boring. Thank you, Mum.",
        "She's German, he speaks English and Spanish. In May we go.",
        "I was the first, and I have two kids, one dog and a second car.",
        "one second please, one moment, two seconds",
        "Will you come? Mark my words. May I? Hope so.",
        "i will hope for the best may i come in mark the date",
        "i miss you so much, my doctor said i should rest",
        "i i i don't know, I, I, a a a thing",
        "Good morning, Professor. Thanks, Doctor. Ask the President.",
        "call me later. call me back. talk to me",
        "Ja, ich komme. Oui, merci. Hola, vale. Да, хорошо.",
        "look at the end dot and stop",
        "Nothing is wrong. Shopping was fun. Happiness is here. It's late. That's it.",
        "And then he went, Oh, what? No, and I said, Yes!",
        "我很好。一个人。",
    ],
)
def test_what_names_nobody_stays(said: str) -> None:
    assert redact(said) == said


def test_the_lists_do_not_contradict_each_other() -> None:
    assert not GIVEN & (COMMON | CAPITALISED | AMBIGUOUS)
    assert not SURNAMES & (COMMON | CAPITALISED | AMBIGUOUS | GIVEN)
    for words in (GIVEN, SURNAMES, AMBIGUOUS, COMMON, CAPITALISED):
        assert all(word == word.lower() for word in words)


# ---- whatever is said ------------------------------------------------------------------------

PIECES = """
    i I I'm is my name the and said called call me this speaking at dot com example Anna anna
    Smith Okafor tanaka will Will May Dr. mr Mr. five oh double twenty one two 17 3rd 0,5 ٤ 〇 一
    x@y.z @me https://a.b/c www.e.f . , ! ? ' - " ( ) [name] [number] O'Brien's van der J. K. years
    old ... Привет Анна 你好 S v e room hello
    """
SAID = st.sampled_from(PIECES.split())
SPOKEN = st.lists(SAID, max_size=14).map(" ".join)
ANYTHING = st.one_of(
    SPOKEN, st.text(max_size=60), st.lists(SAID | st.text(max_size=5)).map("".join)
)


@settings(deadline=None, max_examples=150)
@given(ANYTHING)
@example("Anna@Smith.de's 5 five")
def test_masking_again_changes_nothing(text: str) -> None:
    masked = redact(text)
    assert redact(masked) == masked


@settings(deadline=None, max_examples=150)
@given(ANYTHING)
def test_no_figure_remains(text: str) -> None:
    left = [letter for letter in redact(text) if unicodedata.category(letter)[0] == "N"]
    assert not left
    assert not any(letter.isdigit() for letter in redact(text))


@settings(deadline=None, max_examples=100)
@given(
    st.emails(), ANYTHING, ANYTHING, st.sampled_from([" ", ", ", "\n", " <", "> ", '"', "(", ")"])
)
def test_no_address_of_email_remains(email: str, before: str, after: str, between: str) -> None:
    masked = redact(f"{before}{between}{email}{between}{after}")
    assert email not in masked
    assert not re.search(r"\w@\w", masked)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(["john", "anna", "olga", "smith", "b", "twenty"]), min_size=1, max_size=3
    ),
    st.sampled_from(["dot", "underscore", "dash"]),
    st.lists(st.sampled_from(["example", "mail", "gmail"]), min_size=1, max_size=2),
    SPOKEN,
)
def test_no_spoken_address_remains(local: list[str], by: str, at: list[str], after: str) -> None:
    spoken = f"{f' {by} '.join(local)} at {' dot '.join(at)} dot com"
    masked = redact(f"please write to {spoken} . {after}")
    assert masked.startswith("please write to [email]")


@settings(deadline=None, max_examples=100)
@given(ANYTHING)
def test_masks_are_whole_and_other_signs_stay(text: str) -> None:
    assume(not set("[]") & set(text.replace("[name]", "").replace("[number]", "")))
    masked = redact(text)
    assert not set("[]") & set(MASK.sub("", masked))
    # Nothing is there that wasn't: masks alone are new.
    rest, at = MASK.split(masked), 0
    for part in rest:
        assert part in text[at:]
        at = text.index(part, at) + len(part)


# ---- transcripts -----------------------------------------------------------------------------


def phrase(text: str, **more: Any) -> Phrase:
    words = tuple(Word(word, n, n + 0.5, 0.9) for n, word in enumerate(text.split()))
    return Phrase(0.0, max(1.0, len(words)), text, words=words, **more)


def bare(word: str) -> str:
    return re.sub(r"^\W+|(?:['’]s)?\W*$", "", word)


def test_a_transcript_keeps_all_but_what_leads_to_somebody() -> None:
    first = phrase(
        "My name is Svetoslav, I'm 25.",
        speaker="B",
        language="bg",
        translation="Svetoslav here, twenty five.",
        voice={"sad": 1.0},
        scores={"sad": 1.0},
    )
    said = Transcript(
        (first, phrase("svetoslav's dog")), language="bg", transcriber="t", weight=0.5
    )
    masked = redact_transcript(said)
    one, two = masked.phrases
    assert one.text == "My name is [name], I'm [number]."
    assert one.translation == "[name] here, [number]."
    assert [word.text for word in one.words] == ["My", "name", "is", "[name]", "I'm", "[number]"]
    # What is a name in one phrase is one in all.
    assert two.text == "[name]'s dog"
    assert [word.text for word in two.words] == ["[name]", "dog"]
    assert [(w.start, w.end, w.confidence) for w in one.words] == [
        (w.start, w.end, w.confidence) for w in first.words
    ]
    assert (one.speaker, one.language, one.scores, one.voice) == (
        "B",
        "bg",
        first.scores,
        first.voice,
    )
    assert (masked.language, masked.transcriber, masked.weight) == ("bg", "t", 0.5)
    assert redact_transcript(Transcript(())) == Transcript(())
    assert redact_transcript(masked) == masked


def test_words_that_are_not_those_of_the_text_speak_for_themselves() -> None:
    words = (Word("call", 0, 1), Word("anna", 1, 2), Word("five", 2, 3), Word("five", 3, 4))
    said = Transcript((Phrase(0.0, 4.0, "Call Anna: 55!", words=words),))
    masked = redact_transcript(said).phrases[0]
    assert masked.text == "Call [name]: [number]!"
    assert [word.text for word in masked.words] == ["call", "[name]", "[number]", "[number]"]


WORDS = "anna said five one tanaka Will mr my name is Smith 17 ok"
PHRASES = st.lists(st.tuples(SPOKEN, st.none() | SPOKEN), max_size=4)


def collapsed(texts: list[str]) -> str:
    """Write words as the text of a phrase has them: neighbouring masks are one."""
    line = re.sub(r"(\[\w+\])(?: \1)+", r"\1", " ".join(texts))
    return " ".join(re.findall(r"\[\w+\]|[^\W_]+", line))


@settings(deadline=None, max_examples=100)
@given(PHRASES)
def test_words_and_text_agree(said: list[tuple[str, str | None]]) -> None:
    transcript = Transcript(tuple(phrase(text, translation=other) for text, other in said))
    masked = redact_transcript(transcript)
    assert redact_transcript(masked) == masked
    text = MASK.sub("-", " ".join(f"{one.text} {one.translation or ''}" for one in masked))
    for before, after in zip(transcript, masked, strict=True):
        assert len(before.words) == len(after.words)
        for old, new in zip(before.words, after.words, strict=True):
            assert (old.start, old.end, old.confidence) == (new.start, new.end, new.confidence)
            if new.text == old.text:
                assert not any(letter.isdigit() for letter in new.text)
                continue
            assert MASK.fullmatch(new.text)
            if (
                new.text == "[name]"
                and "@" not in old.text
                and re.search(r"[^\W\d_]{2}", bare(old.text))
            ):
                assert not re.search(rf"(?<!\w){re.escape(bare(old.text))}(?!\w)", text)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(WORDS.split())))
def test_masked_words_in_a_line_are_the_masked_text(words: list[str]) -> None:
    said = Transcript((phrase(" ".join(words)),))
    masked = redact_transcript(said).phrases[0]
    assert collapsed([word.text for word in masked.words]) == collapsed([masked.text])


@pytest.mark.parametrize(
    "piece", ["a-", "1 ", "a dot ", "x.", "oh ", "a", "A. ", "van ", "@", "1a"]
)
def test_long_texts_of_any_kind_take_little_time(piece: str) -> None:
    begun = time.process_time()
    redact(piece * 2_000)
    assert time.process_time() - begun < 2.0
