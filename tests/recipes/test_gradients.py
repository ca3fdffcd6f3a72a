"""The recipe of gradients: its problems are what they say, its networks learn, and a stopped run goes on."""

import importlib
import json
import math
import sys
from pathlib import Path

import pytest
import torch

from rnnaudio.errors import ConfigError
from rnnaudio.settings import read_settings

RECIPE = Path(__file__).parents[2] / "recipes" / "gradients"
MODULES = ("tasks", "grid", "table", "picture", "train")


@pytest.fixture
def recipe(monkeypatch):
    """A module of the recipe by name; they find one another as when train.py is run."""
    monkeypatch.syspath_prepend(str(RECIPE))
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


def job(grid, cell="lstm", remedy=-1, problem="adding", length=8, **learning):
    learning = {"hidden": 16, "batch": 32, "steps": 400, "patience": 400, **learning}
    return grid.Job(problem, cell, grid.REMEDIES[cell][remedy], length, grid.Learning(**learning))


def test_the_baselines_are_what_no_memory_reaches(recipe):
    tasks = recipe("tasks")
    draw = torch.Generator().manual_seed(0)
    for name, constant in (("adding", 1.0), ("copying", 0.0)):
        problem = tasks.PROBLEMS[name]
        frames, targets = problem.draw(20_000, 12, draw)
        scores = torch.full((*frames.shape[:2], problem.outputs), constant)
        assert frames.shape[2] == problem.inputs
        assert float(problem.loss(scores, targets)) == pytest.approx(problem.baseline, rel=0.02)


def test_adding_marks_one_number_in_each_half(recipe):
    frames, sums = recipe("tasks").draw_adding(50, 9, torch.Generator().manual_seed(1))
    numbers, marks = frames.unbind(dim=2)
    assert (marks[:, :4].sum(dim=1) == 1).all()
    assert (marks[:, 4:].sum(dim=1) == 1).all()
    assert torch.equal((numbers * marks).sum(dim=1), sums)


def test_copying_asks_for_the_first_symbols_at_the_end(recipe):
    tasks = recipe("tasks")
    frames, symbols = tasks.draw_copying(5, 7, torch.Generator().manual_seed(1))
    ids = frames.argmax(dim=2)
    assert frames.shape == (5, 27, 10)
    assert torch.equal(ids[:, :10], symbols)
    assert (ids[:, 10:16] == 8).all()
    assert (ids[:, 16] == 9).all()
    assert (ids[:, 17:] == 8).all()
    known = torch.full((5, 27, 8), -30.0)
    known[:, 17:] = 30.0 * torch.nn.functional.one_hot(symbols, 8)
    assert float(tasks.copying_loss(known, symbols)) < 1e-6


def test_a_network_that_can_learn_does_and_always_the_same(recipe):
    grid = recipe("grid")
    first, again = grid.train(job(grid)), grid.train(job(grid))
    assert first.solved
    assert first.steps < 400
    assert str(first) == f"{first.steps} steps"
    assert (first.loss, first.steps) == (again.loss, again.steps)


def test_a_network_without_clipping_that_is_thrown_out_of_course_explodes(recipe):
    grid = recipe("grid")
    result = grid.train(job(grid, "irnn", 0, length=60, simple_rate=0.5))
    assert result.exploded
    assert str(result) == "explodes"
    assert result.learned == 0.0


def test_one_that_learns_nothing_is_given_up(recipe):
    grid = recipe("grid")
    result = grid.train(job(grid, "lstm", 0, learning_rate=1e-9, problem="copying", patience=30))
    assert result.steps == 30
    assert str(result) == "0 %"
    assert result.loss == pytest.approx(math.log(8), rel=0.05)


def test_a_run_writes_its_table_and_picture_and_goes_on_where_it_stopped(recipe, tmp_path, capsys, monkeypatch):
    train = recipe("train")
    for name in train.ALLOCATOR:
        monkeypatch.setenv(name, str(2**30))  # what main would set, and nobody take back
    learning = recipe("grid").Learning(hidden=8, steps=40)
    small = train.Gradients(only=("lstm", "irnn"), lengths=(12, 6), learning=learning, processes=1, output=tmp_path)
    train.main(small, False, "")
    said = capsys.readouterr().out
    assert "adding irnn, clipping: 6: " in said
    assert "| lstm | + chrono | " in said
    assert (tmp_path / "table.md").read_text() in said
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")
    kept = {file: file.read_text() for file in (tmp_path / "results").glob("*.json")}
    assert len(kept) >= 12  # two problems, six cells and remedies, one length or both
    gone, other = sorted(kept)[:2]
    gone.unlink()
    other.write_text(other.read_text().replace('"hidden": 8', '"hidden": 9'))
    train.main(small, True, "")
    for file, text in kept.items():
        now, then = json.loads(file.read_text()), json.loads(text)
        assert (file.read_text() == text) is (file not in (gone, other)), "only what was missing is done again"
        assert (now["job"], now["loss"]) == (then["job"], then["loss"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"only": ("lstmm",)}, r"only has 'lstmm'; choose from rnn, irnn, lstm"),
        ({"problems": ("sorting",)}, r"problems has 'sorting'; choose from adding, copying"),
        ({"lengths": ()}, r"lengths is \(\)"),
        ({"lengths": (1, 50)}, r"lengths of 2 or more"),
        ({"processes": 0}, r"processes is 0"),
    ],
)
def test_what_cannot_be_is_named(recipe, wrong, words):
    with pytest.raises(ConfigError, match=words):
        recipe("train").Gradients(**wrong)


def test_long_sequences_get_fewer_steps(recipe):
    grid = recipe("grid")
    assert [job(grid, length=length, frames=1000).steps for length in (2, 5, 10, 2000)] == [400, 200, 100, 1]
    with pytest.raises(ConfigError, match=r"learning\.steps is 0"):
        grid.Learning(steps=0)


def test_its_settings_are_read(recipe):
    train = recipe("train")
    assert read_settings(train.Gradients, RECIPE / "config.yaml", ["--only", "[gru]"]).only == ("gru",)
