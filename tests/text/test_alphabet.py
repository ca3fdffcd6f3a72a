"""Alphabets: ids, errors that name the place, and the vocabulary file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.errors import DataError
from rnnaudio.text import Alphabet

LETTERS = Alphabet.from_texts(["the quick brown fox jumps over the lazy dog's den"])
WORDS = Alphabet(("nine", "one", "two"), units="words")


def test_blank_is_zero_and_symbols_follow():
    alphabet = Alphabet((" ", "a", "b"))
    assert (alphabet.blank, alphabet.size, alphabet.space) == (0, 4, 1)
    assert alphabet.encode("b a") == [3, 1, 2]
    assert WORDS.encode(" two\tnine ") == [3, 1]
    assert WORDS.space is None
    assert Alphabet(("中", "文")).space is None


@given(st.text(alphabet=LETTERS.symbols))
def test_what_is_encoded_decodes_to_itself(text):
    assert LETTERS.decode(LETTERS.encode(text)) == text


@given(st.lists(st.text(min_size=1), min_size=1))
def test_an_alphabet_writes_the_texts_it_was_made_from(texts):
    for units in ("characters", "words"):
        try:
            alphabet = Alphabet.from_texts(texts, units)
        except DataError:  # other white space, half surrogates, nothing at all
            continue
        for text in texts:
            kept = text if units == "characters" else " ".join(text.split())
            assert alphabet.decode(alphabet.encode(text)) == kept


def test_the_order_of_texts_does_not_change_ids():
    assert Alphabet.from_texts(["ab", "ca"]) == Alphabet.from_texts(["ca", "ab", "b"])


def test_decode_leaves_blanks_out_and_refuses_strange_ids():
    assert WORDS.decode([0, 2, 0, 0, 3, 0]) == "one two"
    assert WORDS.decode([]) == ""
    for strange in (-1, 4):
        with pytest.raises(DataError, match=f"Id {strange} is outside the alphabet, whose ids are 0 to 3"):
            WORDS.decode([strange])


@pytest.mark.parametrize(
    ("alphabet", "text", "message"),
    [
        (LETTERS, "cafÉ", r"'É' \(character 4 of 'cafÉ'\) is not in the alphabet of 28 characters"),
        (LETTERS, "Fox", r"'F' \(character 1 of 'Fox'\).*Write it in lower case: 'f'\.$"),
        (WORDS, "one too", r"'too' \(word 2 of 'one too'\).*Did you mean 'two'\?$"),
        (WORDS, "one 七", r"'七' \(word 2 of 'one 七'\) is not in the alphabet of 3 words\.$"),
        (WORDS, "x" * 99, r"\(word 1 of 'x{57}\.\.\.'\)"),
    ],
)
def test_an_unknown_symbol_is_named_with_its_place(alphabet, text, message):
    with pytest.raises(DataError, match=message):
        alphabet.encode(text)


@pytest.mark.parametrize(
    ("symbols", "units", "message"),
    [
        ((), "characters", "at least one symbol"),
        (("a", "b", "a"), "characters", "'a' stands twice"),
        (("a", "bc"), "characters", "Symbol 2 .* is not one character"),
        (("a", ""), "characters", "is empty"),
        (("a", "\n"), "characters", "white space"),
        (("a", "\u2028"), "characters", "white space"),
        (("a", "\ud800"), "characters", "surrogate"),
        (("one", "<blank>"), "words", "keeps for itself"),
        (("one", "two three"), "words", "white space"),
        (("a",), "phones", "Choose characters or words"),
    ],
)
def test_symbols_that_cannot_be_told_apart_are_refused(symbols, units, message):
    with pytest.raises(DataError, match=message):
        Alphabet(symbols, units)


def test_frames_that_ctc_needs():
    assert LETTERS.min_frames("") == 0
    assert LETTERS.min_frames("o") == 1
    assert LETTERS.min_frames("oo") == 3
    assert WORDS.min_frames("two two two nine") == 6


@given(st.lists(st.characters(), min_size=1, unique=True))
def test_a_vocabulary_file_gives_its_alphabet_back(tmp_path_factory, symbols):
    try:
        alphabet = Alphabet(tuple(symbols))
    except DataError:
        return
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    alphabet.save(path)
    assert Alphabet.load(path) == alphabet


def test_the_vocabulary_file_can_be_read_by_people(tmp_path):
    path = tmp_path / "vocabulary.txt"
    Alphabet((" ", "a", "中")).save(path)
    assert path.read_text(encoding="utf-8") == "# rnnaudio vocabulary: characters\n<blank>\n<space>\na\n中\n"
    WORDS.save(path)
    assert Alphabet.load(path) == WORDS
    assert [child.name for child in tmp_path.iterdir()] == ["vocabulary.txt"]


def test_a_vocabulary_touched_by_a_windows_editor_still_loads(tmp_path):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes("\ufeff# rnnaudio vocabulary: characters\r\n<blank>\r\n<space>\r\na".encode())
    assert Alphabet.load(path) == Alphabet((" ", "a"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "vocabulary.txt:1: a vocabulary starts with"),
        (b"a\nb\n", "vocabulary.txt:1: a vocabulary starts with"),
        (b"# rnnaudio vocabulary: phones\n<blank>\na\n", "vocabulary.txt:1: "),
        (b"# rnnaudio vocabulary: words\none\n", "vocabulary.txt:2: the first symbol"),
        (b"# rnnaudio vocabulary: words\n<blank>\n", "vocabulary.txt: An alphabet needs"),
        (b"# rnnaudio vocabulary: words\n<blank>\none\none\n", "vocabulary.txt: 'one' stands twice"),
        (b"\xff\xfe\x00", "vocabulary.txt is not UTF-8 text"),
    ],
)
def test_a_broken_vocabulary_is_one_line(tmp_path, content, message):
    (tmp_path / "vocabulary.txt").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        Alphabet.load(tmp_path / "vocabulary.txt")
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_one_line(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.txt cannot be read: No such file"):
        Alphabet.load(tmp_path / "nowhere.txt")
    with pytest.raises(DataError, match=r"vocabulary\.txt cannot be written: No such file"):
        WORDS.save(tmp_path / "missing" / "vocabulary.txt")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "vocabulary.txt"
    WORDS.save(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DataError, match="No space left on device"):
        LETTERS.save(path)
    assert Alphabet.load(path) == WORDS
    assert len(list(tmp_path.iterdir())) == 1
