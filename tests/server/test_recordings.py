"""Recordings over HTTP, on a real socket."""

import base64
import csv
import io
import json
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import numpy as np
import pytest
from websockets.sync.client import connect

from affetto import analyze, audio
from affetto.errors import OptionError
from affetto.server import Settings, create_app
from affetto.server.workers import BusyError, Slots
from tiny_model import silence, voice_like, write_tiny

PLAYER = re.compile("<html[^>]*has-player")


FORM = "Content-Type: multipart/form-data; boundary=x\r\n"


@pytest.fixture
def sender() -> Iterator[Callable[..., socket.socket]]:
    """Send the head of a request and the beginning of its body, and no more."""
    with ExitStack() as opened:

        def send(client: httpx2.Client, *, headers: str = "", body: bytes = b"") -> socket.socket:
            line = socket.create_connection(("127.0.0.1", client.base_url.port), timeout=20)
            head = "POST /v1/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            line.sendall(f"{head}{headers}\r\n".encode() + body)
            return opened.enter_context(line)

        yield send


def answer(line: socket.socket) -> tuple[int, str]:
    """Read an answer: its status, and what it says is wrong."""
    response = HTTPResponse(line)
    response.begin()
    return response.status, json.loads(response.read())["error"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let no recording be heard, nor stopped, until this is set."""
    hold = threading.Event()

    def slow(*args: object, progress: object, **kwargs: object) -> object:
        assert hold.wait(30)
        return analyze(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("affetto.server.recordings.analyze", slow)
    yield hold
    hold.set()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.flac"
    audio.save(path, np.concatenate([voice_like(3.0), silence(1.0), voice_like(2.0)]))
    return path


def test_a_recording_gives_the_timeline_of_the_command(
    client: httpx2.Client, talk: Path, model: Path
) -> None:
    answer = client.post("/v1/analyze", files={"file": ("my talk.flac", talk.read_bytes())})
    assert answer.status_code == 200
    row = answer.json()
    assert row["source"] == "my talk.flac"
    assert row["segments"] == analyze(talk, model=model).to_dict()["segments"]
    bare = client.post("/v1/analyze", content=talk.read_bytes())
    assert bare.json()["segments"] == row["segments"]


def test_options_are_those_of_the_command(client: httpx2.Client, talk: Path, model: Path) -> None:
    options = {"labels": "happy,sad", "hop": "0.25", "baseline": "false", "track": "true"}
    row = client.post("/v1/analyze", params=options, content=talk.read_bytes()).json()
    wanted = analyze(talk, model=model, labels="happy,sad", hop=0.25, baseline=False)
    assert row["segments"] == wanted.to_dict()["segments"]
    assert set(row["segments"][0]["scores"]) == {"happy", "sad"}
    assert len(row["track"]["times"]) == 24
    two = client.post("/v1/analyze", params={"speakers": 2}, content=talk.read_bytes()).json()
    assert two["segments"][0]["speaker"] == "S1"


def test_tables_and_pages_are_given_too(client: httpx2.Client, talk: Path) -> None:
    table = client.post("/v1/analyze?format=csv", content=talk.read_bytes())
    assert table.headers["content-type"].startswith("text/csv")
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == 2
    page = client.post("/v1/analyze?format=html", content=talk.read_bytes())
    assert page.text.startswith("<!doctype html>")
    assert PLAYER.search(page.text)


def test_a_page_is_told_what_to_draw(client: httpx2.Client, talk: Path) -> None:
    options = {"track": "true", "drawing": "true"}
    row = client.post("/v1/analyze", params=options, content=talk.read_bytes()).json()
    drawing = row["drawing"]
    assert drawing["duration"] == row["duration"] == 6.0
    pairs = np.frombuffer(base64.b64decode(drawing["peaks"]["pairs"]), np.int8)
    assert len(pairs) == 2 * drawing["duration"] * drawing["peaks"]["rate"]
    assert drawing["spectrogram"]["tiles"][0].startswith("data:image/png;base64,")
    times = np.frombuffer(base64.b64decode(drawing["track"]["times"]), "<f4")
    assert times == pytest.approx(row["track"]["times"], abs=1e-3)


def test_as_told_live(client: httpx2.Client, talk: Path, model: Path) -> None:
    row = client.post("/v1/analyze?causal=true", content=talk.read_bytes()).json()
    wanted = analyze(talk, model=model, causal=True)
    assert row["segments"] == wanted.to_dict()["segments"]


def test_requests_choose_among_the_models(serve, talk: Path, model: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other", name="other").folder
    client = serve(models=(str(model), str(other)))
    assert client.get("/v1/models").json()["loaded"] == ["tiny", "other"]
    for name, title in {"": "tiny 0", "?model=tiny": "tiny 0", "?model=other": "other 0"}.items():
        row = client.post(f"/v1/analyze{name}", content=talk.read_bytes()).json()
        assert row["model"] == title
    refused = client.post("/v1/analyze?model=none", content=talk.read_bytes())
    assert refused.status_code == 422
    assert "expected one of this server's: tiny, other" in refused.json()["error"]
    with pytest.raises(OptionError, match="two models called tiny 0"):
        create_app(Settings(models=(str(model),) * 3))


def test_the_vocabulary_the_formats_and_the_limits_are_told(client: httpx2.Client) -> None:
    about = client.get("/v1/about").json()
    assert {row["name"]: row["colour"] for row in about["emotions"]}["sad"] == "#0072b2"
    assert {"json", "csv", "html"} <= {row["name"] for row in about["formats"]}
    assert about["limits"]["bytes"] == Settings().upload
    assert about["fetch"] is False


def test_a_timeline_is_written_anew_without_hearing_again(
    client: httpx2.Client, talk: Path
) -> None:
    sound = talk.read_bytes()
    row = client.post("/v1/analyze?track=true", content=sound).json()
    part = ("timeline.json", json.dumps(row).encode())
    again = client.post("/v1/convert", files={"timeline": part})
    assert again.json() == row
    table = client.post("/v1/convert?format=csv", files={"timeline": part})
    assert table.text == client.post("/v1/analyze?format=csv", content=sound).text
    mute = client.post("/v1/convert?format=html", files={"timeline": part})
    assert mute.text.startswith("<!doctype html>")
    assert not PLAYER.search(mute.text)
    loud = client.post("/v1/convert?format=html", files={"timeline": part, "file": ("a", sound)})
    assert PLAYER.search(loud.text)


def test_what_is_no_timeline_is_told(client: httpx2.Client) -> None:
    good = {"source": "x", "duration": 3.0, "model": "m", "segments": []}
    segment = {"start": 1.0, "end": 2.0, "emotion": "sad", "scores": {"sad": 1.0}}
    segment |= {"confidence": 1.0, "valence": 0.0, "arousal": 0.0}
    for bad, said in {
        "no json": "found no JSON",
        json.dumps([good, good]): "found 2 timelines",
        json.dumps(good | {"duration": "long"}): "expected a timeline",
        json.dumps(good | {"duration": float("nan")}): "duration",
        json.dumps(good | {"duration": 1e9}): "hours of sound",
        json.dumps(good | {"segments": [segment | {"start": 2.5}]}): "start",
        json.dumps(good | {"segments": [segment | {"end": float("inf")}]}): "end",
        json.dumps(good | {"segments": [segment | {"emotion": 3}]}): "emotion",
        json.dumps(good | {"segments": [segment | {"valence": 7}]}): "valence",
        json.dumps(
            good | {"track": {"times": [1], "labels": ["sad"], "scores": [[]], "speech": [1]}}
        ): "track",
    }.items():
        for form in ("html", "json", "csv"):
            answer = client.post(
                f"/v1/convert?format={form}&drawing=true", files={"timeline": ("t", bad.encode())}
            )
            assert answer.status_code == 422, bad
            assert said in answer.json()["error"], answer.text
    assert client.post("/v1/convert", content=b"{}").status_code == 422
    lone = client.post("/v1/convert", files={"file": ("a", b"x")})
    assert "its part 'timeline'" in lone.json()["error"]


def test_addresses_are_fetched_only_where_that_is_allowed(serve, talk: Path) -> None:
    closed = serve().post("/v1/analyze", params={"url": "https://example.org/a.mp3"})
    assert closed.status_code == 422
    assert "this server fetches none" in closed.json()["error"]
    private = serve(fetch=True).post("/v1/analyze", params={"url": "http://127.0.0.1/a.mp3"})
    assert private.status_code == 422
    assert "127.0.0.1" in private.json()["error"]


@pytest.mark.parametrize(
    ("path", "request_", "status", "said"),
    [
        ("/v1/analyze", {"content": b"not a sound at all" * 50}, 422, "upload: found text"),
        ("/v1/analyze", {"files": {"file": ("n.txt", b"none" * 50)}}, 422, "n.txt: found text"),
        ("/v1/analyze", {"content": b""}, 422, "empty body"),
        ("/v1/analyze", {"files": {"file": ("a.wav", b"")}}, 422, "a.wav: found an empty file"),
        ("/v1/analyze", {"files": {"other": ("a.wav", b"x")}}, 422, "without a file"),
        ("/v1/analyze?hop=soon", {"content": b"x"}, 422, "hop: "),
        ("/v1/analyze?hop=-1", {"content": b"x"}, 422, "hop"),
        ("/v1/analyze?labels=glee", {"content": b"x"}, 422, "glee"),
        ("/v1/analyze?denoise=true", {"content": b"x"}, 422, "found the option 'denoise'"),
        ("/v1/analyze?format=mid", {"content": b"x"}, 422, "format: "),
        ("/v1/nothing", {"content": b"x"}, 404, "Not Found"),
    ],
)
def test_what_can_be_mended_is_told_in_one_line(
    client: httpx2.Client, path: str, request_: dict[str, object], status: int, said: str
) -> None:
    answer = client.post(path, **request_)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_a_form_that_is_broken_off_is_told(client: httpx2.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"--x\r\nContent-Disposition: form-data", b"--y--", b""):
        answer = client.post("/v1/analyze", content=body, headers=headers)
        assert answer.status_code == 422
        assert "form" in answer.json()["error"]


def test_size_and_length_have_limits(serve, talk: Path) -> None:
    small = serve(upload=10_000)
    for request in ({"content": bytes(20_000)}, {"files": {"file": ("a.wav", bytes(20_000))}}):
        answer = small.post("/v1/analyze", **request)
        assert answer.status_code == 413
        assert "more than 0.01 MB" in answer.json()["error"]
    unannounced = small.post("/v1/analyze", content=(bytes(1_000) for _ in range(20)))
    assert unannounced.status_code == 413
    brief = serve(duration=2.0)
    answer = brief.post("/v1/analyze", content=talk.read_bytes())
    assert answer.status_code == 422
    assert "hours of sound" in answer.json()["error"]


def test_a_full_server_says_when_to_come_back(serve, talk: Path, hold: threading.Event) -> None:
    client = serve(workers=1, waiting=1)
    answers: list[httpx2.Response] = []

    def ask() -> None:
        answers.append(client.post("/v1/analyze", content=talk.read_bytes()))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    wait_for(lambda: client.get("/health").json()["recordings"] == 2)
    refused = client.post("/v1/analyze", content=talk.read_bytes())
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    hold.set()
    for thread in asking:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert client.get("/health").json()["recordings"] == 0
    assert 'affetto_recordings_total{outcome="refused"} 1.0' in client.get("/metrics").text


def test_nobody_is_told_to_come_back_in_an_hour() -> None:
    slots = Slots(1, "streams")
    slots.mean = 3600.0
    with slots.take(), pytest.raises(BusyError) as refused, slots.take():
        pass
    assert refused.value.retry_after == 30


def test_half_a_body_takes_no_place_at_work(serve, talk: Path, sender) -> None:
    client = serve(workers=1, waiting=0, idle=1.0)
    halves = [sender(client, body=b"RIFF"), sender(client, headers=FORM, body=b"--x\r\nContent-")]
    halves.append(sender(client))
    assert client.post("/v1/analyze", content=talk.read_bytes()).status_code == 200
    for half in halves:
        status, said = answer(half)
        assert status == 504
        assert "found nothing more of the body for 1 s" in said


def test_bodies_on_their_way_are_so_many_and_no_more(serve, talk: Path, sender) -> None:
    client = serve(workers=1, waiting=0, idle=1.5)
    halves = [sender(client, body=b"RIFF") for _ in range(4)]

    def full() -> bool:
        found = client.post("/v1/analyze", content=talk.read_bytes())
        return found.status_code == 503 and int(found.headers["retry-after"]) >= 1

    wait_for(full)
    for half in halves:
        assert answer(half)[0] == 504
    assert client.post("/v1/analyze", content=talk.read_bytes()).status_code == 200


def test_a_body_that_drips_is_given_up(serve, sender) -> None:
    client = serve(timeout=0.6, idle=0.4)
    line = sender(client)

    def drip() -> None:
        with suppress(OSError):
            for _ in range(40):
                line.sendall(b"x")
                time.sleep(0.1)

    thread = threading.Thread(target=drip)
    thread.start()
    status, said = answer(line)
    assert status == 504
    assert "found no end of the body within 0.6 s" in said
    line.close()
    thread.join()


def test_a_body_that_breaks_off_is_counted_and_forgotten(serve, sender) -> None:
    client = serve()
    sender(client, body=b"RIFF").close()
    counted = 'affetto_recordings_total{outcome="stopped"} 1.0'
    wait_for(lambda: counted in client.get("/metrics").text)
    assert client.get("/health").json()["recordings"] == 0


def test_work_that_goes_on_keeps_its_place(serve, talk: Path, hold: threading.Event) -> None:
    client = serve(workers=1, waiting=0, timeout=0.5)
    assert client.post("/v1/analyze", content=talk.read_bytes()).status_code == 504
    assert client.get("/health").json()["recordings"] == 1
    assert client.post("/v1/analyze", content=talk.read_bytes()).status_code == 503
    hold.set()
    wait_for(lambda: client.get("/health").json()["recordings"] == 0)
    assert client.post("/v1/analyze", content=talk.read_bytes()).status_code == 200


def keep(client: httpx2.Client) -> str:
    """Send two seconds that are kept; give the session's name."""
    with connect(f"ws://127.0.0.1:{client.base_url.port}/v1/stream") as line:
        line.send(json.dumps({"type": "start", "keep": True, "every": 0.5}))
        name = json.loads(line.recv(timeout=30))["session"]
        line.send(voice_like(2.0).astype("<f4").tobytes())
        line.send(json.dumps({"type": "end", "keep": True}))
        while json.loads(line.recv(timeout=30))["type"] != "timeline":
            pass
    return str(name)


def test_a_stream_removed_before_its_turn_is_not_found(
    serve, talk: Path, tmp_path: Path, hold: threading.Event
) -> None:
    client = serve(workers=1, data=tmp_path)
    name = keep(client)
    answers: list[httpx2.Response] = []

    def ask() -> None:
        answers.append(client.get(f"/v1/stream/{name}"))

    asking = (
        threading.Thread(target=lambda: client.post("/v1/analyze", content=talk.read_bytes())),
        threading.Thread(target=ask),
    )
    for count, thread in enumerate(asking, 1):
        thread.start()
        wait_for(lambda count=count: client.get("/health").json()["recordings"] == count)
    assert client.delete(f"/v1/stream/{name}").status_code == 204
    hold.set()
    for thread in asking:
        thread.join(30)
    assert answers[0].status_code == 404


@pytest.mark.parametrize("part", ["bytes=abc", "bytes=99999999-", "bytes=5-2", "bytes=0-10"])
def test_the_sound_of_a_stream_leaves_nothing_behind(
    serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    client = serve(data=tmp_path / "data")
    answer = client.get(f"/v1/stream/{keep(client)}", headers={"range": part})
    assert answer.status_code == 200
    assert audio.load(answer.content).duration == pytest.approx(2.0)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert not list((tmp_path / "temporary").iterdir())


def test_work_ends_when_nobody_waits_for_it_or_it_takes_too_long(
    serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()

    def endless(*args: object, progress, **kwargs: object) -> None:
        try:
            while True:
                time.sleep(0.05)
                progress(1.0, None)
        finally:
            stopped.set()

    monkeypatch.setattr("affetto.server.recordings.analyze", endless)
    client = serve(timeout=0.5)
    answer = client.post("/v1/analyze", content=b"x")
    assert answer.status_code == 504
    assert stopped.wait(10)
    stopped.clear()
    patient = serve(timeout=60.0)
    with pytest.raises(httpx2.TimeoutException):
        patient.post("/v1/analyze", content=b"x", timeout=0.5)
    assert stopped.wait(10)
    wait_for(lambda: patient.get("/health").json()["recordings"] == 0)


def test_the_server_tells_of_itself(client: httpx2.Client) -> None:
    assert client.get("/health").json()["model"] == "tiny 0"
    models = client.get("/v1/models").json()
    assert models["loaded"] == ["tiny"]
    assert {"tiny", "default"} <= {model["name"] for model in models["models"]}
    document = client.get("/openapi.json").json()
    assert "/v1/analyze" in document["paths"]
    assert client.get("/docs").status_code == 200


def test_only_who_may_comes_in(serve) -> None:
    guarded = serve(token="s" * 20)
    assert guarded.get("/v1/models").status_code == 401
    assert guarded.get("/health").status_code == 200
    wrong = guarded.get("/v1/models", headers={"authorization": "Bearer " + "t" * 20})
    assert wrong.status_code == 401
    right = guarded.get("/v1/models", headers={"authorization": "Bearer " + "s" * 20})
    assert right.status_code == 200


def test_pages_of_other_sites_and_other_names_stay_outside(serve) -> None:
    client = serve(origins=("https://friend.example",))
    port = client.base_url.port
    origins = {
        f"http://127.0.0.1:{port}": 200,
        "https://friend.example": 200,
        "https://stranger.example": 403,
        "null": 403,
        "http://[": 403,
    }
    for origin, status in origins.items():
        assert client.get("/v1/models", headers={"origin": origin}).status_code == status
    rebound = client.get("/v1/models", headers={"host": f"stranger.example:{port}"})
    assert rebound.status_code == 403


def test_a_page_of_a_site_that_was_named_may_ask_and_read(serve, talk: Path) -> None:
    friend, token = {"origin": "https://friend.example"}, {"authorization": "Bearer " + "s" * 20}
    wish = {"access-control-request-method": "POST"}
    client = serve(origins=(friend["origin"],), token="s" * 20)
    asked = client.options("/v1/analyze", headers=friend | wish)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-methods"] == "GET, POST, DELETE"
    assert asked.headers["access-control-allow-headers"] == "authorization, content-type"
    unknown = client.get("/v1/models", headers=friend)
    known = client.post("/v1/analyze", content=talk.read_bytes(), headers=friend | token)
    assert [found.status_code for found in (unknown, known)] == [401, 200]
    for found in (asked, unknown, known):
        assert found.headers["access-control-allow-origin"] == friend["origin"]
        assert "Origin" in found.headers["vary"]
        assert "access-control-allow-credentials" not in found.headers
    stranger = {"origin": "https://stranger.example"}
    refused = client.options("/v1/analyze", headers=stranger | wish)
    assert refused.status_code == 403
    for found in (refused, client.get("/health")):
        assert not [name for name in found.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("127.0.0.2:8723", 200),
        ("[::1]:8723", 200),
        ("10.0.0.1", 403),
        ("127.0.0.1.example.org", 403),
        ("localhost.example.org:8723", 403),
        ("", 403),
    ],
)
def test_every_name_of_this_machine_is_its_own(
    client: httpx2.Client, host: str, status: int
) -> None:
    assert client.get("/health", headers={"host": host}).status_code == status


def test_settings_that_would_open_the_house_are_refused() -> None:
    with pytest.raises(OptionError, match="set AFFETTO_TOKEN, or stay at"):
        Settings(host="0.0.0.0")
    with pytest.raises(OptionError, match="16 or more that nobody guesses"):
        Settings(host="0.0.0.0", token="short")
    assert Settings(host="::1").local
    assert not Settings(host="0.0.0.0", token="x" * 16).local
    with pytest.raises(OptionError, match="found streams 0"):
        Settings(streams=0)
