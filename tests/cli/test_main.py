import importlib
import re
import shlex
import subprocess
import sys

import pytest

from rnnaudio.cli import main as entry
from rnnaudio.cli.common import Parser
from rnnaudio.version import __version__


def test_help_names_every_job(rnnaudio):
    done = rnnaudio("--help")
    assert done.code == 0
    assert all(re.search(rf"^ +{job}\b", done.out, re.MULTILINE) for job in entry.JOBS)


def test_version(rnnaudio):
    assert rnnaudio("--version").out == f"rnnaudio {__version__}\n"


def examples(text):
    """Command lines in a help text: after two spaces, up to two spaces and a remark."""
    for line in text.splitlines():
        command = re.split(r"  +", line.strip())[0]
        for part in command.split("|"):
            if part.strip().startswith("rnnaudio "):
                yield shlex.split(part)[1:]


@pytest.mark.parametrize("job", entry.JOBS)
def test_help_shows_examples_that_the_job_takes(rnnaudio, job):
    done = rnnaudio(job, "--help")
    assert done.code == 0
    shown = list(examples(done.out.partition("examples:")[2]))
    assert shown
    jobs = Parser(prog="rnnaudio").add_subparsers(dest="job")
    importlib.import_module(f"rnnaudio.cli.{job}").add(jobs)
    for words in shown:
        assert words[0] == job
        _, rest = jobs.choices[job].parse_known_args(words[1:])
        assert not rest or job == "train"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "the following arguments are required: JOB. See rnnaudio --help"),
        (["sing"], "argument JOB: invalid choice: 'sing'"),
        (["transcribe"], "the following arguments are required: FILE. See rnnaudio transcribe --help"),
        (["transcribe", "a.wav", "--colour"], "--colour is not an option of `rnnaudio transcribe`."),
        (["transcribe", "a.wav", "--threads", "-1"], "--threads: -1 is too small, it must be 0 or more."),
        (["transcribe", "a.wav", "--threads", "1e9"], "'1e9' is not a whole number"),
        (["transcribe", "a.wav", "--threads", "99999"], "99999 is too large, it must be 1024 or less"),
        (["transcribe", "-", "--raw", "0"], "--raw: 0 is too small"),
        (["transcribe", "-", "--raw", "sixteen"], "'sixteen' is not a whole number"),
        (["transcribe", "a.wav", "--format", "doc"], "invalid choice: 'doc'"),
        (["augment", "a.wav"], "required: -o/--output"),
        (["augment", "a.wav", "-o", "b.wav", "--seed", "-3"], "--seed: -3 is too small"),
        (["train", "--seed", "-3"], "--seed: -3 is too small"),
    ],
)
def test_a_wrong_command_line_is_one_line(rnnaudio, words, line):
    assert line in rnnaudio(*words).error()


def test_ctrl_c_ends_quietly(rnnaudio, monkeypatch):
    def interrupted(args, rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("rnnaudio.cli.models"), "run", interrupted)
    done = rnnaudio("models")
    assert (done.code, done.err) == (130, "rnnaudio: stopped.\n")


def test_a_reader_who_leaves_is_no_error():
    command = [sys.executable, "-m", "rnnaudio.cli.main", "models", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
