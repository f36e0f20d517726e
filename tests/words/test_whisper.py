"""Whisper: the real faster-whisper, on tiny weights that say what they are told to say."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("faster_whisper")
pytest.importorskip("torch")
pytest.importorskip("transformers")

import hub_server
import tiny_whisper
from affetto.errors import AudioError, MissingExtraError, ModelError, OptionError
from affetto.words.transcribers import WhisperTranscriber
from affetto.words.transcribers.whisper import SIZES, at_hand

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 5.0
SAMPLES = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * 16_000)).astype(np.float32)
NEEDED = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give weights that hear German and say two segments."""
    folder = tmp_path_factory.mktemp("whisper") / "tiny"
    says = "<|0.00|> one two.<|2.00|><|2.00|> three<|3.00|>"
    return tiny_whisper.write_whisper(folder, says=says, language="de")


@pytest.fixture(scope="module")
def transcriber(weights: Path) -> WhisperTranscriber:
    return WhisperTranscriber(weights)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper") / "tiny.en"
    return tiny_whisper.write_whisper(folder, english_only=True)


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder, in which huggingface_hub keeps its files."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # where nobody answers
    return tmp_path / "hub"


class Spy:
    """Stand before CTranslate2's network and note what the decoder is given."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.prompts: list[list[int]] = []
        self.options: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def generate(self, features: Any, prompts: list[list[int]], **options: Any) -> Any:
        self.prompts += prompts
        self.options.append(options)
        return self._network.generate(features, prompts, **options)


@pytest.fixture
def spy(transcriber: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> Spy:
    watching = Spy(transcriber._model.model)
    monkeypatch.setattr(transcriber._model, "model", watching)
    return watching


def test_phrases_words_and_times(transcriber: WhisperTranscriber) -> None:
    spoken = transcriber.transcribe(SAMPLES)
    assert [phrase.text for phrase in spoken.phrases] == ["one two.", "three"]
    assert [w.text for phrase in spoken.phrases for w in phrase.words] == ["one", "two.", "three"]
    before = 0.0
    for phrase in spoken.phrases:
        assert phrase.start == phrase.words[0].start
        assert 0 <= phrase.start < phrase.end <= SECONDS
        assert phrase.language == "de"
        for word in phrase.words:
            assert before <= word.start <= word.end
            assert 0 <= word.confidence <= 1  # type: ignore[operator]
            before = word.end
    assert not spoken.translated


def test_the_language_is_detected_unless_it_is_told(
    transcriber: WhisperTranscriber, spy: Spy
) -> None:
    spoken = transcriber.transcribe(SAMPLES)
    assert spoken.language == "de"
    assert spoken.language_confidence == pytest.approx(1.0, abs=0.01)
    told = transcriber.transcribe(SAMPLES, language="fr")
    assert (told.language, told.language_confidence) == ("fr", None)
    assert told.phrases[0].language == "fr"
    number = transcriber._model.hf_tokenizer.token_to_id
    given = [[number(f"<|{token}|>") for token in ("startoftranscript", code, "transcribe")]
             for code in ("de", "fr")]  # fmt: skip
    assert spy.prompts == given
    # Javanese has another code at Whisper.
    assert transcriber.transcribe(SAMPLES, language="jv").language == "jv"
    assert spy.prompts[-1][1] == number("<|jw|>")


def test_translation_is_whispers_own(transcriber: WhisperTranscriber, spy: Spy) -> None:
    assert transcriber.translates
    spoken = transcriber.transcribe(SAMPLES, translate=True)
    assert (spoken.translated, spoken.language) == (True, "de")
    assert spoken.phrases[0].language == "en"
    number = transcriber._model.hf_tokenizer.token_to_id
    assert spy.prompts[0][1:] == [number("<|de|>"), number("<|translate|>")]


def test_a_long_sound_is_heard_window_by_window_each_for_itself(
    transcriber: WhisperTranscriber, spy: Spy
) -> None:
    long = np.resize(SAMPLES, 35 * 16_000)
    spoken = transcriber.transcribe(long, language="en")
    starts = [phrase.start for phrase in spoken.phrases]
    assert len(spy.prompts) > 1
    assert {len(prompt) for prompt in spy.prompts} == {3}
    assert starts == sorted(starts)
    assert all(phrase.end <= 35 for phrase in spoken.phrases)


def test_it_says_the_same_each_time(transcriber: WhisperTranscriber) -> None:
    assert transcriber.transcribe(SAMPLES) == transcriber.transcribe(SAMPLES.astype(np.float64))


@pytest.mark.parametrize("seconds", [0.0, 0.001, 2.0])
def test_nobody_decodes_silence(transcriber: WhisperTranscriber, spy: Spy, seconds: float) -> None:
    silence = np.zeros(round(seconds * 16_000), np.float32)
    assert transcriber.transcribe(silence).phrases == ()
    assert spy.prompts == []


def test_a_sound_of_a_moment(transcriber: WhisperTranscriber) -> None:
    for phrase in transcriber.transcribe(SAMPLES[:500]).phrases:
        assert 0 <= phrase.start < phrase.end <= 0.05


def test_what_it_makes_up_in_noise_is_dropped(tmp_path: Path) -> None:
    weights = tiny_whisper.write_whisper(tmp_path / "unsure", nobody=True, sure=False)
    transcriber = WhisperTranscriber(weights)
    spy = transcriber._model.model = Spy(transcriber._model.model)
    assert transcriber.transcribe(SAMPLES).phrases == ()
    assert len(spy.prompts) == 1  # and it isn't asked again, by lot


def test_languages_without_spaces_are_written_so(tmp_path: Path) -> None:
    says = "<|0.00|>你好你好<|2.00|>"
    weights = tiny_whisper.write_whisper(tmp_path / "chinese", says=says, language="zh")
    phrases = WhisperTranscriber(weights).transcribe(SAMPLES).phrases
    assert "".join(phrase.text for phrase in phrases) == "你好你好"


def test_live(transcriber: WhisperTranscriber) -> None:
    stream = transcriber.stream(language="de")
    quiet = np.zeros(16_000, np.float32)
    finished, shown = [], []
    for chunk in np.split(np.concatenate([quiet, SAMPLES[: 3 * 16_000], quiet]), 10):
        partial = stream.feed(chunk)
        shown.append(partial.text)
        finished += partial.finished
    finished += stream.finish().finished
    assert any(text.startswith("one two.") for text in shown)
    # It says the same of whatever is left of the sound, so only the form of it can be told.
    words = [word for phrase in finished for word in phrase.words]
    assert [word.text for word in words][:2] == ["one", "two."]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0.6 < phrase.start < phrase.end < 5.0 for phrase in finished)
    assert {phrase.language for phrase in finished} == {"de"}


def test_english_only(english: Path) -> None:
    transcriber = WhisperTranscriber(english)
    assert (transcriber.languages, transcriber.translates) == (("en",), False)
    spoken = transcriber.transcribe(SAMPLES)
    assert (spoken.language, spoken.phrases[0].text) == ("en", "one two.")
    assert transcriber.transcribe(SAMPLES, language="en-GB") == spoken
    with pytest.raises(OptionError, match=r"found the language 'de', expected en.*whisper:small"):
        transcriber.transcribe(SAMPLES, language="de")
    with pytest.raises(OptionError, match="found the language 'de'"):
        transcriber.stream(language="de")
    with pytest.raises(OptionError, match=r"found translate, .*whisper:small"):
        transcriber.transcribe(SAMPLES, translate=True)


def test_what_it_knows(transcriber: WhisperTranscriber) -> None:
    assert transcriber.languages == ("de", "en", "fr", "jv", "zh")
    assert transcriber.name == "Whisper tiny"
    with pytest.raises(OptionError, match=r"found the language 'xx'.*leave it out and it is detec"):
        transcriber.transcribe(SAMPLES, language="xx")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "found threads=0, expected 1 or more"),
        ({"device": "tpu"}, "found the device 'tpu', expected auto, cpu or cuda"),
        ({"compute_type": "int3"}, "compute_type='int3', which can't be had"),
    ],
)
def test_options_that_are_none(weights: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        WhisperTranscriber(weights, **options)


def test_samples_that_are_none(transcriber: WhisperTranscriber) -> None:
    with pytest.raises(AudioError, match="int16"):
        transcriber.transcribe(np.zeros(100, np.int16))


def test_a_name_that_is_none() -> None:
    with pytest.raises(OptionError, match=r"found the Whisper 'smal', expected a folder .*tiny.en"):
        WhisperTranscriber("smal")


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)


def test_a_checkpoint_of_transformers_is_to_be_converted(weights: Path) -> None:
    checkpoint = weights.with_name("tiny-checkpoint")
    with pytest.raises(ModelError) as caught:
        WhisperTranscriber(checkpoint)
    message = one_line(caught.value)
    assert "found a Whisper as transformers holds it" in message
    assert f"ct2-transformers-converter --model {checkpoint} --output_dir tiny-check" in message
    assert "--copy_files tokenizer.json preprocessor_config.json" in message


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("model.bin", "found no model.bin there.*hf download Systran/faster-whisper-small"),
        ("tokenizer.json", "found weights without tokenizer.json"),
    ],
)
def test_folders_that_lack_something(
    weights: Path, tmp_path: Path, missing: str, message: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(weights, copy)
    (copy / missing).unlink()
    with pytest.raises(ModelError, match=message) as caught:
        WhisperTranscriber(copy)
    one_line(caught.value)


def test_damaged_weights(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(weights, copy)
    (copy / "model.bin").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"is no Whisper that can be run.*get the weights again"):
        WhisperTranscriber(copy)


def test_the_settings_of_another_model(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(weights, copy)
    (copy / "preprocessor_config.json").write_text('{"feature_size": 128}')
    with pytest.raises(ModelError, match=r"preprocessor_config.json.*\(128 mel bands\).* for 80"):
        WhisperTranscriber(copy)


def test_weights_that_are_neither_here_nor_to_be_had(no_cache: Path) -> None:
    with pytest.raises(ModelError) as caught:
        WhisperTranscriber("small")
    message = one_line(caught.value)
    assert message.startswith(
        "found no weights of Systran/faster-whisper-small on this machine, and they can't be "
        "fetched from http://127.0.0.1:9 ("
    )
    assert "run `hf download Systran/faster-whisper-small`" in message
    assert "whisper:FOLDER" in message


def test_offline_nobody_is_asked(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with hub_server.running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        hub.commit("anna/whisper", {"config.json": b"{}"})
        with pytest.raises(ModelError, match="run `hf download anna/whisper`"):
            WhisperTranscriber("anna/whisper")


def test_weights_that_were_fetched_before_need_no_network(weights: Path, no_cache: Path) -> None:
    assert not at_hand("base")
    tiny_whisper.write_cache(no_cache, SIZES["base"], weights)
    assert at_hand("base")
    transcriber = WhisperTranscriber("base")
    assert transcriber.name == "Whisper base"
    assert transcriber.transcribe(SAMPLES).phrases
    assert WhisperTranscriber(SIZES["base"]).name == "Whisper base"


def test_weights_are_fetched_once(
    weights: Path,
    no_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with hub_server.running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        files = {path.name: path.read_bytes() for path in weights.iterdir()}
        hub.commit("anna/whisper", {**files, "README.md": b"Mine."})
        assert WhisperTranscriber("anna/whisper").transcribe(SAMPLES).phrases
    transcriber = WhisperTranscriber("hf:anna/whisper")  # the hub is gone
    assert transcriber.name == "Whisper whisper"
    assert not list(no_cache.rglob("README.md"))
    assert capfd.readouterr() == ("", "")


def test_a_repository_that_holds_something_else(
    no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_server.running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(ModelError, match="found no Whisper anna/none at http") as caught:
            WhisperTranscriber("anna/none")
        one_line(caught.value)
        hub.commit("anna/whisper", {"config.json": b"{}", "model.safetensors": b"0"})
        with pytest.raises(ModelError, match=r"ct2-transformers-converter --model anna/whisper "):
            WhisperTranscriber("anna/whisper")


@pytest.mark.parametrize("package", ["faster_whisper", "ctranslate2"])
def test_without_its_package(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    named = package.replace("_", "-")
    with pytest.raises(MissingExtraError, match=rf'{named}, .*pip install "affetto\[words\]"'):
        WhisperTranscriber("small")
