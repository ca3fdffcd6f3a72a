"""Other free voices that say digits: the embedded corpus, AN4's digit utterances, Speech Commands' digit clips."""

from dataclasses import replace
from pathlib import Path

from rnnaudio.data import Manifest, read_manifest
from rnnaudio.data.corpora import DIGITS, an4, speech_commands

WORDS = {*DIGITS, "oh"}  # people who spell numbers say "oh" for zero; it is written as it is said


def other_voices(embedded: Path) -> tuple[Manifest, Manifest]:
    """Training and validation utterances of all three that hold digits and nothing else; no test part of any."""
    train, valid = (read_manifest(embedded / f"{split}.jsonl") for split in ("train", "valid"))
    for name, corpus in (("an4", an4()), ("commands", speech_commands())):
        train = train.merge(only_digits(corpus["train"], name))
        valid = valid.merge(only_digits(corpus["valid"], name))
    return train, valid


def only_digits(manifest: Manifest, name: str) -> Manifest:
    """Utterances of digits alone, with ids and speakers marked by their corpus."""
    kept = manifest.filter(lambda one: bool(one.text) and WORDS.issuperset((one.text or "").split()))
    return Manifest(tuple(replace(one, id=f"{name}-{one.id}", speaker=f"{name}-{one.speaker}") for one in kept))
