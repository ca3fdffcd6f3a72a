"""Text to ids and back: alphabets of characters or words, and the changes that make texts comparable.

`Alphabet` turns a transcript into the labels of CTC; `normalise` makes "Room 42!" into "room four two".
"""

from rnnaudio.text.alphabet import Alphabet, Units
from rnnaudio.text.normalise import collapse_space, digits_to_words, lower, normalise, strip_punctuation

__all__ = [
    "Alphabet",
    "Units",
    "collapse_space",
    "digits_to_words",
    "lower",
    "normalise",
    "strip_punctuation",
]
