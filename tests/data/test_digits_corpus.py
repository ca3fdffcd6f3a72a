"""The embedded digits: what their manifests and README say is so."""

import hashlib
import json
import re
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2] / "data" / "digits"
SPLITS = ("train", "valid", "test")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@cache
def rows(split: str) -> list[dict]:
    return [json.loads(line) for line in (ROOT / f"{split}.jsonl").read_text().splitlines()]


def everything() -> list[dict]:
    return [row for split in SPLITS for row in rows(split)]


def speaker(row: dict) -> str:
    return row["speaker"]


def voice(row: dict) -> str:
    """espeak-en-us+m1-low-0.93 speaks with the voice espeak-en-us+m1."""
    return row["speaker"].rsplit("-", 2)[0]


def variant(row: dict) -> str:
    """What no accent hides: the espeak variant (or the accent when there is none), the flite voice."""
    return voice(row).split("+")[-1]


@pytest.mark.parametrize("split", SPLITS)
def test_a_manifest_line_is_complete(split):
    for row in rows(split):
        assert list(row) == ["id", "audio", "text", "seconds", "speaker"]
        assert row["audio"] == f"audio/{row['id']}.ogg"
        assert row["id"].startswith(f"{split}-")
        assert 1 <= len(row["text"].split()) <= 7
        assert set(row["text"].split()) <= set(DIGITS)
        assert row["text"] == " ".join(row["text"].split())


def test_nothing_is_there_twice_and_no_file_is_forgotten():
    assert len({row["id"] for row in everything()}) == len(everything())
    assert len({(row["text"], row["speaker"]) for row in everything()}) == len(everything())
    hashes = {hashlib.sha256((ROOT / row["audio"]).read_bytes()).digest() for row in everything()}
    assert len(hashes) == len(everything())
    present = {f"audio/{path.name}" for path in (ROOT / "audio").iterdir()}
    assert {row["audio"] for row in everything()} == present


@pytest.mark.parametrize(("one", "other"), combinations(SPLITS, 2))
@pytest.mark.parametrize("who", [speaker, voice, variant])
def test_splits_share_nobody(one, other, who):
    assert not {who(row) for row in rows(one)} & {who(row) for row in rows(other)}


@pytest.mark.parametrize("held_out", ["flite-rms", "espeak-en-us-nyc", "espeak-en-gb-x-gbclan"])
def test_whole_voices_are_kept_for_the_test(held_out):
    assert any(voice(row).startswith(held_out) for row in rows("test"))
    assert not any(voice(row).startswith(held_out) for row in rows("train") + rows("valid"))


@pytest.mark.parametrize("split", SPLITS)
def test_every_digit_is_equally_frequent(split):
    counts = Counter(word for row in rows(split) for word in row["text"].split())
    assert set(counts) == set(DIGITS)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert {len(row["text"].split()) for row in rows(split)} == set(range(1, 8))


@pytest.mark.parametrize("split", SPLITS)
def test_headers_say_what_the_manifest_says(split):
    for row in rows(split):
        info = soundfile.info(ROOT / row["audio"])
        assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "OPUS")
        assert info.frames / info.samplerate == pytest.approx(row["seconds"], abs=1e-4)


@pytest.mark.parametrize("part", range(6))
def test_each_file_decodes_to_speech_without_clipping(part):
    for row in everything()[part::6]:  # in parts: Opus takes a few seconds for them all
        samples, _ = soundfile.read(ROOT / row["audio"], dtype="float32")
        assert len(samples) / 16000 == pytest.approx(row["seconds"], abs=1e-4)
        assert np.isfinite(samples).all()
        assert 0.15 < np.abs(samples).max() < 0.95, row["id"]
        assert np.abs(samples[:800]).max() < 0.02, row["id"]  # the silence before
        loud = np.abs(samples) > 0.1 * np.abs(samples).max()
        assert loud.sum() > 300, row["id"]


def test_the_whole_is_small():
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) < 8_000_000


def test_readme_numbers_are_true():
    readme = (ROOT / "README.md").read_text()
    for split in SPLITS:
        measured = (
            len(rows(split)),
            sum(len(row["text"].split()) for row in rows(split)),
            round(sum(row["seconds"] for row in rows(split))),
            len({row["speaker"] for row in rows(split)}),
            len({voice(row) for row in rows(split)}),
        )
        assert f"| {split} | " + " | ".join(map(str, measured)) + " |" in readme
    (megabytes,) = re.findall(r"([0-9.]+) MB in all", readme)
    size = sum((ROOT / row["audio"]).stat().st_size for row in everything())
    assert f"{size / 1e6:.1f}" == megabytes
    (kilobits,) = re.findall(r"about ([0-9]+) kbit/s", readme)
    assert round(size * 8 / 1000 / sum(row["seconds"] for row in everything())) == int(kilobits)
    assert json.loads(re.findall(r"```json\n(.*)\n```", readme)[0]) in everything()
