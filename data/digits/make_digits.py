"""Make the digits corpus: English digit strings spoken by two free synthesisers, espeak-ng and flite.

    python data/digits/make_digits.py --output data/digits --seed 1

It takes about a minute and needs `espeak-ng` and `flite` on the path, NumPy and soundfile. With the versions
that README.md names, the same seed gives the same files, byte for byte. Audio and manifests are replaced only
after everything has been made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

RATE = 16000
COMPRESSION = 0.97  # Opus at about 13 kbit/s; at 8 the spectral error is twice as large
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Shares of words per utterance, and of the ways in which words are joined.
LENGTHS = {1: 0.16, 2: 0.15, 3: 0.16, 4: 0.16, 5: 0.14, 6: 0.12, 7: 0.11}
STYLES = {"flow": 0.3, "list": 0.12, "groups": 0.23, "gaps": 0.15, "apart": 0.2}
PITCHES = {"low": 0.8, "mid": 1.0, "high": 1.25}
TRACTS = (1.0, 0.93, 1.0, 1.08)  # a shorter (above 1) or longer vocal tract, by resampling

# espeak-ng: an accent speaks through a variant. Variants that differ little stay in one split (Diogo, Hugo;
# m8, Nguyen; klatt to klatt4), and the robots and echo chambers among them are left out.
TRAIN_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-us", "en-gb-x-rp", "en-029", "en-gb-x-gbcwmd")
TEST_ACCENTS = ("en-us-nyc", "en-gb-x-gbclan")  # in no other split
TRAIN_VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m8", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt4", "Alex"),
    *("Andrea", "Annie", "Denis", "Gene", "Gene2", "Diogo", "Hugo", "Jacky", "Lee", "Nguyen", "adam"),
    *("anika", "belinda", "edward", "ed", "grandma", "grandpa", "gustave", "john", "norbert", "pedro"),
    *("quincy", "rob", "sandro", "shelby", "travis", "victor"),
)
VALID_VARIANTS = ("m6", "Alicia", "Mario", "Storm", "robert", "zac")
TEST_VARIANTS = ("m7", "f5", "steph", "Andy", "Mike", "max", "antonio", "paul", "iven", "boris")

# flite: rms is heard in the test only. (voice, pitch class, tract); rms takes its pitch from the tract alone.
TRAIN_FLITE = [(voice, pitch, 1.0) for voice in ("awb", "slt", "kal16") for pitch in PITCHES] + [
    ("kal", "mid", 1.0),
    ("awb", "mid", 1.12),
    ("slt", "mid", 0.92),
    ("slt", "mid", 1.1),
    ("kal16", "mid", 1.15),
]
TEST_FLITE = [("rms", "mid", tract) for tract in (0.93, 1.0, 1.07, 1.15)]
FLITE_HZ = {"awb": 130.0, "slt": 170.0, "kal": 105.0, "kal16": 105.0, "rms": 95.0}


@dataclass(frozen=True)
class Speaker:
    """A synthesiser's voice at one pitch and one length of vocal tract."""

    engine: str
    voice: str
    pitch: str
    tract: float

    @property
    def name(self) -> str:
        """What the manifests call it: flite-slt-mid-0.92, espeak-en-us+m3-low-1."""
        return f"{self.engine}-{self.voice}-{self.pitch}-{self.tract:g}"


@dataclass(frozen=True)
class Line:
    """One utterance to be made."""

    id: str
    speaker: Speaker
    words: tuple[str, ...]


def espeak_speakers(variants: tuple[str, ...], accents: tuple[str, ...], each: int) -> Iterator[Speaker]:
    """Every variant `each` times, with accents, pitches and tracts taken in turn."""
    accent, tract = cycle(accents), cycle(TRACTS)
    pitch = cycle(("mid", "high", "low", "mid", "low", "high", "mid"))
    for _ in range(each):
        for variant in variants:
            yield Speaker("espeak", f"{next(accent)}+{variant}", next(pitch), next(tract))


def cast() -> dict[str, list[tuple[Speaker, int]]]:
    """The speakers of each split with their number of utterances."""
    known = tuple(dict.fromkeys(TRAIN_ACCENTS))
    whisper = Speaker("espeak", "en-gb+whisper", "mid", 1.0)
    plain = [Speaker("espeak", accent, "mid", 1.0) for accent in known]
    train = [*espeak_speakers(TRAIN_VARIANTS, TRAIN_ACCENTS, 2), *plain]
    test = [
        *espeak_speakers(TEST_VARIANTS, TEST_ACCENTS, 1),
        *espeak_speakers(TEST_VARIANTS[::-1], (*TEST_ACCENTS, "en-us", "en-gb-scotland", "en-gb-x-rp"), 1),
    ]
    return {
        "train": [(speaker, 9) for speaker in train]
        + [(whisper, 5)]
        + [(Speaker("flite", *flite), 22) for flite in TRAIN_FLITE],
        "valid": [(speaker, 10) for speaker in espeak_speakers(VALID_VARIANTS, TRAIN_ACCENTS, 2)],
        "test": [(speaker, 6) for speaker in test] + [(Speaker("flite", *flite), 10) for flite in TEST_FLITE],
    }


def script(split: str, seed: int) -> list[Line]:
    """Who says what: every digit equally often in a split, no speaker says the same thing twice."""
    random = np.random.default_rng((seed, zlib.crc32(split.encode())))
    slots = [speaker for speaker, count in cast()[split] for _ in range(count)]
    lengths = random.choice(list(LENGTHS), size=len(slots), p=list(LENGTHS.values()))
    total = int(lengths.sum())
    deck = list(random.permutation([WORDS[i % len(WORDS)] for i in range(total)]))
    texts: dict[int, tuple[str, ...]] = {}
    said: set[tuple[str, tuple[str, ...]]] = set()
    for slot in np.argsort(lengths, kind="stable"):  # the short ones collide: deal them from a full deck
        for _ in range(1000):
            words = tuple(str(word) for word in deck[: lengths[slot]])
            if (slots[slot].name, words) not in said:
                break
            deck = list(random.permutation(deck))
        said.add((slots[slot].name, words))
        texts[int(slot)] = words
        deck = deck[len(words) :]
    return [Line(f"{split}-{slot + 1:04d}", speaker, texts[slot]) for slot, speaker in enumerate(slots)]


def punctuate(words: tuple[str, ...], style: str, random: np.random.Generator) -> str:
    """The words as a sentence: commas make small pauses, the end mark sets the melody."""
    comma = {"list": 1.0, "groups": 0.35}.get(style, 0.0)
    joined = "".join(word + (", " if random.random() < comma else " ") for word in words[:-1]) + words[-1]
    return joined + str(random.choice([".", "?", "!", ","], p=[0.55, 0.15, 0.1, 0.2]))


def synthesise(speaker: Speaker, sentence: str, pace: float, gap: int, range_: int) -> np.ndarray:
    """One call of the synthesiser: mono samples at 16 kHz, with the speaker's tract."""
    pitch = PITCHES[speaker.pitch]
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        if speaker.engine == "espeak":
            ssml = f'<speak><prosody range="{range_}%">{sentence}</prosody></speak>'
            command = ["espeak-ng", "-m", "-v", speaker.voice, "-p", f"{50 + 80 * (pitch - 1):.0f}"]
            command += ["-s", f"{155 * pace:.0f}", "-g", str(gap), "-w", wav.name, ssml]
        else:
            hertz = FLITE_HZ[speaker.voice] * pitch
            command = ["flite", "-voice", speaker.voice, "--setf", f"int_f0_target_mean={hertz:.0f}"]
            command += ["--setf", f"int_f0_target_stddev={11 * range_ / 100:.1f}"]
            command += ["--setf", f"duration_stretch={1 / pace:.3f}", "-t", sentence, "-o", wav.name]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(wav.name)
    return trim(resample(samples, rate * speaker.tract))


def resample(samples: np.ndarray, rate: float) -> np.ndarray:
    """To 16 kHz in the frequency domain; exact for the band both rates share."""
    padded = np.pad(samples, 256)
    count = round(len(padded) * RATE / rate)
    spectrum = np.fft.rfft(padded)
    kept = np.zeros(count // 2 + 1, dtype=complex)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    return np.fft.irfft(kept, count) * (count / len(padded))


def trim(samples: np.ndarray, below: float = 0.004, margin: float = 0.025) -> np.ndarray:
    """Without the silent ends: what lies 48 dB below the peak, less a margin that is faded."""
    loud = np.flatnonzero(np.abs(samples) > below * np.abs(samples).max())
    edge = int(margin * RATE)
    kept = samples[max(loud[0] - edge, 0) : loud[-1] + edge].copy()
    fade = np.linspace(0.0, 1.0, edge // 2)
    kept[: len(fade)] *= fade
    kept[-len(fade) :] *= fade[::-1]
    return kept


def speak(line: Line, seed: int) -> np.ndarray:
    """The utterance as it will be stored. All its chances come from (seed, id)."""
    random = np.random.default_rng((seed, zlib.crc32(line.id.encode())))
    style = str(random.choice(list(STYLES), p=list(STYLES.values())))
    pace, range_ = float(random.uniform(0.7, 1.2)), int(random.integers(50, 170))
    gap = int(random.integers(2, 13)) if style == "gaps" else 0

    def silence(low: float, high: float) -> np.ndarray:
        return np.zeros(int(random.uniform(low, high) * RATE))

    if style == "apart":
        longest = float(random.uniform(0.05, 0.45))
        pieces = [silence(0.1, 0.4)]
        for word in line.words:
            sentence = punctuate((word,), style, random)
            pieces += [synthesise(line.speaker, sentence, pace, 0, range_), silence(0.0, longest)]
        pieces += [silence(0.1, 0.4)]
    else:
        sentence = punctuate(line.words, style, random)
        pieces = [silence(0.1, 0.4), synthesise(line.speaker, sentence, pace, gap, range_), silence(0.1, 0.4)]
    samples = np.concatenate(pieces)
    peak = 10 ** (random.uniform(-12.0, -3.0) / 20)
    return samples * (peak / np.abs(samples).max())


def seal(ogg: bytes, serial: int) -> bytes:
    """The same Ogg stream with a given serial number, which libsndfile draws by chance (RFC 3533, 6)."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = ((value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    sealed, start = bytearray(ogg), 0
    while start < len(sealed):
        segments = sealed[start + 26]
        end = start + 27 + segments + sum(sealed[start + 27 : start + 27 + segments])
        sealed[start + 14 : start + 18] = serial.to_bytes(4, "little")
        sealed[start + 22 : start + 26] = bytes(4)
        checksum = 0
        for byte in sealed[start:end]:
            checksum = ((checksum << 8) & 0xFFFFFFFF) ^ table[(checksum >> 24) ^ byte]
        sealed[start + 22 : start + 26] = checksum.to_bytes(4, "little")
        start = end
    return bytes(sealed)


def make(line: Line, folder: Path, seed: int) -> dict[str, object]:
    """Write one audio file below `folder`; its line of the manifest."""
    path = folder / "audio" / f"{line.id}.ogg"
    samples = speak(line, seed)
    soundfile.write(path, samples, RATE, format="OGG", subtype="OPUS", compression_level=COMPRESSION)
    path.write_bytes(seal(path.read_bytes(), zlib.crc32(line.id.encode())))
    return {
        "id": line.id,
        "audio": f"audio/{path.name}",
        "text": " ".join(line.words),
        "seconds": round(soundfile.info(path).frames / RATE, 4),
        "speaker": line.speaker.name,
    }


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder to fill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output, prefix=".making-") as beside:
        folder = Path(beside)
        (folder / "audio").mkdir()
        for split in ("train", "valid", "test"):
            with ThreadPoolExecutor(options.threads) as pool:
                one = partial(make, folder=folder, seed=options.seed)
                rows = list(pool.map(one, script(split, options.seed)))
            (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            print(f"{split}: {len(rows)} utterances, {sum(float(str(row['seconds'])) for row in rows):.0f} s")
        shutil.rmtree(options.output / "audio", ignore_errors=True)
        for made in folder.iterdir():
            made.rename(options.output / made.name)


if __name__ == "__main__":
    main()
