"""Encoders hear as transformers lets them, and no sound is embedded twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from affetto.errors import ModelError, OptionError
from affetto.lab.embeddings import Embeddings
from affetto.lab.encoders import SpeechEncoder, Waves, load_encoder
from tiny_encoder import LAYERS, WIDTH, write_encoder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_thread")

WAVES = ["wav2vec2", "wav2vec2-large", "hubert", "wavlm", "data2vec"]


class Killed(BaseException):
    """As a kill: nothing that embeds may catch it."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a folder for each kind of encoder."""
    top = tmp_path_factory.mktemp("encoders")
    return {kind: write_encoder(top / kind, kind) for kind in [*WAVES, "whisper"]}


def noises(*lengths: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [(0.1 * random.standard_normal(length)).astype(np.float32) for length in lengths]


def heard_by(encoder: SpeechEncoder, *, stop_after: int | None = None) -> list[int]:
    """Note how many sounds each call of the encoder hears; kill it at last."""
    counts: list[int] = []

    def note(module, inputs):
        if len(counts) == stop_after:
            raise Killed
        counts.append(len(inputs[0]))

    encoder.register_forward_pre_hook(note)
    return counts


def as_transformers_does(folder: Path, sound: np.ndarray, frames: int) -> np.ndarray:
    """Give mean and deviation of all layers, by the model and extractor as they were saved."""
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    given = extractor(sound, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        if "input_features" in given:
            made = model.get_encoder()(given["input_features"], output_hidden_states=True)
        else:
            made = model(given["input_values"], output_hidden_states=True)
    states = [*made.hidden_states[:-1], made.last_hidden_state]
    rows = [state[0, :frames].numpy() for state in states]
    return np.stack([np.concatenate([row.mean(axis=0), row.std(axis=0)]) for row in rows])


@pytest.mark.parametrize("kind", [*WAVES, "whisper"])
def test_all_layers_are_pooled_over_the_whole_sound_and_no_further(folders, kind):
    sound = noises(13_000)[0]
    embedded = Embeddings(load_encoder(str(folders[kind])), None)([sound])[0]
    assert embedded.shape == (LAYERS + 1, 2 * WIDTH)
    frames = 41 if kind == "whisper" else 40  # of 320 samples; Whisper hears what is left, too
    expected = as_transformers_does(folders[kind], sound, frames)
    np.testing.assert_allclose(embedded, expected, atol=5e-4)


def test_whisper_hears_as_much_as_it_was_made_for(folders):
    (sound,) = noises(80_000)
    embed = Embeddings(load_encoder(str(folders["whisper"])), None)
    np.testing.assert_allclose(embed([sound]), embed([sound[:64_000]]), atol=1e-5)


def test_the_front_end_of_whisper_is_its_extractors(folders):
    sound = noises(20_000)[0]
    front = load_encoder(str(folders["whisper"])).front
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folders["whisper"])
    expected = extractor(sound, sampling_rate=16_000, return_tensors="np")["input_features"]
    made = front(torch.from_numpy(sound)[None]).numpy()
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["wav2vec2-large", "whisper"])
def test_padding_is_not_heard(folders, kind):
    encoder = load_encoder(str(folders[kind]))
    short, long = noises(9_000, 14_000)
    batch = torch.zeros(2, 14_000)
    batch[0, :9_000], batch[1] = torch.from_numpy(short), torch.from_numpy(long)
    with torch.inference_mode():
        states, heard = encoder(batch, torch.tensor([9_000, 14_000]))
        alone, all_of_it = encoder(torch.from_numpy(short)[None])
    count = int(heard[0].sum())
    assert count == all_of_it.shape[1] < heard.shape[1]
    torch.testing.assert_close(states[-1][:1, :count], alone[-1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["wav2vec2-large", "whisper"])
def test_lower_layers_stay_what_they_are_without_the_upper_ones(folders, kind):
    encoder = load_encoder(str(folders[kind]))
    sound = torch.from_numpy(noises(8_000)[0])[None]
    with torch.inference_mode():
        whole, _ = encoder(sound)
        for layer in range(LAYERS + 1):
            lower, _ = encoder.until(layer)(sound)
            torch.testing.assert_close(lower[layer], whole[layer])
    assert encoder.until(1).size < encoder.size


def test_the_convolutions_never_learn_and_the_rest_does_from_the_top(folders):
    for kind, front in (("hubert", "feature_extractor"), ("whisper", "conv1")):
        encoder = load_encoder(str(folders[kind]))
        for count in range(LAYERS + 1):
            encoder.thaw(count)
            learns = {n for n, p in encoder.model.named_parameters() if p.requires_grad}
            places = {int(name.split("layers.")[1][0]) for name in learns if "layers." in name}
            assert places == set(range(LAYERS - count, LAYERS))
            assert not any(name.startswith(front) for name in learns)
            below = any("layers." not in name for name in learns)
            assert below == (count == LAYERS)


def test_what_was_embedded_before_a_kill_is_not_embedded_again(folders, tmp_path):
    sounds = noises(*range(3_000, 3_500, 10))
    stopped = load_encoder(str(folders["wav2vec2"]))
    heard_by(stopped, stop_after=40)
    with pytest.raises(Killed):
        Embeddings(stopped, tmp_path)(sounds)
    resumed = load_encoder(str(folders["wav2vec2"]))
    counts = heard_by(resumed)
    made = Embeddings(resumed, tmp_path)(sounds)
    assert sum(counts) == 50 - 32  # the shard that was whole is kept
    alone = Embeddings(load_encoder(str(folders["wav2vec2"])), None)(sounds[20:21])
    np.testing.assert_allclose(made[20:21], alone, atol=1e-5)


def test_sounds_are_known_by_what_they_hold(folders, tmp_path):
    sounds = noises(3_000, 4_000, 4_000, 5_000)
    first = Embeddings(load_encoder(str(folders["hubert"])), tmp_path)(sounds)
    again = load_encoder(str(folders["hubert"]))
    counts = heard_by(again)
    store = Embeddings(again, tmp_path)
    np.testing.assert_array_equal(store(sounds[::-1]), first[::-1])
    np.testing.assert_array_equal(store(sounds, range(1, 3)), first[:, 1:3])
    assert not counts
    store([*sounds, *noises(6_000)])
    assert counts == [1]


def test_sounds_of_one_length_are_heard_together(folders):
    encoder = load_encoder(str(folders["wav2vec2"]))
    counts = heard_by(encoder)
    Embeddings(encoder, None)(noises(4_000, 3_000, 4_000, 4_000))
    assert sorted(counts) == [1, 3]


def test_a_damaged_file_is_made_again(folders, tmp_path):
    sounds = noises(3_000, 4_000)
    encoder = load_encoder(str(folders["wav2vec2"]))
    store = Embeddings(encoder, tmp_path)
    first = store(sounds)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:900])
    np.testing.assert_array_equal(store(sounds), first)
    path.write_bytes(b"")
    np.testing.assert_array_equal(Embeddings(encoder, tmp_path)(sounds), first)


def test_another_encoder_has_a_folder_of_its_own(folders, tmp_path):
    others = {
        "other weights": write_encoder(tmp_path / "a", seed=1),
        "other front end": write_encoder(tmp_path / "b", do_normalize=False),
        "same": write_encoder(tmp_path / "c"),
    }
    own = load_encoder(str(folders["wav2vec2"])).digest()
    digests = {name: load_encoder(str(folder)).digest() for name, folder in others.items()}
    assert digests["same"] == own
    assert len(set(digests.values())) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such/folder", "found no folder no/such/folder, expected a folder with config.json"),
        ("hf:no-such-owner-here/no-such-encoder", "--set encoder=FOLDER"),
        ("no-such-owner-here/no-such-encoder@v1", "can't be downloaded"),
    ],
)
def test_an_encoder_that_cannot_be_had_is_told_in_a_line(name, said):
    with pytest.raises(ModelError) as error:
        load_encoder(name)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_an_encoder_is_told_in_a_line(folders, tmp_path):
    with pytest.raises(ModelError, match="found no speech encoder"):
        load_encoder(str(tmp_path))
    write_encoder(tmp_path / "slow", sampling_rate=8_000)
    with pytest.raises(ModelError, match="8000 Hz, expected 16000"):
        load_encoder(str(tmp_path / "slow"))
    lacking = write_encoder(tmp_path / "lacking")
    from safetensors.torch import load_file, save_file

    weights = load_file(lacking / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layers.2." not in name}
    save_file(kept, lacking / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="weights without encoder"):
        load_encoder(str(lacking))


def test_an_encoder_too_large_for_a_file_is_refused():
    with torch.device("meta"):
        config = transformers.Wav2Vec2Config(hidden_size=1_920, num_hidden_layers=24)
        encoder = SpeechEncoder(
            transformers.Wav2Vec2Model(config), Waves(normalise=True), masked=True
        )
    with pytest.raises(OptionError, match="as much as one ONNX file holds"):
        encoder.check_size()
