"""A model that judges windows for itself, behind a server, on a real socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from affetto import analyze, audio
from affetto.models import available
from affetto.recognition import Recognizer
from tiny_window import write_judge

TALK = Path(__file__).resolve().parents[2] / "examples" / "angry.flac"

pytestmark = pytest.mark.skipif(
    "default" not in available(), reason="no model is bundled here that tells where speech is"
)


def test_recordings_and_streams_are_heard_with_it(serve: Any, tmp_path: Path) -> None:
    folder = write_judge(tmp_path / "judge", genders=True).folder
    client = serve(models=(str(folder),), data=tmp_path / "data")
    row = client.post("/v1/analyze", content=TALK.read_bytes()).json()
    assert row["model"] == "judge 0"
    assert row["segments"] == analyze(TALK, model=folder).to_dict()["segments"]
    assert {segment["gender"] for segment in row["segments"]} <= {"f", "m"}
    page = client.post("/v1/analyze?format=html", content=TALK.read_bytes())
    assert page.text.startswith("<!doctype html>")

    talk = audio.load(TALK).samples
    url = f"ws://127.0.0.1:{client.base_url.port}/v1/stream"
    with connect(url, max_size=None, compression=None) as socket:
        socket.send(json.dumps({"type": "start", "every": 0.5, "keep": True}))
        started = json.loads(socket.recv(timeout=30))
        assert (started["type"], started["model"]) == ("started", "judge 0")
        for part in np.array_split(talk.astype("<f4"), 20):
            socket.send(part.tobytes())
        socket.send(json.dumps({"type": "end"}))
        rows = [json.loads(socket.recv(timeout=30))]
        while rows[-1]["type"] != "timeline":
            rows.append(json.loads(socket.recv(timeout=30)))
    wanted = Recognizer(folder, causal=True).recognize(talk)
    assert rows[-1]["timeline"]["segments"] == [segment.to_dict() for segment in wanted]
    assert any(row.get("speaking") for row in rows)
