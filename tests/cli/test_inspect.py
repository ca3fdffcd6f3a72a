"""`rnnaudio inspect`."""

import io

import pytest
import soundfile

from rnnaudio.inside import _style
from tests.worlds import RATE, beeps, recognizer


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch):
    monkeypatch.setattr(_style, "DPI", 32)


@pytest.fixture(scope="module")
def simple(tmp_path_factory):
    """The model with the fewest pictures."""
    folder = tmp_path_factory.mktemp("models") / "simple"
    recognizer(cell="rnn", bidirectional=False).save(folder)
    return folder


@pytest.fixture
def sound(tmp_path):
    soundfile.write(tmp_path / "a.wav", beeps("low high"), RATE)
    return tmp_path / "a.wav"


def test_a_page_is_written(rnnaudio, sound, simple, tmp_path):
    done = rnnaudio("inspect", simple, sound, "-o", tmp_path / "new" / "a.html")
    assert (done.code, done.out, done.err) == (0, "", "")
    page = (tmp_path / "new" / "a.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<h1" in page
    assert str(simple) in page


def test_the_model_may_be_an_option_and_the_page_go_to_a_pipe(rnnaudio, sound, simple, monkeypatch):
    class Pipe:
        buffer = io.BytesIO(sound.read_bytes())

    monkeypatch.setattr("sys.stdin", Pipe)
    arguments = ("--layers", "1", "--start", "0.1", "--end", "0.3")
    done = rnnaudio("inspect", "-m", simple, "-", "-o", "-", *arguments)
    assert (done.code, done.err) == (0, "")
    assert "Inside: standard input" in done.out
    assert ' 0.1 0.3"' in done.out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("MODEL", "no.wav", "-o", "a.html"), "no.wav does not exist."),
        (("no-such-model", "a.wav", "-o", "a.html"), "no-such-model is neither a folder nor a shipped model"),
        (("MODEL", "-m", "MODEL", "a.wav", "-o", "a.html"), "is not an option"),
        (("-m", "MODEL", "MODEL", "a.wav", "-o", "a.html"), "are two models. Name one."),
        (("MODEL", "a.wav"), "the following arguments are required: -o/--output"),
        (("MODEL", "a.wav", "-o", "."), ". is a folder. Name a file."),
        (("MODEL", "a.wav", "-o", "a.html", "--layers", "1,2"), "there is no layer 2; this encoder has 1"),
        (("MODEL", "a.wav", "-o", "a.html", "--layers", "all"), "'all' is not a list of numbers such as 1,3"),
        (
            ("MODEL", "a.wav", "-o", "a.html", "--start", "9"),
            "a.wav lasts 0.527 s: from 9 s to 0.527 s there is",
        ),
        (("MODEL", "a.wav", "-o", "a.html", "--start", "0.2", "--end", "0.1"), "from 0.2 s to 0.1 s there is nothing"),
        (("MODEL", "a.wav", "-o", "a.html", "--start", "-1"), "-1 is not a time in a recording"),
        (("MODEL", "a.wav", "-o", "a.html", "--end", "nan"), "nan is not a time in a recording"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(rnnaudio, sound, simple, tmp_path, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    done = rnnaudio("inspect", *(str(simple) if one == "MODEL" else one for one in arguments))
    assert line in done.error()
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_without_matplotlib_one_line_says_what_to_install(rnnaudio, sound, simple, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    message = rnnaudio("inspect", simple, sound, "-o", tmp_path / "a.html").error()
    assert "pip install matplotlib" in message


def test_help_has_an_example(rnnaudio):
    assert "rnnaudio inspect digits-en recording.wav -o report.html" in rnnaudio("inspect", "--help").out
