"""Models of others, as they are: tiny random ones of the same classes, through the real road."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from safetensors.torch import save_file

from affetto.cli import main
from affetto.errors import ModelError, OptionError
from affetto.models import load, resolve, verify
from affetto.models.foreign import is_foreign
from affetto.recognition import LiveRecognizer, Recognizer
from tiny_model import silence, voice_like

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8, 8),
    "conv_kernel": (10, 3, 3),
    "conv_stride": (5, 4, 4),
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
}
LABELS = ("ang", "hap", "neu", "sad")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep turned models where the test ends."""
    monkeypatch.setenv("AFFETTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    parts = [silence(0.5), voice_like(3.0, pitch=140, seed=1), silence(0.7)]
    return np.concatenate([*parts, voice_like(3.0, pitch=220, seed=2), silence(0.5)])


def write_classifier(
    folder: Path, kind: str = "Wav2Vec2", labels: tuple[str, ...] = LABELS
) -> Path:
    """Write a tiny random classifier as its maker would."""
    torch.manual_seed(0)
    names = dict(enumerate(labels))
    config = getattr(transformers, f"{kind}Config")(
        **SIZES, id2label=names, label2id={label: i for i, label in names.items()}
    )
    model = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    model.eval().save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


def write_regression(folder: Path) -> Path:
    """Write a tiny random regression in the layout of audEERING's."""
    torch.manual_seed(0)
    names = {0: "arousal", 1: "dominance", 2: "valence"}
    config = transformers.Wav2Vec2Config(**SIZES, id2label=names)
    encoder = transformers.Wav2Vec2Model(config)
    tensors = {f"wav2vec2.{key}": value for key, value in encoder.state_dict().items()}
    tensors |= {
        "classifier.dense.weight": torch.randn(16, 16),
        "classifier.dense.bias": torch.randn(16),
        "classifier.out_proj.weight": torch.randn(3, 16) * 0.2,
        "classifier.out_proj.bias": torch.tensor([0.2, 0.5, 0.8]),
    }
    folder.mkdir()
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "model.safetensors")
    row = config.to_dict() | {"architectures": ["Wav2Vec2ForSpeechClassification"]}
    (folder / "config.json").write_text(json.dumps(row))
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


def write_speechbrain(folder: Path) -> Path:
    """Write a tiny random model in the layout of SpeechBrain's recipe."""
    torch.manual_seed(0)
    sizes = SIZES | {"hidden_size": 64, "num_attention_heads": 1, "conv_stride": (5, 2, 2)}
    encoder = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**sizes))
    folder.mkdir()
    tensors = {f"model.{key}": value for key, value in encoder.state_dict().items()}
    torch.save(tensors, folder / "wav2vec2.ckpt")
    torch.save({"0.w.weight": torch.randn(4, 64)}, folder / "model.ckpt")
    (folder / "hyperparams.yaml").write_text("wav2vec2: !new:some.Class\n    output_norm: True\n")
    lines = [f"'{label}' => {i}\n" for i, label in enumerate(("neu", "ang", "hap", "sad"))]
    (folder / "label_encoder.txt").write_text("".join(lines) + "================\n")
    return folder


@pytest.mark.parametrize("kind", ["Wav2Vec2", "Hubert", "WavLM"])
def test_a_classifier_answers_as_it_does_in_transformers(
    kind: str, tmp_path: Path, talk: np.ndarray
) -> None:
    folder = write_classifier(tmp_path / "theirs", kind)
    assert is_foreign(folder)
    package = load(folder)
    assert package.labels == ("angry", "happy", "neutral", "sad")
    assert verify(package.folder) == ()
    model = transformers.AutoModelForAudioClassification.from_pretrained(folder).eval()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    for sound in (talk, talk[:30_000]):
        given = extractor(sound, sampling_rate=16_000, return_tensors="pt")
        with torch.no_grad():
            expected = model(given["input_values"]).logits.softmax(dim=1)[0].numpy()
        said = Recognizer(package, prior="even").decide(sound).scores
        assert np.allclose([*said.values()], expected, atol=1e-4)


def test_whispers_classifier_answers_as_it_does_in_transformers(
    tmp_path: Path, talk: np.ndarray
) -> None:
    torch.manual_seed(0)
    names = dict(enumerate(("angry", "happy", "neutral", "sad")))
    config = transformers.WhisperConfig(
        max_source_positions=200,
        d_model=32,
        encoder_layers=2,
        encoder_attention_heads=2,
        encoder_ffn_dim=48,
        classifier_proj_size=16,
        id2label=names,
        label2id={label: number for number, label in names.items()},
    )
    model = transformers.WhisperForAudioClassification(config).eval()
    model.save_pretrained(tmp_path / "theirs")
    extractor = transformers.WhisperFeatureExtractor(chunk_length=4)
    extractor.save_pretrained(tmp_path / "theirs")
    package = load(tmp_path / "theirs")
    assert verify(package.folder) == ()
    for sound in (talk[:48_000], talk[:30_000]):
        given = extractor(sound, sampling_rate=16_000, return_tensors="pt")
        with torch.no_grad():
            expected = model(given["input_features"]).logits.softmax(dim=1)[0].numpy()
        said = Recognizer(package, prior="even").decide(sound).scores
        assert np.allclose([*said.values()], expected, atol=1e-3)


def test_it_is_turned_once(tmp_path: Path, kept: Path) -> None:
    folder = write_classifier(tmp_path / "theirs")
    first = resolve(folder)
    written = (first / "card.yaml").stat().st_mtime_ns
    assert resolve(folder) == first
    assert (first / "card.yaml").stat().st_mtime_ns == written
    assert kept in first.parents


def test_every_verb_takes_it(tmp_path: Path, talk: np.ndarray, capsys) -> None:
    from affetto.audio import save

    save(tmp_path / "talk.wav", talk)
    folder = str(write_classifier(tmp_path / "theirs"))
    arguments = ["analyze", str(tmp_path / "talk.wav"), "--model", folder, "--format", "json"]
    assert main(arguments) == 0
    timeline = json.loads(capsys.readouterr().out)
    assert timeline["segments"]
    assert set(timeline["segments"][0]["scores"]) == {"angry", "happy", "neutral", "sad"}


def test_dimensions_come_without_emotions(tmp_path: Path, talk: np.ndarray) -> None:
    folder = write_regression(tmp_path / "theirs")
    package = load(folder)
    timeline = Recognizer(package).recognize(talk)
    assert timeline.segments
    row = timeline.segments[0].to_dict()
    assert row["emotion"] is None
    assert row["scores"] == {}
    assert -1.0 <= row["valence"] <= 1.0
    assert -1.0 <= row["dominance"] <= 1.0
    # As audEERING's own code has it: the mean state, two layers, arousal first.
    model = transformers.Wav2Vec2Model.from_pretrained(folder).eval()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    given = extractor(talk, sampling_rate=16_000, return_tensors="pt")["input_values"]
    from safetensors.torch import load_file

    head = load_file(folder / "model.safetensors")
    with torch.no_grad():
        mean = model(given).last_hidden_state.mean(dim=1)
        inner = mean @ head["classifier.dense.weight"].T + head["classifier.dense.bias"]
        out = torch.tanh(inner) @ head["classifier.out_proj.weight"].T
        arousal, dominance, valence = (out + head["classifier.out_proj.bias"])[0].tolist()
    expected = np.clip(2 * np.array([valence, arousal, dominance]) - 1, -1, 1)
    assert np.allclose(package.hear([talk])[0], expected, atol=1e-4)
    with pytest.raises(OptionError, match="expected one that says emotions"):
        Recognizer(package).decide(talk)
    with pytest.raises(OptionError, match="found labels for the model"):
        Recognizer(package, labels="happy,sad")


def test_dimensions_come_live_too(tmp_path: Path, talk: np.ndarray) -> None:
    package = load(write_regression(tmp_path / "theirs"))
    live = LiveRecognizer(package, every=0.48)
    updates = live.feed(talk)
    spoken = [update for update in updates if update.speaking]
    assert spoken
    assert all(update.emotion is None and not update.scores for update in spoken)
    assert any(update.valence != 0.0 for update in spoken)
    timeline = live.finish()
    whole = Recognizer(package, causal=True).recognize(talk)
    assert len(timeline.segments) == len(whole.segments)
    for ours, theirs in zip(timeline.segments, whole.segments, strict=True):
        assert (ours.start, ours.end) == (theirs.start, theirs.end)
        found = (ours.valence, ours.arousal, ours.dominance)
        assert found == pytest.approx((theirs.valence, theirs.arousal, theirs.dominance), abs=1e-5)


def test_a_report_of_dimensions_is_drawn(tmp_path: Path, talk: np.ndarray, capsys) -> None:
    from affetto.audio import save

    save(tmp_path / "talk.wav", talk)
    folder = str(write_regression(tmp_path / "theirs"))
    common = ["analyze", str(tmp_path / "talk.wav"), "--model", folder]
    page = tmp_path / "talk.html"
    assert main([*common, "--format", "html", "-o", str(page)]) == 0
    assert "<html" in page.read_text()
    assert main(common) == 0
    assert "valence" in capsys.readouterr().out


def test_speechbrains_layout_is_read(tmp_path: Path, talk: np.ndarray) -> None:
    folder = write_speechbrain(tmp_path / "theirs")
    package = load(folder)
    assert package.labels == ("neutral", "angry", "happy", "sad")
    decision = Recognizer(package, prior="even").decide(talk)
    encoder = transformers.Wav2Vec2Model(
        transformers.Wav2Vec2Config(
            **SIZES | {"hidden_size": 64, "num_attention_heads": 1, "conv_stride": (5, 2, 2)}
        )
    )
    stored = torch.load(folder / "wav2vec2.ckpt", weights_only=True)
    encoder.load_state_dict({k.removeprefix("model."): v for k, v in stored.items()})
    head = torch.load(folder / "model.ckpt", weights_only=True)["0.w.weight"]
    with torch.no_grad():
        states = encoder.eval()(torch.from_numpy(talk)[None]).last_hidden_state
        states = torch.nn.functional.layer_norm(states, states.shape[1:])
        expected = (states.mean(dim=1) @ head.T).softmax(dim=1)[0].numpy()
    assert np.allclose([*decision.scores.values()], expected, atol=1e-4)


def write_looker(file: Path, *, names: str, size: int = 64) -> Path:
    """Write a network over pictures as YOLOv8's exporter does: one at a time, named classes."""
    import onnx

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, 2),
        torch.nn.SiLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 3),
        torch.nn.Softmax(dim=1),
    )
    example = torch.zeros(1, 3, size, size)
    named = {"input_names": ["images"], "output_names": ["output0"], "dynamo": False}
    torch.onnx.export(network.eval(), (example,), str(file), **named)
    model = onnx.load(file)
    onnx.helper.set_model_props(model, {"names": names, "task": "classify"})
    onnx.save(model, file)
    return file


def test_a_classifier_of_pictures_looks_at_spectrograms(tmp_path: Path, talk: np.ndarray) -> None:
    import onnxruntime

    names = "{0: 'angry', 1: 'happy', 2: 'sad'}"
    file = write_looker(tmp_path / "best.onnx", names=names)
    package = load(file)
    assert package.card.title == "best as it is"
    assert package.card.features is not None
    picture = package.card.features(talk)
    assert picture.shape == (3, 64, 64)
    session = onnxruntime.InferenceSession(str(file))
    (expected,) = session.run(None, {"images": picture[None]})
    said = Recognizer(package, prior="even").decide(talk).scores
    assert np.allclose([*said.values()], expected[0], atol=1e-5)
    assert len(Recognizer(package).recognize(talk).segments) > 0


def test_pictures_of_other_things_are_refused(tmp_path: Path) -> None:
    file = write_looker(tmp_path / "cats.onnx", names="{0: 'cat', 1: 'dog', 2: 'cow'}")
    with pytest.raises(ModelError, match="found the label 'cat'"):
        load(file)
    nameless = write_looker(tmp_path / "nameless.onnx", names="")
    with pytest.raises(ModelError, match="expected two emotions or more"):
        load(nameless)


def test_what_is_no_model_of_emotions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found the label 'keyboard'"):
        load(write_classifier(tmp_path / "noises", labels=("keyboard", "dog")))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="found no model that can be read"):
        load(tmp_path / "empty")
    folder = write_classifier(tmp_path / "cut")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ModelError, match="found no model that can be read"):
        load(folder)
