"""What a check found: problems with their places, and the utterances that are left to learn from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rnnaudio.data.jsonl import write_lines
from rnnaudio.data.manifest import Manifest

__all__ = ["CheckReport", "Problem"]

_EXAMPLES = 5


@dataclass(frozen=True)
class Problem:
    """One finding: for an error the utterance is dropped, a warning asks for a look, a note is just said.

    `utterance` is the id concerned, empty where a finding is about whole splits.
    """

    level: Literal["error", "warning", "note"]
    kind: str
    where: str
    message: str
    split: str = ""
    utterance: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class CheckReport:
    """The outcome of `check`. `kept` has each manifest without its dropped utterances, every length measured.

    `seconds` and `utterances` count everything that could be read, dropped or not.
    """

    problems: tuple[Problem, ...]
    utterances: int
    seconds: float
    kept: Mapping[str, Manifest] = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes may be there."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which utterances are dropped."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    @property
    def dropped(self) -> tuple[str, ...]:
        """Ids of the utterances with an error, each once, in the order of the manifests."""
        return tuple(dict.fromkeys(problem.utterance for problem in self.errors))

    def text(self, examples: int = _EXAMPLES) -> str:
        """Readable lines: each kind of problem with its count and first `examples`, then what is left.

        >>> problem = Problem("error", "unreadable", "a.jsonl:3", "b.wav does not exist.", "train", "b")
        >>> print(CheckReport((problem,), 10, 7200.0, {"train": Manifest(())}).text())
        1 error: unreadable
          a.jsonl:3: b.wav does not exist.
        10 utterances, 2.00 hours; 1 cannot be used.
        """
        lines = []
        for level in ("error", "warning", "note"):
            kinds = dict.fromkeys(problem.kind for problem in self.problems if problem.level == level)
            for kind in kinds:
                group = [problem for problem in self.problems if (problem.level, problem.kind) == (level, kind)]
                lines.append(f"{len(group)} {level}{'s' if len(group) > 1 else ''}: {kind.replace('_', ' ')}")
                lines += [f"  {problem}" for problem in group[:examples]]
                if len(group) > examples:
                    lines.append(f"  … and {len(group) - examples} more")
        verdict = f"{len(self.dropped)} cannot be used" if self.dropped else "all can be used"
        lines.append(f"{self.utterances} utterances, {self.seconds / 3600:.2f} hours; {verdict}.")
        return "\n".join(lines)

    def json(self) -> str:
        """The whole report as JSON: ok, utterances, seconds, dropped, problems."""
        report = {
            "ok": self.ok,
            "utterances": self.utterances,
            "seconds": round(self.seconds, 3),
            "dropped": list(self.dropped),
            "problems": [asdict(problem) for problem in self.problems],
        }
        return json.dumps(report, ensure_ascii=False, indent=2)

    def write_drop_list(self, path: Path) -> Path:
        """Write the errors as JSON lines, one for each utterance: split, id, kind, where, message."""
        lines: dict[tuple[str, str], str] = {}
        for problem in self.errors:
            key = problem.split, problem.utterance
            row = {
                "split": problem.split,
                "id": problem.utterance,
                "kind": problem.kind,
                "where": problem.where,
                "message": problem.message,
            }
            lines.setdefault(key, json.dumps(row, ensure_ascii=False) + "\n")
        return write_lines(path, "".join(lines.values()).encode(errors="backslashreplace"))
