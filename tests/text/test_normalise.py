"""Normalisation: what it does to the texts people write, and that a second time changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.text import collapse_space, digits_to_words, lower, normalise, strip_punctuation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello,  World!", "hello world"),
        ("it’s twenty-two", "it's twenty two"),
        ("'quoted' dogs' don't", "quoted dogs don't"),
        ("U.S.A. — €5", "u s a five"),
        ("call 0800 7", "call zero eight zero zero seven"),
        ("٣ and ７", "three and seven"),
        ("m² x₂", "m² x₂"),
        ("你好，世界。", "你好 世界"),
        ("CAFE\u0301", "café"),
        ("naï\u0308ve's", "naï\u0308ve's"),
        ("\t\n", ""),
        ("", ""),
    ],
)
def test_examples(text, expected):
    assert normalise(text) == unicodedata.normalize("NFC", expected)


def test_punctuation_and_digits_can_stay():
    assert normalise("Gate 7, now!", punctuation=True) == "gate seven , now!"  # a digit stands alone
    assert normalise("Gate 7 now!", punctuation=True, digits=False) == "gate 7 now!"


@given(st.text(), st.booleans(), st.booleans())
def test_twice_is_once(text, punctuation, digits):
    once = normalise(text, punctuation, digits)
    assert normalise(once, punctuation, digits) == once


@given(st.text())
def test_nothing_else_survives(text):
    done = normalise(text)
    assert done == collapse_space(done) == lower(done)
    assert all(unicodedata.category(character)[0] not in "PS" or character == "'" for character in done)
    assert not any(character.isdecimal() for character in done)


@given(st.text())
def test_each_step_does_one_thing(text):
    assert len(strip_punctuation(text)) == len(text)
    assert "".join(collapse_space(text).split()) == "".join(text.split())
    if not any(character.isdecimal() for character in text):
        assert digits_to_words(text) == collapse_space(text)
