from pathlib import Path

import numpy as np
import pytest

from affetto.errors import ModelError, OutputError
from affetto.models import ModelPackage, RowStream, verify, write_package
from affetto.models.card import FILES as FILES_OF_KINDS
from tiny_model import (
    BANDS,
    LABELS,
    RECEPTIVE,
    STRIDE,
    VOICE,
    WIDTH,
    card,
    head,
    network,
    write_tiny,
)

FILES = FILES_OF_KINDS["frames"]


@pytest.fixture
def tiny(tmp_path: Path) -> ModelPackage:
    return write_tiny(tmp_path / "tiny")


def test_a_package_that_was_written_loads_and_verifies(tiny: ModelPackage) -> None:
    loaded = ModelPackage.load(tiny.folder)
    assert loaded.card.title == "tiny 0"
    assert loaded.labels == tuple(label.value for label in LABELS)
    assert loaded.width == WIDTH
    assert loaded.voice_width == VOICE
    assert verify(tiny.folder) == ()
    assert sorted(path.name for path in tiny.folder.iterdir()) == sorted(["card.yaml", *FILES])


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_noticed(tiny: ModelPackage, name: str) -> None:
    path = tiny.folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=name):
        ModelPackage.load(tiny.folder)


@pytest.mark.parametrize("name", [*FILES, "card.yaml"])
def test_a_missing_file_is_named(tiny: ModelPackage, name: str) -> None:
    (tiny.folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        ModelPackage.load(tiny.folder)


def test_verify_says_which_step_differs(tiny: ModelPackage) -> None:
    (tiny.folder / "head.onnx").write_bytes(head(seed=9))
    findings = verify(tiny.folder)
    assert any("head.onnx" in line for line in findings)
    assert any(line.startswith("logits") for line in findings)
    assert not any(line.startswith("frames") for line in findings)


def test_a_network_that_is_none_is_refused_in_one_line(tiny: ModelPackage) -> None:
    (tiny.folder / "model.onnx").write_bytes(b"no network")
    broken = ModelPackage.load(tiny.folder, check=False)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        broken.frames(np.zeros((1, RECEPTIVE, BANDS), np.float32))


def test_a_failed_write_leaves_the_old_package(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny").folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ModelError, match="logits"):
        write_package(
            folder,
            card(),
            model=network(),
            head=head(labels=7),
            baseline=dict(ModelPackage.load(folder).baseline),
        )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_package_is_replaced_whole(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny")
    write_tiny(tmp_path / "tiny", seed=1, version="1")
    assert verify(tmp_path / "tiny") == ()
    assert ModelPackage.load(tmp_path / "tiny").card.version == "1"


def test_folders_above_a_package_are_made(tmp_path: Path) -> None:
    assert verify(write_tiny(tmp_path / "new" / "tiny").folder) == ()


def test_writing_where_no_folder_can_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="tiny: "):
        write_tiny(tmp_path / "file" / "tiny")


def test_rows_do_not_depend_on_chunk_or_block(tiny: ModelPackage) -> None:
    features = np.random.default_rng(0).normal(-5, 3, (1003, BANDS)).astype(np.float32)
    whole = RowStream(tiny)(features)
    assert len(whole.frames) == -(-1003 // STRIDE)
    for block, cuts in [(256, [1, 2, 500]), (7, [333]), (1, [10, 600])]:
        stream = RowStream(tiny, block=block)
        parts = [stream.feed(part) for part in np.split(features, cuts)] + [stream.finish()]
        for name in ("frames", "speech", "voice"):
            joined = np.concatenate([getattr(part, name) for part in parts])
            np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-5)


def test_rows_in_a_batch_are_rows_alone(tiny: ModelPackage) -> None:
    features = np.random.default_rng(0).normal(-5, 3, (3, 60, BANDS)).astype(np.float32)
    together = tiny.frames(features)
    for i, alone in enumerate(features):
        for a, b in zip(together, tiny.frames(alone[None]), strict=True):
            np.testing.assert_allclose(a[i], b[0], atol=1e-5)


def test_a_row_stream_can_be_used_again(tiny: ModelPackage) -> None:
    features = np.random.default_rng(0).normal(-5, 3, (80, BANDS)).astype(np.float32)
    stream = RowStream(tiny)
    np.testing.assert_array_equal(stream(features).frames, stream(features).frames)
    assert len(stream(features[:0]).frames) == 0


def test_a_folder_of_other_things_is_left_alone(tiny: ModelPackage, tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "dear.txt").write_text("Anna")
    with pytest.raises(OutputError, match="found other files there"):
        write_package(
            letters,
            tiny.card,
            model=(tiny.folder / "model.onnx").read_bytes(),
            head=(tiny.folder / "head.onnx").read_bytes(),
            baseline=tiny.ear.baseline,
        )
    assert (letters / "dear.txt").read_text() == "Anna"
