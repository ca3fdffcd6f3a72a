from dataclasses import dataclass

import pytest

from rnnaudio.cli.recipe import run_recipe
from rnnaudio.errors import DataError


@dataclass(frozen=True)
class Recipe:
    """Settings of a recipe."""

    speakers: int = 3
    """How many to leave out."""


@pytest.fixture
def recipe(tmp_path, monkeypatch, capsys):
    """Run a recipe by its command line; what its main was given, its exit code and what it printed."""
    (tmp_path / "config.yaml").write_text("speakers: 5\n")

    def run(*words, main=None):
        given, code = [], 0
        monkeypatch.setattr("sys.argv", ["train.py", *words])
        try:
            run_recipe(main or (lambda *args: given.append(args)), Recipe, str(tmp_path / "train.py"))
        except SystemExit as left:
            code = left.code
        return given, code, capsys.readouterr()

    return run


def test_settings_come_from_the_config_beside_and_the_command_line(recipe, tmp_path):
    again = f"python {tmp_path / 'train.py'}"
    assert recipe()[0] == [(Recipe(5), False, f"{again} --resume")]
    assert recipe("--speakers", "7")[0] == [(Recipe(7), False, f"{again} --speakers 7 --resume")]
    assert recipe("--resume", "--speakers", "7")[0] == [(Recipe(7), True, f"{again} --speakers 7 --resume")]
    (tmp_path / "other.yaml").write_text("")
    assert recipe("--config", str(tmp_path / "other.yaml"))[0][0][0] == Recipe(3)


def test_settings_are_listed(recipe):
    given, code, printed = recipe("--settings")
    assert (given, code) == ([], 0)
    assert "How many to leave out." in printed.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--speaker", "3"], "--speaker is not a setting. Did you mean --speakers?"),
        (["--speakers", "few"], "speakers must be int, not few."),
        (["--config"], "argument --config: expected one argument. See"),
        (["--config", "no.yaml"], "no.yaml does not exist."),
    ],
)
def test_a_mistake_is_one_line(recipe, words, line):
    _, code, printed = recipe(*words)
    assert code == 2
    assert line in printed.err
    assert len(printed.err.splitlines()) == 1


def test_what_goes_wrong_inside_is_one_line_too(recipe):
    def fail(*_):
        raise DataError("no data.")

    def stop(*_):
        raise KeyboardInterrupt

    assert recipe(main=fail)[1:] == (2, ("", "rnnaudio: no data.\n"))
    assert recipe(main=stop)[1:] == (130, ("", "rnnaudio: stopped.\n"))
