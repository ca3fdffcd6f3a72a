"""Corpus readers on small trees in each corpus' own layout, and against torchaudio's where it has one."""

import pytest
import torchaudio

from rnnaudio.data.corpora import (
    SILENCE,
    UNKNOWN,
    an4,
    common_voice,
    corpus_root,
    fsdd,
    leave_one_speaker_out,
    librispeech,
    ljspeech,
    speech_commands,
    yesno,
)
from rnnaudio.errors import DataError


def ids(manifest):
    return [utterance.id for utterance in manifest]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_fsdd_tests_the_first_five_takes(tmp_path, sound):
    for name in ("7_lucas_0", "7_lucas_4", "7_lucas_5", "0_george_49", "0_george_3"):
        sound(tmp_path / "recordings" / f"{name}.wav")
    corpus = fsdd(tmp_path)
    assert ids(corpus["test"]) == ["0_george_3", "7_lucas_0", "7_lucas_4"]
    assert ids(corpus["train"]) == ["0_george_49", "7_lucas_5"]
    seven = corpus["train"][1]
    assert (seven.text, seven.label, seven.speaker, seven.source) == ("seven", "seven", "lucas", "fsdd")


def test_the_speaker_left_out_is_nowhere_in_training(tmp_path, sound):
    for speaker in ("lucas", "george", "theo"):
        for take in (0, 1, 5, 6, 7):
            sound(tmp_path / "recordings" / f"1_{speaker}_{take}.wav")
    folds = list(leave_one_speaker_out(fsdd(tmp_path)))
    assert [fold.speaker for fold in folds] == ["george", "lucas", "theo"]
    for fold in folds:
        assert fold.test.speakers == (fold.speaker,)
        assert fold.speaker not in fold.train.speakers + fold.valid.speakers
        assert (len(fold.train), len(fold.valid), len(fold.test)) == (6, 4, 5)


def test_fsdd_names_a_stray_file(tmp_path, sound):
    stray = sound(tmp_path / "recordings" / "seven.wav")
    with pytest.raises(DataError, match=f"{stray} is not named digit_speaker_take"):
        fsdd(tmp_path)


@pytest.fixture
def an4_tree(tmp_path, sound):
    fileids, transcripts = {"train": [], "test": []}, {"train": [], "test": []}
    for split, speakers in (("train", ["fash", "mbob", "mcid"]), ("test", ["fcaw"])):
        base = "an4_clstk" if split == "train" else "an4test_clstk"
        for speaker in speakers:
            name = f"an1-{speaker}-b"
            sound(tmp_path / "wav" / base / speaker / f"{name}.flac")
            fileids[split].append(f"{base}/{speaker}/{name}")
            text = "RUBOUT G M" if split == "test" else "<s> YES GO </s>"
            transcripts[split].append(f"{text} ({name})")
        write(tmp_path / "etc" / f"an4_{split}.fileids", "\n".join(fileids[split]) + "\n")
        write(tmp_path / "etc" / f"an4_{split}.transcription", "\n".join(transcripts[split]) + "\n")
    return tmp_path


def test_an4_reads_both_forms_of_transcript_and_carves_speakers(an4_tree):
    corpus = an4(an4_tree, valid_speakers=1)
    assert (corpus["test"][0].text, corpus["test"][0].speaker) == ("rubout g m", "fcaw")
    assert corpus["train"][0].text == "yes go"
    assert (len(corpus["train"].speakers), len(corpus["valid"].speakers)) == (2, 1)
    assert not set(corpus["train"].speakers) & set(corpus["valid"].speakers)
    assert list(an4(an4_tree, valid_speakers=0).splits) == ["train", "test"]


def test_an4_names_what_is_missing(an4_tree):
    (an4_tree / "wav/an4_clstk/fash/an1-fash-b.flac").unlink()
    with pytest.raises(DataError, match="an1-fash-b has no sound file"):
        an4(an4_tree)


def test_yesno_is_halved_in_the_order_of_names(tmp_path, sound):
    for name in ("1_0", "0_0", "1_1", "0_1"):
        sound(tmp_path / "waves_yesno" / f"{name}.wav")
    corpus = yesno(tmp_path)
    assert ids(corpus["train"]) == ["0_0", "0_1"]
    assert [utterance.text for utterance in corpus["test"]] == ["yes no", "yes yes"]


@pytest.fixture
def commands(tmp_path, sound):
    root = tmp_path / "SpeechCommands" / "speech_commands_v0.02"
    for word in ("yes", "bed"):
        for speaker in ("0c540988", "a5d485dc", "ffffffff"):
            sound(root / word / f"{speaker}_nohash_0.wav")
    sound(root / "_background_noise_" / "pink_noise.wav")
    write(root / "validation_list.txt", "yes/a5d485dc_nohash_0.wav\nbed/a5d485dc_nohash_0.wav\n")
    write(root / "testing_list.txt", "yes/ffffffff_nohash_0.wav\nbed/ffffffff_nohash_0.wav\n")
    return tmp_path


@pytest.mark.parametrize(("split", "subset"), [("train", "training"), ("valid", "validation"), ("test", "testing")])
def test_speech_commands_agree_with_torchaudio(commands, split, subset):
    theirs = torchaudio.datasets.SPEECHCOMMANDS(commands, subset=subset)
    metadata = [theirs.get_metadata(index) for index in range(len(theirs))]
    ours = speech_commands(commands)[split]
    assert [(one.text, one.speaker) for one in ours] == sorted((label, speaker) for _, _, label, speaker, _ in metadata)


def test_speech_commands_of_few_keywords_call_the_rest_unknown(commands):
    train = speech_commands(commands, keywords=["yes"])["train"]
    assert [(one.label, one.text) for one in train] == [(UNKNOWN, "bed"), ("yes", "yes")]


def test_speech_commands_without_lists_are_split_by_speaker(tmp_path, sound):
    speakers = [f"{number:08x}" for number in range(40)]
    for speaker in speakers:
        sound(tmp_path / "yes" / f"{speaker}_nohash_0.wav.wav")
        sound(tmp_path / UNKNOWN / f"tree_{speaker}_nohash_1.wav")
    sound(tmp_path / SILENCE / "7.wav")
    splits = speech_commands(tmp_path).splits
    sides = [set(split.speakers) for split in splits.values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 40
    everything = {utterance.id: utterance for split in splits.values() for utterance in split}
    assert everything["yes_00000003_nohash_0"].label == "yes"
    unknown, silence = everything["tree_00000003_nohash_1"], everything["silence_7"]
    assert (unknown.text, unknown.label, unknown.speaker) == ("tree", UNKNOWN, "00000003")
    assert (silence.text, silence.label, silence.speaker) == (None, SILENCE, None)


def test_librispeech_agrees_with_torchaudio(tmp_path, sound):
    for subset, speaker in (("dev-clean", "84"), ("train-clean-100", "103")):
        chapter = tmp_path / "LibriSpeech" / subset / speaker / "121123"
        lines = [f"{speaker}-121123-{number:04} GO DO YOU HEAR {number}" for number in range(3)]
        for line in lines:
            sound(chapter / f"{line.split()[0]}.flac")
        write(chapter / f"{speaker}-121123.trans.txt", "\n".join(lines) + "\n")
    theirs = torchaudio.datasets.LIBRISPEECH(tmp_path, "dev-clean")
    metadata = [theirs.get_metadata(index) for index in range(len(theirs))]
    corpus = librispeech(tmp_path, subsets=["train-clean-100", "dev-clean"])
    assert {split: len(manifest) for split, manifest in corpus.splits.items()} == {"train": 3, "valid": 3}
    assert [(one.text, one.speaker, one.audio) for one in corpus["valid"]] == [
        (text.lower(), str(speaker), (tmp_path / "LibriSpeech" / path,))
        for path, _, text, speaker, _, _ in sorted(metadata)
    ]
    with pytest.raises(DataError, match=r"librispeech is not in .*test-clean\. Pass download=True to fetch 346 MB"):
        librispeech(tmp_path)
    with pytest.raises(DataError, match="LibriSpeech has no subset dev"):
        librispeech(tmp_path, subsets=["dev"])


def test_ljspeech_holds_out_its_end(tmp_path, sound):
    rows = [f'LJ001-{number:04}|He said "{number}|he said, "number {number}' for number in range(5)]
    for row in rows:
        sound(tmp_path / "LJSpeech-1.1" / "wavs" / f"{row[:10]}.wav")
    write(tmp_path / "LJSpeech-1.1" / "metadata.csv", "\n".join(rows) + "\n")
    corpus = ljspeech(tmp_path, held_out=1)
    assert [ids(corpus[split])[0] for split in ("train", "valid", "test")] == [
        "LJ001-0000",
        "LJ001-0003",
        "LJ001-0004",
    ]
    assert corpus["test"][0].text == 'he said, "number 4'
    with pytest.raises(DataError, match="Choose held_out anew"):
        ljspeech(tmp_path)


def test_common_voice_reads_its_tables(tmp_path, sound):
    header = "client_id\tpath\tsentence\tup_votes\n"
    for table, name in (
        ("train", "common_voice_cy_1"),
        ("dev", "common_voice_cy_2"),
        ("test", "common_voice_cy_3"),
    ):
        write(tmp_path / "cy" / f"{table}.tsv", f'{header}anna\t{name}.mp3\tDywedodd "Na.\t2\n')
        sound(tmp_path / "cy" / "clips" / f"{name}.mp3")
    write(tmp_path / "cy" / "clip_durations.tsv", "clip\tduration[ms]\ncommon_voice_cy_1.mp3\t1234\n")
    corpus = common_voice(tmp_path, language="cy")
    train = corpus["train"][0]
    assert (train.id, train.text, train.speaker, train.seconds) == (
        "common_voice_cy_1",
        'Dywedodd "Na.',
        "anna",
        1.234,
    )
    assert (ids(corpus["valid"]), corpus["test"][0].seconds) == (["common_voice_cy_2"], None)
    write(tmp_path / "cy" / "train.tsv", "path\tsentence\na.mp3\tone\n")
    with pytest.raises(DataError, match=r"train\.tsv:2: needs the columns client_id, path, sentence"):
        common_voice(tmp_path, language="cy")


def test_a_missing_corpus_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNAUDIO_DATA", str(tmp_path))
    assert corpus_root("fsdd") == tmp_path / "fsdd"
    for read in (fsdd, an4, yesno, speech_commands, librispeech, ljspeech, common_voice):
        with pytest.raises(DataError) as caught:
            read()
        message = str(caught.value)
        assert message.startswith(f"{read.__name__} is not in {tmp_path / read.__name__}")
        assert "http" in message
        assert "RNNAUDIO_DATA" in message
        assert "\n" not in message
    assert list(tmp_path.iterdir()) == []
