"""The command, run in this process."""

from dataclasses import dataclass

import pytest

from rnnaudio.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, what it printed, and its errors as lines."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return self.err.splitlines()

    def error(self) -> str:
        """The one line that a mistake is told in."""
        assert self.code == 2
        assert self.out == ""
        assert len(self.errors) == 1, self.err
        assert self.err.startswith("rnnaudio: ")
        return self.errors[0].removeprefix("rnnaudio: ")


@pytest.fixture
def rnnaudio(capsys):
    """Run `rnnaudio ARGUMENTS`."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:  # --help and --version
            code = left.code
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run
