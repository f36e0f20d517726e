"""What other libraries say while they open weights doesn't reach our users."""

import logging

import pytest

transformers = pytest.importorskip("transformers")

from affetto.models.quiet import quiet


def test_retries_of_the_hub_are_not_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = logging.getLogger("huggingface_hub.utils._http")
    monkeypatch.setattr(logging.getLogger("huggingface_hub"), "propagate", True)
    with quiet(transformers.utils.logging):
        said.warning("Retrying in 8s")
    assert "Retrying" not in caplog.text
    said.warning("Retrying, outside")
    assert "outside" in caplog.text
