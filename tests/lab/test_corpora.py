"""Each corpus's own layout, made up small, becomes the right table."""

import csv
import wave
from pathlib import Path

import numpy as np
import pytest

from affetto.emotions import Emotion
from affetto.errors import CorpusError, ManifestError, OptionError
from affetto.lab import corpora
from affetto.lab.corpora import Clip, Table


def sound(path: Path, seconds: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(16_000 * seconds)) / 16_000
    samples = np.sin(2 * np.pi * (200 + len(path.stem)) * times)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 8000).astype("<i2").tobytes())
    return path


def load_one(folder: Path, name: str, **options: object) -> Clip:
    sound(folder / name)
    (clip,) = corpora.load(folder, **options)
    return clip


def test_ravdess_says_seven_things(tmp_path: Path) -> None:
    clip = load_one(tmp_path, "Actor_12/03-01-06-02-01-02-12.wav")
    assert (clip.corpus, clip.emotion, clip.native) == ("ravdess", Emotion.FEAR, "fearful")
    assert (clip.speaker, clip.gender, clip.language) == ("ravdess:12", "f", "en")
    assert (clip.intensity, clip.statement) == ("strong", "01")
    assert clip.text == "Kids are talking by the door"
    assert clip.extra == {"modality": "audio", "channel": "speech", "repetition": "02"}


def test_ravdess_speech_song_and_silent_video(tmp_path: Path) -> None:
    for name in ("03-01-01", "03-02-01", "01-01-01", "02-01-01"):
        sound(tmp_path / f"{name}-01-01-01-01.wav")
    assert len(corpora.load(tmp_path)) == 2
    assert [clip.name[:5] for clip in corpora.load(tmp_path, channel="song")] == ["03-02"]
    assert len(corpora.load(tmp_path, channel="both")) == 3
    with pytest.raises(OptionError, match="channel"):
        corpora.load(tmp_path, channel="whistle")
    with pytest.raises(OptionError, match=r"'tempo'.*channel"):
        corpora.load(tmp_path, tempo="slow")


def test_a_nested_copy_is_not_counted_twice(tmp_path: Path) -> None:
    sound(tmp_path / "Actor_01/03-01-01-01-01-01-01.wav")
    sound(tmp_path / "audio_speech_actors_01-24/Actor_01/03-01-01-01-01-01-01.wav")
    (clip,) = corpora.load(tmp_path)
    assert clip.file.parent.parent == tmp_path


def test_tess_with_its_lost_letter(tmp_path: Path) -> None:
    for name in ("OAF_back_ps", "OA_bite_neutral", "YAF_bite_angry"):
        sound(tmp_path / f"{name}.wav")
    table = corpora.load(tmp_path)
    assert table.counts("speaker") == {"tess:OAF": 2, "tess:YAF": 1}
    surprise = table.filter(native="ps")[0]
    assert surprise.emotion is Emotion.SURPRISE
    assert (surprise.text, surprise.statement) == ("Say the word back", "back")


@pytest.mark.parametrize("name", ["KL_sa07.wav", "KL/sa07.wav"])
def test_savee_in_both_forms(tmp_path: Path, name: str) -> None:
    clip = load_one(tmp_path, name)
    assert (clip.corpus, clip.emotion, clip.speaker) == ("savee", Emotion.SAD, "savee:KL")
    assert (clip.gender, clip.statement) == ("m", "sa07")


def test_savee_folders_may_share_names(tmp_path: Path) -> None:
    for speaker in ("DC", "JE"):
        sound(tmp_path / speaker / "a01.wav")
    assert corpora.load(tmp_path).speakers == ("savee:DC", "savee:JE")


def test_emodb(tmp_path: Path) -> None:
    clip = load_one(tmp_path, "wav/16b10Lb.wav")
    assert (clip.emotion, clip.speaker, clip.gender) == (Emotion.BORED, "emodb:16", "f")
    assert clip.text == "Die wird auf dem Platz sein, wo wir sie immer hinlegen."
    assert clip.extra == {"version": "b"}


def test_emovo(tmp_path: Path) -> None:
    clip = load_one(tmp_path, "m2/gio-m2-b1.wav")
    assert (clip.corpus, clip.emotion, clip.language) == ("emovo", Emotion.HAPPY, "it")
    assert (clip.speaker, clip.gender, clip.statement) == ("emovo:m2", "m", "b1")


def test_nemo_reads_its_table(tmp_path: Path) -> None:
    sound(tmp_path / "samples" / "MK0_surprised_12.wav")
    (tmp_path / "data.tsv").write_text(
        "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
        'MK0_surprised_12.wav\tsurprised\tTo "mój" dom.\tto mój dom\tMK0\tfemale\t25\n',
        encoding="utf-8",
    )
    (clip,) = corpora.load(tmp_path)
    assert (clip.emotion, clip.speaker, clip.gender) == (Emotion.SURPRISE, "nemo:MK0", "f")
    assert clip.text == 'To "mój" dom.'
    assert clip.extra == {"age": "25"}


def test_librispeech_reads_texts_and_genders(tmp_path: Path) -> None:
    sound(tmp_path / "84" / "121123" / "84-121123-0001.flac")
    (tmp_path / "84" / "121123" / "84-121123.trans.txt").write_text("84-121123-0001 HAVE YOU\n")
    (tmp_path / "SPEAKERS.TXT").write_text("; id\n84   | F | dev-clean | 8.02 | A Reader\n")
    (clip,) = corpora.load(tmp_path)
    assert (clip.emotion, clip.native) == (Emotion.NEUTRAL, "read speech")
    assert (clip.speaker, clip.gender, clip.text) == ("librispeech:84", "f", "HAVE YOU")


@pytest.fixture
def cremad(tmp_path: Path) -> Path:
    for name in ("1001_IEO_HAP_LO", "1002_DFA_ANG_XX", "1040_ITH_SAD_X", "1003_TIE_NEU_XX"):
        sound(tmp_path / "AudioWAV" / f"{name}.wav")
    with (tmp_path / "tabulatedVotes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "A", "D", "F", "H", "N", "S", "fileName"])
        writer.writerow(["100002", 0, 0, 0, 3, 6, 0, "1001_IEO_HAP_LO"])
        writer.writerow(["200002", 0, 0, 0, 9, 1, 0, "1001_IEO_HAP_LO"])
        writer.writerow(["100003", 4, 4, 0, 0, 0, 0, "1002_DFA_ANG_XX"])
        writer.writerow(["100004", 0, 0, 0, 0, 1, 9, "1040_ITH_SAD_XX"])
    (tmp_path / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","x","y"\n1002,21,"Female","x","y"\n'
    )
    return tmp_path


def test_cremad_with_votes(cremad: Path) -> None:
    table = {clip.name: clip for clip in corpora.load(cremad)}
    clip = table["1001_IEO_HAP_LO"]
    assert (clip.emotion, clip.intensity, clip.text) == (
        Emotion.HAPPY,
        "low",
        "It's eleven o'clock",
    )
    assert (clip.speaker, clip.gender, clip.extra["age"]) == ("cremad:1001", "m", "51")
    assert clip.votes is not None
    assert clip.votes["neutral"] == pytest.approx(2 / 3)
    assert sum(clip.votes.values()) == pytest.approx(1)
    assert table["1040_ITH_SAD_X"].votes is not None
    assert table["1003_TIE_NEU_XX"].votes is None


def test_cremad_as_the_crowd_heard_it(cremad: Path) -> None:
    voted = {clip.name: clip.emotion for clip in corpora.load(cremad, label="voted")}
    # The tie and the clip that nobody voted on are left out.
    assert voted == {"1001_IEO_HAP_LO": Emotion.NEUTRAL, "1040_ITH_SAD_X": Emotion.SAD}
    faces = corpora.load(cremad, label="voted", heard="face")
    assert [clip.emotion for clip in faces] == [Emotion.HAPPY]


def test_cremad_without_votes(cremad: Path) -> None:
    (cremad / "tabulatedVotes.csv").unlink()
    assert len(corpora.load(cremad)) == 4
    with pytest.raises(CorpusError, match=r"no tabulatedVotes\.csv"):
        corpora.load(cremad, label="voted")
    (cremad / "tabulatedVotes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="no column"):
        corpora.load(cremad)


@pytest.fixture
def iemocap(tmp_path: Path) -> Path:
    session = tmp_path / "Session1"
    dialog = "Ses01F_impro01"
    lines = [
        ("6.2901", "8.2357", "F000", "neu"),
        ("10.0100", "21.0100", "M000", "exc"),
        ("30.0000", "31.0000", "M001", "xxx"),
        ("40.0000", "41.0000", "F001", "fru"),
    ]
    (session / "dialog" / "EmoEvaluation" / "Categorical").mkdir(parents=True)
    (session / "dialog" / "transcriptions").mkdir()
    text = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    for start, end, turn, label in lines:
        text += f"[{start} - {end}]\t{dialog}_{turn}\t{label}\t[2.5000, 3.5000, 5.0000]\n"
        text += "C-E2:\tNeutral;\t()\n\n"
        seconds = float(end) - float(start)
        sound(session / "sentences" / "wav" / dialog / f"{dialog}_{turn}.wav", seconds)
    (session / "dialog" / "EmoEvaluation" / f"{dialog}.txt").write_text(text)
    (session / "dialog" / "transcriptions" / f"{dialog}.txt").write_text(
        f"{dialog}_F000 [006.2901-008.2357]: Excuse me.\n"
    )
    return tmp_path


def test_iemocap_turns(iemocap: Path) -> None:
    table = corpora.load(iemocap)
    assert [clip.native for clip in table] == ["neu", "exc", "fru"]
    neutral, excited, _ = table
    assert (neutral.speaker, neutral.gender, neutral.session) == ("iemocap:01F", "f", "1")
    assert (neutral.text, neutral.duration) == ("Excuse me.", 1.9456)
    assert (neutral.valence, neutral.arousal, neutral.dominance) == (-0.25, 0.25, 1.0)
    assert (excited.emotion, excited.speaker) == (Emotion.EXCITED, "iemocap:01M")


def test_iemocap_options(iemocap: Path) -> None:
    table = corpora.load(iemocap, excited_as_happy=True, drop=("fru",), split_over=7.0)
    assert [clip.native for clip in table] == ["neu", "exc", "exc", "xxx"]
    assert table[1].emotion is Emotion.HAPPY
    assert table[3].emotion is None
    assert [(clip.start, clip.end) for clip in table[1:3]] == [(0.0, 6.0), (5.0, 11.0)]
    assert len(corpora.samples(table[2])) == 6 * 16_000
    with pytest.raises(OptionError, match="overlap"):
        corpora.load(iemocap, split_over=0.5)


def test_iemocap_with_a_lost_file(iemocap: Path) -> None:
    next(iemocap.rglob("*_M000.wav")).unlink()
    with pytest.raises(CorpusError, match="M000"):
        corpora.load(iemocap)


def test_a_wrong_folder_says_what_was_expected(tmp_path: Path) -> None:
    sound(tmp_path / "holiday.wav")
    with pytest.raises(CorpusError, match=r"'holiday.wav'.*`affetto corpora list` shows"):
        corpora.load(tmp_path)
    with pytest.raises(CorpusError, match=r"expected TESS: files named actress_word_emotion"):
        corpora.load(tmp_path, corpus="tess")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no sound files"):
        corpora.detect(tmp_path / "empty")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no folder"):
        corpora.detect(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match="no folder or table"):
        corpora.load(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="expected one of ravdess"):
        corpora.find("ravdes")


def test_find_by_title_and_folder(tmp_path: Path) -> None:
    assert corpora.find("crema-d").name == "cremad"
    sound(tmp_path / "03a01Fa.wav")
    assert corpora.find(tmp_path).name == "emodb"


def test_every_label_of_a_corpus_is_mapped() -> None:
    assert len(corpora.CORPORA) == 9
    for name, corpus in corpora.CORPORA.items():
        assert corpus.name == name
        assert corpus.emotions
        assert "http" not in " ".join(map(str, corpus.to_dict().values()))


def test_filters_and_counts() -> None:
    clips = [
        Clip(Path(f"{i}.wav"), "mine", emotion, str(emotion), speaker=f"mine:{i % 2}", duration=1.0)
        for i, emotion in enumerate((Emotion.SAD, Emotion.SAD, Emotion.ANGRY, None))
    ]
    table = Table(clips)
    assert len(table.filter(emotion=("sad", "angry"), speaker="mine:0")) == 2
    assert table.filter(lambda clip: clip.emotion is None) == (clips[3],)
    assert table.counts("emotion") == {"sad": 2, "angry": 1, "": 1}
    assert table.labels == (Emotion.SAD, Emotion.ANGRY)
    assert table.duration == 4.0
    assert table.select([2, 0]) == (clips[2], clips[0])


def test_merging_keeps_a_clip_once() -> None:
    sad = Clip(Path("a.wav"), "mine", Emotion.SAD, "sad")
    other = Clip(Path("b.wav"), "mine", Emotion.SAD, "sad")
    assert Table([sad]).merge(Table([other, sad])) == (sad, other)
    with pytest.raises(ManifestError, match="sad and angry"):
        Table([sad]).merge(Table([Clip(Path("a.wav"), "mine", Emotion.ANGRY, "angry")]))


def test_a_table_survives_its_file(iemocap: Path, tmp_path: Path) -> None:
    table = corpora.load(iemocap, split_over=7.0, drop=())
    table.write_csv(tmp_path / "pool.csv")
    again = corpora.load(tmp_path / "pool.csv")
    assert again == table


def test_lengths_are_read_and_summed(tmp_path: Path) -> None:
    for name in ("DC_a01", "DC_sa01", "JE_sa01"):
        sound(tmp_path / f"{name}.wav", 0.5)
    table = corpora.measure(corpora.load(tmp_path))
    facts = corpora.describe(table)
    assert facts["seconds"] == 1.5
    assert facts["emotions"] == {"sad": 2, "angry": 1}
    assert facts["seconds_of"] == {"sad": 1.0, "angry": 0.5}
    assert facts["by_speaker"] == {"savee:DC": 2, "savee:JE": 1}
    assert facts["genders"] == {"m": 3}


def test_a_picture_of_a_table(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    sound(tmp_path / "DC_a01.wav")
    table = corpora.measure(corpora.load(tmp_path))
    corpora.draw(table, tmp_path / "chart.png", title="one clip")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OptionError, match=r"'chart\.xyz'"):
        corpora.draw(table, tmp_path / "chart.xyz")
    assert [p.name for p in tmp_path.iterdir() if "chart" in p.name] == ["chart.png"]


def test_silence_is_cut_off_the_ends_only() -> None:
    samples = np.zeros(48_000, np.float32)
    samples[16_000:20_000] = samples[28_000:32_000] = 0.3
    assert len(corpora.trim(samples, margin=0.1)) == 16_000 + 2 * 1600
    assert len(corpora.trim(np.zeros(100, np.float32))) == 100
    assert len(corpora.trim(np.zeros(0, np.float32))) == 0
