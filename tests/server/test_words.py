"""What is said in recordings, over HTTP, on a real socket."""

import csv
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from affetto import analyze, audio
from affetto.errors import AudioError, OptionError, TranscriptionError
from affetto.formats import find
from affetto.server import Settings, create_app
from affetto.server.turns import Turns
from affetto.timeline import Timeline
from affetto.words import WordListener
from affetto.words.transcribers.apart import ApartTranscriber
from scripted_words import Scripted
from tiny_model import silence, voice_like

Serve = Callable[..., httpx2.Client]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.flac"
    audio.save(path, np.concatenate([voice_like(3.0), silence(3.0), voice_like(2.0)]))
    return path


def ask(client: httpx2.Client, talk: Path, **options: Any) -> httpx2.Response:
    files = {"file": ("talk.flac", talk.read_bytes())}
    return client.post("/v1/analyze", params={"words": True} | options, files=files)


def test_the_answer_is_that_of_the_library(serve: Serve, talk: Path, model: Path) -> None:
    client = serve(transcriber=Scripted())
    row = ask(client, talk).raise_for_status().json()
    wanted = analyze(talk, model=model, words=WordListener(Scripted())).to_dict()
    assert row["words"] == wanted["words"]
    assert row["segments"] == wanted["segments"]
    assert row["words"]["transcriber"] == "scripted"
    assert row["words"]["phrases"][0]["text"] == "I am so sad"
    assert row["segments"][0]["text"].startswith("I am so sad")
    alone = ask(client, talk, words=False).json()
    assert "words" not in alone
    assert alone["segments"][0]["text"] is None
    assert 'affetto_heard_seconds_total{by="words"} 8.0' in client.get("/metrics").text


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_subtitles_are_answers_too(serve: Serve, talk: Path, form: str) -> None:
    answer = ask(serve(transcriber=Scripted()), talk, format=form).raise_for_status()
    assert answer.headers["content-type"].startswith(find(form).media)
    (read,) = find(form).read(answer.text)
    assert read.words is not None
    assert read.words.text.startswith("I am so sad")


def test_a_report_and_a_table_have_the_words(serve: Serve, talk: Path) -> None:
    client = serve(transcriber=Scripted())
    assert "What is said" in ask(client, talk, format="html").text
    table = list(csv.DictReader(ask(client, talk, format="csv").text.splitlines()))
    assert table[0]["text"].startswith("I am so sad")


def test_each_channel_has_words_of_its_own(serve: Serve, tmp_path: Path) -> None:
    one, two = voice_like(2.0), silence(2.0)
    audio.save(tmp_path / "two.wav", np.stack([np.r_[one, two], np.r_[two, one]]))
    client = serve(transcriber=Scripted())
    row = ask(client, tmp_path / "two.wav", channels="separate").raise_for_status().json()
    said = {phrase["speaker"] for phrase in row["words"]["phrases"]}
    assert said == {"left", "right"}


def test_a_request_says_of_which_language_and_whether_into_english(
    serve: Serve, talk: Path
) -> None:
    scripted = Scripted("ich bin so traurig", language="de", english="I am so sad")
    client = serve(transcriber=scripted, translate="whisper")
    words = ask(client, talk).json()["words"]
    assert words["translator"] == "scripted"
    assert words["phrases"][0]["translation"].startswith("I am so sad")
    assert {language for _, language, _ in scripted.asked} <= {None, "de"}
    scripted.asked.clear()
    words = ask(client, talk, translate=False, language="de-AT").json()["words"]
    assert "translator" not in words
    assert "translation" not in words["phrases"][0]
    assert {(language, into) for _, language, into in scripted.asked} == {("de", False)}
    plain = serve(transcriber=Scripted())
    answer = ask(plain, talk, translate=True)
    assert answer.status_code == 422
    assert "this server translates nothing" in answer.json()["error"]


def test_names_and_numbers_are_masked_where_that_is_asked_for(serve: Serve, talk: Path) -> None:
    client = serve(transcriber=Scripted("ring 5551234 or write w@example.org now"))
    assert "5551234" in ask(client, talk).text
    masked = ask(client, talk, redact=True).raise_for_status().text
    assert "example.org" not in masked
    assert "5551234" not in masked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"words": False, "language": "de"}, "found language without words"),
        ({"words": False, "redact": True}, "found redact without words"),
        ({"words": False, "translate": True}, "found translate without words"),
        ({"language": "fr"}, "found the language 'fr', expected one of the 2 codes"),
        ({"language": "../en"}, "language: String should match pattern"),
        ({"transcriber": "whisper:/etc"}, "found the option 'transcriber'"),
        ({"words_model": "/etc"}, "found the option 'words_model'"),
    ],
)
def test_what_cannot_be_asked_for_is_told_in_one_line(
    serve: Serve, talk: Path, options: dict[str, Any], said: str
) -> None:
    answer = ask(serve(transcriber=Scripted()), talk, **options)
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert len(answer.json()["error"].splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"words": 0}, "this server was started without words (--words 0)"),
        ({"transcriber": "whisper:no/such/folder"}, "this server writes no words down: "),
        ({"transcriber": "pocketsphinx", "translate": "whisper"}, "which translates nothing"),
        ({"transcriber": Scripted(), "words_model": "no/such"}, "this server writes no words"),
    ],
)
def test_without_words_the_voice_is_heard_all_the_same(
    serve: Serve, talk: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], said: str
) -> None:
    if "translate" in settings:
        pytest.importorskip("pocketsphinx", reason="pocketsphinx isn't here: extra words")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    client = serve(**settings)
    answer = ask(client, talk)
    assert answer.status_code == 501
    assert said in answer.json()["error"]
    words = client.get("/v1/about").json()["words"]
    assert not words["available"]
    assert said in words["reason"]
    assert ask(client, talk, words=False).json()["segments"]


def test_what_is_not_installed_is_told_before_anybody_asks(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affetto.server.words.find_spec", lambda name: None)
    words = serve().get("/v1/about").json()["words"]
    assert not words["available"]
    assert 'pip install "affetto[words]"' in words["reason"]


def test_it_is_told_what_writes_down(serve: Serve) -> None:
    pytest.importorskip("openai", reason="openai isn't here: extra words")
    words = serve(transcriber=Scripted(), words=2).get("/v1/about").json()["words"]
    assert words == {
        "available": True,
        "reason": "",
        "transcriber": "scripted",
        "fallback": False,
        "languages": ["en", "de"],
        "translator": None,
        "streams": 2,
    }
    elsewhere = {"transcriber": "http://me:secret@localhost:9/v1#m", "translate": "http://b.org/v1"}
    told = serve(**elsewhere).get("/v1/about").text
    assert "secret" not in told
    assert "b.org" not in told
    assert '"transcriber":"a server"' in told.replace('": ', '":')


def test_settings_that_mean_nothing_end_the_start(model: Path) -> None:
    for settings, said in (
        ({"transcriber": "a parrot"}, "found the transcriber 'a parrot'"),
        ({"translate": "babel fish"}, "found the translator 'babel fish'"),
        ({"words_weight": 7.0}, "expected 0 to 5"),
        ({"words_weight": 1.0, "fusion": Path("f.json")}, "found a weight beside a fusion"),
        ({"words": -1}, "found words -1"),
        ({"patience": 0.0}, "found patience 0.0"),
    ):
        with pytest.raises(OptionError, match=said):
            create_app(Settings(models=(str(model),), **settings))


def test_a_recogniser_that_fails_is_told(serve: Serve, talk: Path) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted)
    scripted.fails.set()
    answer = ask(client, talk)
    assert answer.status_code == 502
    assert answer.json()["error"].startswith("found the recogniser broken")
    scripted.fails.clear()
    assert ask(client, talk).status_code == 200


def test_one_is_opened_for_all_and_hears_one_sound_at_a_time(
    serve: Serve, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai", reason="openai isn't here: extra words")
    opened: list[Scripted] = []

    def open_one(name: str, **_: Any) -> Scripted:
        opened.append(Scripted())
        time.sleep(0.2)
        return opened[-1]

    monkeypatch.setattr("affetto.server.words.open_transcriber", open_one)
    client = serve(workers=2, transcriber="http://localhost:9/v1")
    assert client.get("/v1/about").json()["words"]["available"]
    assert opened == []
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(client, talk), range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(opened) == 1
    assert opened[0].most == 1
    assert len(opened[0].asked) == 12


def test_the_voice_waits_behind_no_words(serve: Serve, talk: Path) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted, workers=1, waiting=1)
    scripted.hold.clear()
    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(ask, client, talk) for _ in range(2)]
        wait_for(lambda: client.get("/health").json()["recordings"] == 2)
        assert ask(client, talk, words=False).status_code == 200
        full = ask(client, talk)
        assert full.status_code == 503
        assert full.headers["retry-after"]
        assert "leave the words out" in full.json()["error"]
        scripted.hold.set()
        assert [answer.result().status_code for answer in slow] == [200, 200]


def test_who_leaves_has_no_more_written_down(serve: Serve, tmp_path: Path) -> None:
    parts = [part for _ in range(6) for part in (voice_like(2.0), silence(3.0))]
    audio.save(tmp_path / "long.flac", np.concatenate(parts))
    scripted = Scripted()
    client = serve(transcriber=scripted)
    scripted.hold.clear()
    with pytest.raises(httpx2.TimeoutException):
        ask_briefly(client, tmp_path / "long.flac")
    time.sleep(0.5)  # the server looks four times a second
    scripted.hold.set()
    wait_for(lambda: client.get("/health").json()["recordings"] == 0)
    assert len(scripted.asked) < 6


def ask_briefly(client: httpx2.Client, path: Path) -> None:
    files = {"file": ("long.flac", path.read_bytes())}
    client.post("/v1/analyze?words=true", files=files, timeout=2.0)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_turns_are_had_in_the_order_of_asking() -> None:
    turns, had, threads = Turns(), [], []

    def have(number: int) -> None:
        with turns.take():
            had.append(number)

    with turns.take():
        for number in range(20):
            threads.append(threading.Thread(target=have, args=(number,)))
            threads[-1].start()
            wait_for(lambda number=number: turns.taken == number + 2)  # type: ignore[misc]
    for thread in threads:
        thread.join()
    assert had == list(range(20))


def test_a_timeline_with_words_is_written_in_other_formats(serve: Serve, talk: Path) -> None:
    client = serve(transcriber=Scripted())
    row = ask(client, talk, track=True).json()
    body = httpx2.Response(200, json=row).content
    again = client.post("/v1/convert", files={"timeline": ("t.json", body)}).json()
    assert again["words"] == row["words"]
    assert Timeline.from_dict(again).words is not None
    many = row | {"words": row["words"] | {"phrases": row["words"]["phrases"][:1] * 30_001}}
    body = httpx2.Response(200, json=many).content
    answer = client.post("/v1/convert", files={"timeline": ("t.json", body)})
    assert answer.status_code == 422
    assert "found 30001 phrases, expected at most 30000" in answer.json()["error"]


@pytest.fixture(scope="module")
def sentences() -> Path:
    import os

    shared = Path(os.environ.get("AFFETTO_SHARED") or Path(__file__).parents[3] / "shared")
    if not (shared / "speech" / "transcripts.csv").is_file():
        pytest.skip("the sentences aren't here: set AFFETTO_SHARED")
    return shared / "speech"


@pytest.mark.corpora
def test_a_real_sentence_is_written_down(serve: Serve, sentences: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx isn't here: extra words")
    client = serve(models=("default",), transcriber="pocketsphinx")
    before = client.get("/v1/about").json()["words"]
    assert (before["fallback"], before["languages"]) == (True, ["en"])
    row = ask(client, sentences / "LJ001-0004.flac").raise_for_status().json()
    said = " ".join(phrase["text"] for phrase in row["words"]["phrases"])
    assert "the immediate predecessors" in said
    assert row["words"]["language"] == "en"
    assert "embedded fallback" in row["words"]["transcriber"]
    words = [word for phrase in row["words"]["phrases"] for word in phrase["words"]]
    assert 0.0 <= words[0]["start"] < words[-1]["end"] <= row["duration"] + 0.1
    after = client.get("/v1/about").json()["words"]
    assert after["transcriber"] == row["words"]["transcriber"]
    assert (after["fallback"], after["languages"]) == (True, ["en"])


@pytest.mark.corpora
def test_nobody_waits_while_the_embedded_one_decodes(
    serve: Serve, sentences: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx isn't here: extra words")
    parts = [audio.load(sentences / f"LJ001-000{n}.flac").samples for n in (1, 3, 5)]
    audio.save(tmp_path / "long.flac", np.concatenate(parts))
    client = serve(models=("default",), transcriber="pocketsphinx")
    with ThreadPoolExecutor(1) as pool:
        hearing = pool.submit(ask, client, tmp_path / "long.flac")
        waits = []
        while not hearing.done():
            began = time.monotonic()
            client.get("/health").raise_for_status()
            waits.append(time.monotonic() - began)
            time.sleep(0.02)
        assert hearing.result().json()["words"]["phrases"]
    assert max(waits) < 2.0  # decoding takes several times as long, in one go


def test_a_process_that_ends_is_replaced(serve: Serve, talk: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx isn't here: extra words")
    apart = ApartTranscriber()
    try:
        assert apart.transcribe(silence(1.0)).phrases == ()
        stream = apart.stream(language="en")
        assert stream.feed(silence(1.0)).finished == ()
        for process in apart._all:
            process.end()
        with pytest.raises(TranscriptionError, match="ask again"):
            stream.feed(silence(1.0))
        with pytest.raises(TranscriptionError, match="ask again"):
            stream.finish()
        assert apart.transcribe(silence(1.0)).language == "en"
        with pytest.raises(OptionError, match="found the language 'de'"):
            apart.stream(language="de")
        with pytest.raises(AudioError):
            apart.transcribe(np.full(16_000, np.nan, np.float32))
        left = [process._process for process in apart._all]
    finally:
        apart.close()
    assert left
    assert all(process.poll() is not None for process in left)
