from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import ModelError
from affetto.models import Card, SpeechThresholds
from tiny_model import card


def test_a_card_survives_its_yaml(tmp_path: Path) -> None:
    original = replace(
        card(),
        window=2.5,
        temperature=1.25,
        description="über Gefühle",
        results={"ravdess-6fold": {"uar": 0.7}},
        speech=SpeechThresholds(on=0.6, off=0.4),
    )
    (tmp_path / "card.yaml").write_text(original.dump(), encoding="utf-8")
    assert Card.read(tmp_path / "card.yaml") == original


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format": 99}, "format"),
        ({"labels": ["sad"]}, "labels"),
        ({"labels": ["sad", "hungry"]}, "hungry"),
        ({"labels": "sad"}, "labels"),
        ({"receptive": "many"}, "receptive"),
        ({"stride": 0}, "stride"),
        ({"window": -1.0}, "window"),
        ({"temperature": float("nan")}, "temperature"),
        ({"front_end": {"kind": "spectrogram"}}, "spectrogram"),
        ({"front_end": []}, "front_end"),
        ({"speech": {"on": 0.2, "off": 0.8}}, "on 0.2"),
        ({"speech": {"loud": 1}}, "loud"),
        ({"training": [{"corpus": "x"}]}, "licence"),
        ({"sha256": ["a"]}, "sha256"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_card_is_refused_by_what_is_wrong(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(card().to_dict() | change), encoding="utf-8")
    with pytest.raises(ModelError, match=named) as caught:
        Card.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["name", "labels", "front_end", "receptive", "stride"])
def test_a_missing_field_is_named(name: str) -> None:
    row = card().to_dict()
    del row[name]
    with pytest.raises(ModelError, match=f"no {name}"):
        Card.from_dict(row)


@given(st.binary(max_size=200))
def test_no_bytes_make_a_card_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "card.yaml"
    path.write_bytes(data)
    with pytest.raises(ModelError):
        Card.read(path)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(card().to_dict())), _plain)
def test_any_value_in_any_field_is_read_or_refused(name: str, value: object) -> None:
    try:
        read = Card.from_dict(card().to_dict() | {name: value})
    except ModelError:
        return
    assert Card.from_dict(read.to_dict()) == read
