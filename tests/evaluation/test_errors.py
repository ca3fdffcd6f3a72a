"""Errors: counts that add up, alignments that lead from one text to the other."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.errors import DataError
from rnnaudio.evaluation import ErrorCounts, align, character_error_rate, word_error_rate, word_errors
from rnnaudio.evaluation.errors import count_errors

words = st.lists(st.sampled_from(["one", "two", "x", "y"]), max_size=7)


@given(words, words)
def test_an_alignment_spells_both_sides(said, heard):
    edits = align(said, heard)
    assert [edit.reference for edit in edits if edit.kind != "insertion"] == said
    assert [edit.hypothesis for edit in edits if edit.kind != "deletion"] == heard
    assert all((edit.kind == "hit") == (edit.reference == edit.hypothesis) for edit in edits)


@given(words, words)
def test_no_alignment_has_fewer_edits(said, heard):
    @cache
    def least(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(least(i - 1, j) + 1, least(i, j - 1) + 1, least(i - 1, j - 1) + (said[i - 1] != heard[j - 1]))

    assert count_errors(said, heard).errors == least(len(said), len(heard))


@given(words, words)
def test_counts_are_those_of_the_alignment(said, heard):
    kinds = [edit.kind for edit in align(said, heard)]
    counts = count_errors(said, heard)
    assert counts == ErrorCounts(*map(kinds.count, ("hit", "substitution", "deletion", "insertion")))
    assert counts.reference == len(said)


def test_counts_of_a_corpus_are_the_sum_of_its_texts():
    said, heard = ["one two", "", "six six six"], ["one", "two", "six five six"]
    assert word_errors(said, heard) == sum(map(word_errors, said, heard), ErrorCounts())
    assert word_errors(said, heard) == ErrorCounts(hits=3, substitutions=1, deletions=1, insertions=1)
    assert word_error_rate(said, heard) == 3 / 5


def test_nothing_said_counts_what_was_made_up():
    assert word_error_rate("", "") == word_error_rate([], []) == 0.0
    assert word_error_rate("", "one two") == 2.0
    assert word_error_rate("one two", "") == 1.0
    assert character_error_rate("", "abc") == 3.0


def test_the_line_of_a_results_table():
    assert ErrorCounts(hits=239, deletions=1).line("WER") == "%WER 0.42 [1 / 240, 0 ins, 1 del, 0 sub]"
    assert ErrorCounts().line("CER") == "%CER 0.00 [0 / 0, 0 ins, 0 del, 0 sub]"


def test_uneven_corpora_are_refused():
    with pytest.raises(DataError, match="There are 2 references but 1 hypotheses"):
        word_error_rate(["one", "two"], "one")
