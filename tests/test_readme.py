"""What README and docs show is what happens: their examples are run, their links lead somewhere.

Run are blocks marked as python, as bash, and as console, where `$ ` marks a command and what it prints stands beneath,
with `...` for anything. A block marked as text directly beneath a python block is what that one prints. A block is
left out by an HTML comment directly above it: <!-- not run: why -->.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from rnnaudio.cli.main import main
from rnnaudio.data import read_manifest
from rnnaudio.features import read_audio
from rnnaudio.models.folder import SHIPPED

ROOT = Path(__file__).parents[1]
RUN = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
PLACES = ("*.md", "docs/**/*.md", "recipes/**/*.md", "data/**/*.md")
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = re.compile(r"<!-- not run: \S.* -->\n *\Z")
SPEAKERS = ("ann", "bob", "cleo", "dan", "eve", "finn", "gil", "hana")


@dataclass(frozen=True)
class Example:
    """A block that is run: its place, what it is, and what a python block prints, if the page says so."""

    place: str
    line: int
    kind: str
    body: str
    prints: str | None


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def examples(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    blocks = list(FENCE.finditer(text))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block["kind"] not in ("python", "bash", "console") or LEFT_OUT.search(text[: block.start()]):
            continue
        answered = following and following["kind"] == "text" and not text[block.end() : following.start()].strip()
        prints = textwrap.dedent(following["body"]) if answered else None
        line = text.count("\n", 0, block.start()) + 2
        yield Example(f"{name(page)}:{line}", line, block["kind"], textwrap.dedent(block["body"]), prints)


def commands(example: Example) -> Iterator[tuple[str, str | None]]:
    """The commands of a block, each with what it must print (None: whatever it likes)."""
    body = example.body.replace("\\\n", " ")
    if example.kind == "bash":
        yield from ((line, None) for line in body.splitlines() if line.strip() and not line.startswith("#"))
        return
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def carried_out(command: str) -> tuple[int, str]:
    """Exit code and output of a command; in this process where it is `rnnaudio` alone, which is faster."""
    words = shlex.split(command, comments=True)
    if words[0] != "rnnaudio" or {"|", "<", ">"} & set(words):
        paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": paths, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            ["bash", "-c", command], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return done.returncode, done.stdout
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            code = main(words[1:])
        except SystemExit as left:
            code = left.code
    return code, printed.getvalue()


def assert_printed(place: str, printed: str, wanted: str) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(wanted, printed, flags), (
        f"{place} shows\n{wanted}\nbut what happens is\n{printed}"
    )


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder that looks like the repository, with a reader's own recordings and what was trained on them in it."""
    for entry in ROOT.iterdir():
        if entry.name[0] != "." and entry.name not in ("runs", "my_recordings"):
            (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "model").symlink_to(SHIPPED / "digits-en")
    digits = read_manifest(ROOT / "data" / "digits" / "valid.jsonl")
    for number, speaker in enumerate(SPEAKERS):
        (tmp_path / "my_recordings" / speaker).mkdir(parents=True)
        for one in digits.utterances[3 * number : 3 * number + 3]:
            place = tmp_path / "my_recordings" / speaker / one.audio[0].name.removeprefix("valid-")
            place.symlink_to(one.audio[0].resolve())
            place.with_suffix(".txt").write_text(f"{one.text}\n")
    new = read_audio(ROOT / "data" / "digits" / "audio" / "test-0002.ogg")
    soundfile.write(tmp_path / "new.wav", new.samples.numpy(), new.rate)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", RUN, ids=name)
def test_what_a_page_shows_is_what_happens(page, scratch):
    names: dict[str, object] = {"__name__": "__main__"}  # blocks of a page go on from one another
    for example in examples(page):
        if example.kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (example.line - 1) + example.body, str(page), "exec"), names)
            if example.prints is not None:
                assert_printed(example.place, printed.getvalue(), example.prints)
            continue
        for command, wanted in commands(example):
            code, printed = carried_out(command)
            if wanted is not None:
                assert_printed(f"{example.place}: {command}", printed, wanted)
            assert code == 0 or "rnnaudio: " in (wanted or ""), (
                f"{example.place}: {command} ended with {code}\n{printed}"
            )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert re.match(r"(https?|mailto):", target) or (page.parent / target).exists(), f"{name(page)}: {target}"


def test_tests_that_are_named_exist():
    told = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for page in PAGES:
        for test in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")):
            assert f"def {test}(" in told, f"{name(page)}: {test}"
