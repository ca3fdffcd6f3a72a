"""Greedy decoding: the best path, its times, its confidence, and what it refuses."""

import math
from itertools import groupby

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnnaudio.decoding import greedy
from rnnaudio.errors import DataError
from rnnaudio.text import Alphabet

ALPHABET = Alphabet((" ", "a", "b"))
WORDS = Alphabet(("one", "two", "six"), units="words")


def scores(path: list[int], sure: float | list[float] = 0.97, symbols: int = 4) -> Tensor:
    """Log probabilities (1, T, V) whose best path is `path`, each frame as sure as said."""
    each = sure if isinstance(sure, list) else [sure] * len(path)
    frames = torch.tensor([[(1 - p) / (symbols - 1)] * symbols for p in each]).reshape(len(path), symbols)
    for frame, (symbol, probability) in enumerate(zip(path, each, strict=True)):
        frames[frame, symbol] = probability
    return frames.log()[None]


def read(path, sure=0.97, alphabet=ALPHABET, frame_seconds=0.1, offset=0.0):
    return greedy(scores(path, sure), torch.tensor([len(path)]), alphabet, frame_seconds, offset)[0]


@given(st.lists(st.integers(0, 3), max_size=30))
def test_text_is_the_collapsed_best_path(path):
    kept = [symbol for symbol, _ in groupby(path) if symbol]
    assert read(path).text == " ".join(ALPHABET.decode(kept).split())
    assert read(path, alphabet=WORDS).text == WORDS.decode(kept)


@given(st.lists(st.integers(0, 3), max_size=30), st.floats(0, 1e4), st.sampled_from([0.01, 0.02, 0.04]))
def test_words_stand_in_order_inside_the_recording(path, offset, frame_seconds):
    answer = read(path, frame_seconds=frame_seconds, offset=offset)
    assert answer.seconds == pytest.approx(len(path) * frame_seconds)
    assert answer.text == " ".join(word.text for word in answer.words)
    borders = [time for word in answer.words for time in (word.start, word.end)]
    assert borders == sorted(borders)
    assert all(offset - 1e-5 <= time <= offset + answer.seconds + 1e-5 for time in borders)
    assert all(word.end > word.start for word in answer.words)


def test_a_row_does_not_know_its_batch_or_its_padding():
    generator = torch.Generator().manual_seed(0)
    log_probs = torch.randn(5, 40, 4, generator=generator).log_softmax(-1)
    lengths = torch.tensor([40, 0, 1, 17, 33])
    for row, length in enumerate(lengths.tolist()):
        log_probs[row, length:] = float("nan")
    together = greedy(log_probs, lengths, ALPHABET, 0.04)
    for row, length in enumerate(lengths.tolist()):
        alone = greedy(log_probs[row : row + 1, :length], lengths[row : row + 1], ALPHABET, 0.04)
        assert alone == [together[row]]


def test_times():
    # a a - b _ _ - - - a a -    0.1 s a frame
    words = read([2, 2, 0, 3, 1, 1, 0, 0, 0, 2, 2, 0], offset=5.0).words
    assert [(word.text, word.start, word.end) for word in words] == [("ab", 5.0, 5.5), ("a", 5.9, 6.2)]


def test_a_word_ends_where_the_next_begins_or_the_recording_ends():
    words = read([1, 2, 1, 3]).words
    assert [(word.start, word.end) for word in words] == [(0.1, 0.3), (0.3, 0.4)]
    words = read([2, 3, 2], alphabet=WORDS).words
    assert [(word.text, word.start, word.end) for word in words] == [
        ("two", 0.0, 0.1),
        ("six", 0.1, 0.2),
        ("two", 0.2, 0.3),
    ]


def test_confidence_is_the_mean_over_symbols_of_their_surest_frame():
    answer = read([2, 2, 0, 3, 1, 2], [0.5, 0.8, 0.99, 0.6, 0.99, 0.9])
    ab, a = answer.words
    assert ab.confidence == pytest.approx(math.sqrt(0.8 * 0.6), rel=1e-5)
    assert a.confidence == pytest.approx(0.9, rel=1e-5)
    assert answer.confidence == pytest.approx((0.8 * 0.6 * 0.9) ** (1 / 3), rel=1e-5)


def test_silence_is_as_sure_as_its_blanks_and_nothing_is_unsure():
    silence = read([0, 0, 1, 0], [0.9, 0.8, 0.9, 0.8])
    assert (silence.text, silence.words) == ("", ())
    assert silence.confidence == pytest.approx((0.9 * 0.8) ** 0.5, rel=1e-5)
    nothing = greedy(torch.zeros(1, 0, 4), torch.tensor([0]), ALPHABET, 0.1)[0]
    assert (nothing.text, nothing.words, nothing.confidence, nothing.seconds) == ("", (), 0.0, 0.0)
    assert greedy(torch.zeros(0, 7, 4), torch.zeros(0, dtype=torch.int64), ALPHABET, 0.1) == []


def test_half_precision_and_impossible_symbols_are_fine():
    generator = torch.Generator().manual_seed(1)
    log_probs = (3 * torch.randn(2, 30, 4, generator=generator)).log_softmax(-1)
    lengths = torch.tensor([30, 30])
    exact = [answer.text for answer in greedy(log_probs, lengths, ALPHABET, 0.1)]
    assert [answer.text for answer in greedy(log_probs.bfloat16(), lengths, ALPHABET, 0.1)] == exact
    assert read([2, 0, 3], 1.0).confidence == 1.0  # the other symbols are at minus infinity


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x: x.index_fill(1, torch.tensor([3]), float("nan")), "row 0 are NaN at frame 3"),
        (lambda x: x.exp(), "not 1.*log_softmax"),
        (lambda x: x + 1, r"row 0, frame 0 sum to 2\.72, not 1"),
        (lambda x: x.index_fill(2, torch.tensor([1]), float("inf")), "log_softmax"),
        (lambda x: x[:, :, :3], r"must be \(batch, frames, 4\)"),
        (lambda x: x[0], r"must be \(batch, frames, 4\)"),
    ],
)
def test_scores_that_are_no_log_probabilities_are_refused(spoil, message):
    with pytest.raises(DataError, match=message):
        greedy(spoil(scores([0, 1, 2, 3, 0])), torch.tensor([5]), ALPHABET, 0.1)


@pytest.mark.parametrize("lengths", [[6], [-1], [5, 5]])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(DataError, match="do not fit 1 rows of 5 frames"):
        greedy(scores([0, 1, 2, 3, 0]), torch.tensor(lengths), ALPHABET, 0.1)


def test_three_hours_take_no_time_and_need_no_recursion():
    frames = 3 * 60 * 60 * 25
    path = torch.arange(frames) % 5 // 2
    log_probs = torch.nn.functional.one_hot(path, 4).float().mul(20).log_softmax(-1)[None]
    answer = greedy(log_probs, torch.tensor([frames]), ALPHABET, 0.04)[0]
    assert answer.words[-1].end == pytest.approx(3 * 60 * 60, abs=0.3)
