"""LibriSpeech: a thousand hours of read English audiobooks, 16 kHz."""

from collections.abc import Collection, Iterator
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, corpus_root, find_audio, manifest_of
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Utterance
from rnnaudio.errors import DataError

__all__ = ["librispeech"]

_SUBSETS = {  # name: size, SHA-256
    "train-clean-100": ("6.3 GB", "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2"),
    "train-clean-360": ("23 GB", "146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf"),
    "train-other-500": ("30 GB", "ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2"),
    "dev-clean": ("337 MB", "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3"),
    "dev-other": ("314 MB", "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365"),
    "test-clean": ("346 MB", "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23"),
    "test-other": ("328 MB", "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29"),
}
_SPLITS = {"dev-clean": "valid", "dev-other": "valid-other", "test-clean": "test", "test-other": "test-other"}


def librispeech(
    root: Path | None = None,
    download: bool = False,
    subsets: Collection[str] = ("train-clean-100", "dev-clean", "test-clean"),
) -> Corpus:
    """LibriSpeech, text in lower case.

    The chosen train subsets together are train; dev-clean is valid, test-clean is test.

    With dev-other and test-other among the `subsets` there are also the splits valid-other and test-other.
    Layout: `{subset}/{speaker}/{chapter}/{speaker}-{chapter}-{number}.flac` with a `.trans.txt` per chapter,
    in `root` or in `root/LibriSpeech`. DataError when a subset is not there, or a recording has no
    transcript.

    Source: Panayotov et al. 2015, LibriSpeech: an ASR corpus based on public domain audio books, ICASSP.

    >>> corpus = librispeech(download=True, subsets=["dev-clean"])              # doctest: +SKIP
    >>> len(corpus["valid"])                                                    # doctest: +SKIP
    2703
    """
    root = Path(root) if root is not None else corpus_root("librispeech")
    root = root / "LibriSpeech" if (root / "LibriSpeech").is_dir() else root
    utterances: dict[str, list[Utterance]] = {}
    for subset in subsets:
        if subset not in _SUBSETS:
            raise DataError(f"LibriSpeech has no subset {subset}. It has: {', '.join(_SUBSETS)}.")
        size, sha256 = _SUBSETS[subset]
        url = f"https://www.openslr.org/resources/12/{subset}.tar.gz"
        archive = Archive(url, size, sha256, inside=f"LibriSpeech/{subset}")
        require("librispeech", root / subset, archive, (root / subset).is_dir(), download)
        utterances.setdefault(_SPLITS.get(subset, "train"), []).extend(_utterances(root / subset))
    return Corpus(
        name="librispeech",
        licence="CC BY 4.0",
        citation="V. Panayotov, G. Chen, D. Povey, S. Khudanpur, LibriSpeech: an ASR corpus based on "
        "public domain audio books, ICASSP 2015",
        splits={split: manifest_of(found, "librispeech") for split, found in utterances.items()},
    )


def _utterances(folder: Path) -> Iterator[Utterance]:
    """Every line of every chapter's transcript, with its recording."""
    for transcript in sorted(folder.glob("*/*/*.trans.txt")):
        for line in transcript.read_text(encoding="utf-8").splitlines():
            name, _, text = line.strip().partition(" ")
            if name:
                path = find_audio(transcript.parent / name)
                yield Utterance(name, (path,), text=text.lower(), speaker=name.partition("-")[0])
