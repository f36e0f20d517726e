"""The server keeps to its own OpenAPI document: schemathesis asks it, on a real socket."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis isn't here: extra dev")

from hypothesis import strategies as st
from schemathesis.engine import events, from_schema
from websockets.sync.client import connect

from affetto import analyze, audio
from scripted_words import Scripted
from tiny_model import silence, voice_like

Serve = Callable[..., httpx2.Client]

TOKEN = "a-token-that-nobody-guesses"
SHOWN = {"authorization": f"Bearer {TOKEN}"}
WORDS = {
    "query.labels": ["happy,sad", "neutral,angry,sad", "happy", "glee,sad"],
    "query.prior": ["even", "angry=2", "everyday", "sad=0.5,happy=1e300", "angry=nan"],
    "query.model": ["tiny", "default"],
    "query.words": ["true"],
    "query.language": ["en", "de-AT"],
}
"""What chance alone would not find."""


@pytest.fixture(scope="module", autouse=True)
def bodies(model: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Say what `format: binary` may be: sounds and timelines, whole and cut off, and bytes."""
    folder = tmp_path_factory.mktemp("bodies")
    mono = np.concatenate([voice_like(1.0), silence(0.5), voice_like(0.5)])
    audio.save(folder / "mono.flac", mono)
    audio.save(folder / "stereo.wav", np.stack([mono, mono[::-1]]))
    row = analyze(folder / "mono.flac", model=model).to_dict(track=True)
    strange = {"source": "\udc80\x00\u2028", "warnings": ["\ud800"], "track": None}
    sounds = [(folder / name).read_bytes() for name in ("mono.flac", "stereo.wav")]
    timelines = [json.dumps(row).encode(), json.dumps(row | strange).encode()]
    whole = st.sampled_from([*sounds, *timelines])
    cut = st.builds(lambda body, at: body[: at % len(body)], whole, st.integers(min_value=1))
    schemathesis.openapi.format("binary", whole | cut | st.binary(max_size=300))


def keep(client: httpx2.Client) -> str:
    """Send a little sound that is kept; give the session's name."""
    url = f"ws://127.0.0.1:{client.base_url.port}/v1/stream"
    with connect(url, additional_headers=SHOWN) as socket:
        socket.send(json.dumps({"type": "start", "keep": True, "every": 0.5}))
        started = json.loads(socket.recv(timeout=30))
        socket.send(voice_like(1.0).astype("<f4").tobytes())
        socket.send(json.dumps({"type": "end", "keep": True}))
        while json.loads(socket.recv(timeout=30))["type"] != "timeline":
            pass
    return str(started["session"])


def ask(
    client: httpx2.Client, *, examples: int, token: str | None = None, **more: Any
) -> dict[str, set[int]]:
    """Let schemathesis ask all that it thinks of; give the statuses of each operation."""
    document = client.get("/openapi.json").raise_for_status().json()
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False  # so that all that comes must be described
    words = WORDS | {"path.session": [keep(client)]}
    config = {
        "base-url": str(client.base_url),
        "seed": 1,
        "generation": {
            "max-examples": examples,
            "deterministic": True,
            "database": "none",
            "unique-inputs": True,
        },
        # An option that is of its type may be out of its range all the same.
        "checks": {"positive_data_acceptance": {"enabled": False}},
        "phases": {"coverage": {"unexpected-methods": ["PUT", "OPTIONS"]}},
        "dictionaries": {name: {"values": values} for name, values in words.items()},
        "parameters": {name: {"dictionary": name, "probability": 0.6} for name in words},
    }
    if token is not None:
        config["auth"] = {"openapi": {"token": {"bearer": token}}}
    schema = schemathesis.openapi.from_dict(
        document, config=schemathesis.Config.from_dict(config | more)
    )
    statuses: dict[str, set[int]] = defaultdict(set)
    faults = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            faults.append(repr(event.value))
        if not isinstance(event, events.ScenarioFinished):
            continue
        for name, interaction in event.recorder.interactions.items():
            assert interaction.response is not None, interaction.request
            operation = event.recorder.cases[name].value.operation.label
            statuses[operation].add(interaction.response.status_code)
        faults += [
            f"{check.failure_info.failure}\n{check.failure_info.code_sample}"
            for checks in event.recorder.checks.values()
            for check in checks
            if check.failure_info is not None
        ]
    assert not faults, "\n\n".join(faults)
    return statuses


def test_no_answer_is_other_than_described(serve: Serve, tmp_path: Path) -> None:
    statuses = ask(serve(data=tmp_path, transcriber=Scripted()), examples=15)
    assert len(statuses) == 9
    for operation, found in statuses.items():
        # This server fetches nothing; where it does is tested with a site.
        taken = found & {200, 204} or operation == "POST /v1/fetch"
        assert taken, f"{operation}: nothing that it takes was asked"
        assert not {status for status in found if status >= 500}


def test_with_a_token_no_answer_is_other_than_described(serve: Serve, tmp_path: Path) -> None:
    client = serve(data=tmp_path, token=TOKEN, transcriber=Scripted())
    statuses = ask(client, examples=12, token=TOKEN, phases={"coverage": {"enabled": False}})
    for operation, found in statuses.items():
        assert (401 in found) == (operation != "GET /health"), operation


def test_without_the_token_every_operation_is_closed(serve: Serve) -> None:
    client = serve(token=TOKEN)
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            closed = path != "/health"
            for headers in ({}, {"authorization": "Bearer of-something-else"}):
                answer = client.request(method, path, headers=headers)
                assert answer.status_code == (401 if closed else 200), (method, path)
            assert ("401" in operation["responses"]) == closed
            assert "403" in operation["responses"]
    open_to_all = serve().get("/openapi.json").json()["paths"]
    assert not any(
        "401" in operation["responses"]
        for operations in open_to_all.values()
        for operation in operations.values()
    )


def test_every_error_is_described_as_the_one_line_that_it_is(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Error"}
    flac = document["paths"]["/v1/stream/{session}"]["get"]["responses"]["200"]["content"]
    assert flac == {"audio/flac": {"schema": {"type": "string", "format": "binary"}}}


def test_an_address_tells_all_of_its_methods(client: httpx2.Client) -> None:
    for path, methods in {
        f"/v1/stream/{'a' * 32}": "GET, DELETE",
        "/v1/analyze": "POST",
        "/openapi.json": "GET, HEAD",
    }.items():
        answer = client.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


# What schemathesis doesn't think of.

ROW: dict[str, Any] = {"source": "x", "duration": 3.0, "model": "m", "segments": []}
SEGMENT = {"start": 1.0, "end": 2.0, "emotion": "sad", "scores": {"sad": 1.0}}
SEGMENT |= {"confidence": 1.0, "valence": 0.0, "arousal": 0.0}

PHRASE = {"start": 1.0, "end": 2.0, "text": "so"}
SPOKEN = PHRASE | {"words": [{"text": "so", "start": 1.0, "end": 2.0}] * 250}


def convert(client: httpx2.Client, row: dict[str, Any], form: str) -> httpx2.Response:
    part = ("t.json", json.dumps(row).encode())
    return client.post(f"/v1/convert?format={form}&drawing=true", files={"timeline": part})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"segments": [SEGMENT | {"end": 1.0}]}, "start 1.0 and end 1.0"),
        ({"segments": [SEGMENT | {"end": 1e308}]}, "hours of sound"),
        ({"segments": [SEGMENT | {"end": 1e308}] * 3}, "segments without an end"),
        ({"prior": {"sad": float("nan")}}, "prior of 'sad' nan"),
        ({"warnings": [1]}, "warnings 1"),
        ({"warnings": [float("inf")]}, "warnings inf"),
        ({"speakers": [[]]}, "speakers []"),
        ({"speakers": ["S1"] * 1001}, "found 1001 speakers, expected at most 1000"),
        ({"warnings": ["w"] * 1001}, "found 1001 warnings"),
        ({"segments": [SEGMENT] * 50_001}, "found 50001 segments, expected at most 50000"),
        ({"segments": [SEGMENT | {"emotion": str(n)} for n in range(1, 101)]}, "found 101 labels"),
        ({"segments": [SEGMENT | {"speaker": str(n)} for n in range(1001)]}, "found 1001 speakers"),
        ({"words": {"phrases": [{}]}}, "found no 'start' in it"),
        ({"words": {"phrases": [PHRASE | {"end": 0.5}]}}, "a phrase with start 1.0 and end 0.5"),
        ({"words": {"phrases": [PHRASE] * 30_001}}, "found 30001 phrases, expected at most 30000"),
        ({"words": {"phrases": [SPOKEN] * 1_001}}, "found 250250 words, expected at most 250000"),
        (
            {"words": {"phrases": [PHRASE | {"voice": {str(n): 0.5}} for n in range(101)]}},
            "found 101 labels",
        ),
        ({"nothing": [{}] * 600_000}, "found 600001 objects"),
        ({"nothing": [[]] * 900_000}, "and 900002 lists"),
    ],
)
@pytest.mark.parametrize("form", ["json", "csv", "html"])
def test_a_timeline_that_no_model_gives_is_refused(
    client: httpx2.Client, more: dict[str, Any], said: str, form: str
) -> None:
    answer = convert(client, ROW | more, form)
    assert answer.status_code == 422
    assert said in answer.json()["error"]


def test_a_timeline_has_a_limit_of_its_own(client: httpx2.Client) -> None:
    long = json.dumps(ROW | {"nothing": "x" * 33_000_000}).encode()
    answer = client.post("/v1/convert", files={"timeline": ("t.json", long)})
    assert answer.status_code == 413
    assert "timeline: found more than 32 MB" in answer.json()["error"]
    lines = client.post("/v1/convert", files={"timeline": ("t.json", b"\n" * 3_000_000 + b"x")})
    assert "line 3000001: found no JSON" in lines.json()["error"]
    endless = convert(client, ROW | {"duration": "9" * 1_000_000}, "json")
    assert endless.status_code == 422
    assert len(endless.text) < 1000


def test_text_that_is_no_utf8_comes_back_as_it_was(client: httpx2.Client) -> None:
    odd = "\udcff\x00\u2028"
    row = ROW | {"source": odd, "warnings": [odd], "segments": [SEGMENT | {"text": odd}]}
    answer = convert(client, row, "json").json()
    assert (answer["source"], answer["warnings"], answer["segments"][0]["text"]) == (
        odd,
        [odd],
        odd,
    )
    for form in ("csv", "html"):
        assert convert(client, row, form).status_code == 200


@pytest.mark.parametrize(
    "charset", ["undefined", "idna", "raw_unicode_escape", "no-such", "utf-16"]
)
def test_a_form_of_a_strange_charset_is_told_in_one_line(
    client: httpx2.Client, charset: str
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="\\ud800\\n.wav"\r\n\r\n'
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = client.post("/v1/analyze", content=body + b"none\r\n--x--\r\n", headers=headers)
    assert answer.status_code == 422
    assert len(answer.json()["error"].splitlines()) == 1


def test_a_form_is_one_however_its_type_is_written(client: httpx2.Client) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\r\n--x--\r\n'
    )
    headers = {"content-type": "Multipart/Form-Data ; boundary=x"}
    answer = client.post("/v1/analyze", content=body, headers=headers)
    assert "a.wav: found an empty file" in answer.json()["error"]


def test_a_sound_beside_a_timeline_is_called_by_its_name(client: httpx2.Client) -> None:
    files = {"timeline": ("t", json.dumps(ROW).encode()), "file": ("n.txt", b"none" * 50)}
    answer = client.post("/v1/convert?format=html", files=files)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("n.txt: found text")
