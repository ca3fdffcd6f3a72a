"""Small changes that make texts comparable, before an alphabet is made of them and before they are scored."""

import re
import unicodedata

_DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_APOSTROPHES = "'\u2019\u02bc\uff07"  # straight, typographic, modifier letter, full width


def lower(text: str) -> str:
    """Small letters in Unicode form NFC, so that one letter is one string however it was typed.

    >>> lower("CAFE\\u0301") == "caf\\u00e9"
    True
    """
    # NFC on both sides: composing can make a letter that has a small form, lowering can loosen an accent.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def collapse_space(text: str) -> str:
    """One plain space between words, none around them.

    >>> collapse_space("  one\\ttwo  ")
    'one two'
    """
    return " ".join(text.split())


def strip_punctuation(text: str) -> str:
    """A space for every punctuation mark and symbol, but keep the apostrophe between two letters.

    Punctuation is what Unicode files under P (marks) and S (symbols). White space is not collapsed.

    >>> collapse_space(strip_punctuation("Well... it\\u2019s twenty-two, isn't it?"))
    "Well it's twenty two isn't it"
    """
    kept = []
    for position, character in enumerate(text):
        if unicodedata.category(character)[0] not in "PS" and character not in _APOSTROPHES:
            kept.append(character)
        elif character in _APOSTROPHES and _between_letters(text, position):
            kept.append("'")
        else:
            kept.append(" ")
    return "".join(kept)


def _between_letters(text: str, position: int) -> bool:
    around = text[position - 1 : position], text[position + 1 : position + 2]
    return all(side != "" and unicodedata.category(side)[0] in "LM" for side in around)


def digits_to_words(text: str) -> str:
    """Every decimal digit as its English word between spaces: "42" is "four two". White space is collapsed.

    >>> digits_to_words("gate 42b")
    'gate four two b'
    """
    return collapse_space(re.sub(r"\d", lambda digit: f" {_DIGIT_WORDS[int(digit[0])]} ", text))


def normalise(text: str, punctuation: bool = False, digits: bool = True) -> str:
    """Lower case, NFC, single spaces; no punctuation unless asked for, digits as words unless not wanted.

    Doing it twice changes nothing.

    >>> normalise("  Room 42, please! ")
    'room four two please'
    """
    text = lower(text)
    if not punctuation:
        text = strip_punctuation(text)
    if digits:
        text = digits_to_words(text)
    return collapse_space(text)
