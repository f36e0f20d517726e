"""Slips of the keyboard, and what the command says to them."""

import pytest

from affetto.cli import main
from affetto.cli.verbs import VERBS


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("analyse a.wav", "found the verb 'analyse', expected 'analyze' perhaps"),
        (
            "dance",
            f"found the verb 'dance', expected {', '.join([*VERBS][:-1])} or {[*VERBS][-1]}",
        ),
        ("models", "found no verb, expected list, show, verify, note, card, push or pull"),
        ("models lst", "found the verb 'lst', expected 'list' perhaps"),
        ("models verify", "found no PATH, expected affetto models verify PATH"),
        ("models show a b", "found 'b' besides, expected affetto models show [NAME]"),
        ("analyze", "found no INPUT, expected affetto analyze INPUT..."),
        ("analyze a.wav --formt json", "found --formt, expected --format perhaps"),
        ("analyze a.wav --zzz", "found --zzz, expected an option of affetto analyze"),
        ("analyze a.wav --window abc", "found --window 'abc', expected a number"),
        ("analyze a.wav --threads 0", "found --threads 0, expected a whole number of 1 or more"),
        ("analyze a.wav --threads x", "found --threads 'x', expected a whole number of 1 or more"),
        (
            "analyze a.wav --format xml",
            "found --format 'xml', expected text, json, csv, html, srt or vtt",
        ),
        ("analyze a.wav --format", "found nothing after --format, expected a value"),
        ("analyze a.wav --quiet=3", "found a value given to --quiet, expected none"),
        ("corpora prepare x", "found no OUT, expected affetto corpora prepare SOURCE OUT"),
        ("train", "found no --output, expected --output FOLDER"),
    ],
)
def test_wrong_usage_is_told_as_found_and_expected(
    args: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args.split()) == 2
    out, err = capsys.readouterr()
    words = args.split()[: 2 if args.startswith(("models ", "corpora ")) else 1]
    helped = [word for word in words if word not in ("analyse", "dance", "lst")]
    assert (out, err) == ("", f"affetto: {line}; see {' '.join(['affetto', *helped])} --help\n")


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([""], "an empty text"),
        (["analyze", ""], "an empty text after 'analyze'"),
        (["analyze", " "], "an empty text after 'analyze'"),
        (["analyze", "a.wav", ""], "an empty text after 'a.wav'"),
        (["analyze", "a.wav", "-o", ""], "an empty text after '-o'"),
        (["analyze", "a.wav", "--model="], "nothing after '--model='"),
        (["analyze", "a.wav", "--speakers", ""], "an empty text after '--speakers'"),
        (["models", "show", ""], "an empty text after 'show'"),
        (["corpora", "prepare", "", "out"], "an empty text after 'prepare'"),
        (["evaluate", "--manifest", ""], "an empty text after '--manifest'"),
        (["evaluate", "--noise", "", "--manifest", "a.csv"], "an empty text after '--noise'"),
        (["train", "--data", "", "-o", "x"], "an empty text after '--data'"),
    ],
    ids=" ".join,
)
def test_an_empty_argument_is_told_and_not_taken_for_the_present_folder(
    args: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"affetto: found {found}, expected a ")
    assert err.count("\n") == 1
