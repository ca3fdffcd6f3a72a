"""The symbols a model can write, and text to their ids and back."""

import difflib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from rnnaudio.errors import DataError
from rnnaudio.files import write_file

Units = Literal["characters", "words"]

_UNITS: tuple[Units, ...] = ("characters", "words")
_HEADER = "# rnnaudio vocabulary: "
_BLANK = "<blank>"
_SPACE = "<space>"


@dataclass(frozen=True)
class Alphabet:
    """The symbols of a text in a fixed order: symbol `symbols[i]` has id `i + 1`, for 0 is the blank of CTC.

    With units "characters" a symbol is one character and a text is kept exactly, spaces too. With units
    "words" a symbol is one word, and any white space parts words. Raises `DataError` for symbols that
    cannot be told apart.

    >>> alphabet = Alphabet((" ", "e", "n", "o", "t", "w"))
    >>> alphabet.encode("one two")
    [4, 3, 2, 1, 5, 6, 4]
    >>> alphabet.decode([4, 3, 2])
    'one'
    >>> alphabet.size
    7
    """

    symbols: tuple[str, ...]
    units: Units = "characters"

    blank: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if self.units not in _UNITS:
            raise DataError(f"units {self.units!r} of an alphabet do not exist. Choose characters or words.")
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if not self.symbols:
            raise DataError("An alphabet needs at least one symbol, but the texts it was made from are empty.")
        for position, symbol in enumerate(self.symbols):
            if flaw := _flaw(symbol, self.units):
                raise DataError(f"Symbol {position + 1} of an alphabet of {self.units}, {symbol!r}, {flaw}.")
        if len(self._ids) < len(self.symbols):
            twice = next(s for s in self.symbols if self.symbols.count(s) > 1)
            raise DataError(f"{twice!r} stands twice in an alphabet. Keep one of them.")

    @classmethod
    def from_texts(cls, texts: Iterable[str], units: Units = "characters") -> "Alphabet":
        """Every symbol that occurs in the texts, sorted by code point: the same texts give the same ids.

        >>> Alphabet.from_texts(["two one", "one"], units="words").symbols
        ('one', 'two')
        """
        found: set[str] = set()
        for text in texts:
            found.update(text if units == "characters" else text.split())
        return cls(tuple(sorted(found)), units)

    @property
    def size(self) -> int:
        """How many ids there are, the blank among them: the width of a CTC head."""
        return len(self.symbols) + 1

    @property
    def space(self) -> int | None:
        """The id that parts words, or None where every symbol is a word or the alphabet has no space."""
        return self._ids.get(" ") if self.units == "characters" else None

    def encode(self, text: str) -> list[int]:
        """The ids of a text. Raises `DataError` with the first unknown symbol and its position from 1.

        >>> Alphabet(("a", "b")).encode("abc")
        Traceback (most recent call last):
        ...
        rnnaudio.errors.DataError: 'c' (character 3 of 'abc') is not in the alphabet of 2 characters: a b.
        """
        parts: Sequence[str] = text if self.units == "characters" else text.split()
        ids = self._ids
        try:
            return [ids[part] for part in parts]
        except KeyError:
            raise DataError(self._unknown(text, parts)) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; blanks are left out. Raises `DataError` for an id that no symbol has.

        >>> Alphabet(("one", "two"), units="words").decode([2, 0, 1])
        'two one'
        """
        parts = []
        for number in ids:
            if not 0 <= number < self.size:
                raise DataError(f"Id {number} is outside the alphabet, whose ids are 0 to {self.size - 1}.")
            if number != self.blank:
                parts.append(self.symbols[number - 1])
        return ("" if self.units == "characters" else " ").join(parts)

    def min_frames(self, text: str) -> int:
        """The fewest frames in which CTC can write a text: one for each symbol, one between equal neighbours.

        Source: Graves et al. 2006, "Connectionist Temporal Classification": a repeat needs a blank in
        between.

        >>> Alphabet.from_texts(["three"]).min_frames("three")
        6
        """
        ids = self.encode(text)
        return len(ids) + sum(left == right for left, right in itertools.pairwise(ids))

    def save(self, path: str | Path) -> None:
        """Write one symbol a line beneath a line that names the units; line 2 is the blank, id 0.

        Written beside and renamed, so no half file stays. Raises `DataError` where that is not possible.
        """
        lines = [_HEADER + self.units, _BLANK, *(_SPACE if s == " " else s for s in self.symbols)]
        try:
            write_file(path, "\n".join(lines) + "\n")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from error

    @classmethod
    def load(cls, path: str | Path) -> "Alphabet":
        """Read what `save` wrote. Raises `DataError` with file and line where it is something else."""
        path = Path(path)
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 text (byte {error.start + 1}).") from error
        units = lines[0].removeprefix(_HEADER)
        if not lines[0].startswith(_HEADER) or units not in _UNITS:
            raise DataError(f'{path}:1: a vocabulary starts with "{_HEADER}characters" or "{_HEADER}words".')
        if lines[1:2] != [_BLANK]:
            raise DataError(f"{path}:2: the first symbol of a vocabulary is {_BLANK}.")
        symbols = lines[2:-1] if lines[-1] == "" else lines[2:]
        try:
            return cls(tuple(" " if s == _SPACE else s for s in symbols), units)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols, start=1)}

    def _unknown(self, text: str, parts: Sequence[str]) -> str:
        position = next(i for i, part in enumerate(parts) if part not in self._ids)
        symbol, unit = parts[position], self.units.removesuffix("s")
        known = f"the alphabet of {len(self.symbols)} {self.units}"
        if len(self.symbols) <= 40 and self.units == "characters":
            known += ": " + " ".join(_SPACE if s == " " else s for s in self.symbols)
        if symbol.lower() in self._ids:
            known += f". Write it in lower case: {symbol.lower()!r}"
        elif self.units == "words" and (near := difflib.get_close_matches(symbol, self.symbols, n=1)):
            known += f". Did you mean {near[0]!r}?"
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        sentence = f"{symbol!r} ({unit} {position + 1} of {shown!r}) is not in {known}"
        return sentence if sentence.endswith("?") else f"{sentence}."


def _flaw(symbol: str, units: Units) -> str:
    """What keeps a symbol from being one, or nothing."""
    if symbol == " " and units == "characters":
        return ""
    if not symbol or any(character.isspace() for character in symbol):
        return "is empty or holds white space; only a plain space can be a character"
    if units == "characters" and len(symbol) != 1:
        return "is not one character"
    if symbol in (_BLANK, _SPACE):
        return "is a name that the vocabulary file keeps for itself"
    if any("\ud800" <= character <= "\udfff" for character in symbol):
        return "is half of a surrogate pair, not text"
    return ""
