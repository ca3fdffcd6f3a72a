import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.decoding import Transcript, Word
from rnnaudio.features import Waveform
from rnnaudio.models.segments import joined, quietest, segments

RATE = 100


@given(
    blocks=st.lists(st.integers(0, 700), max_size=6),
    longest=st.floats(0.3, 5.0),
    level=st.sampled_from([0.0, 1.0]),
)
def test_every_sample_is_in_one_piece_and_none_is_too_long(blocks, longest, level):
    total = sum(blocks)
    samples = torch.arange(1.0, total + 1) if level else torch.zeros(total)
    pieces = list(segments([Waveform(part, RATE) for part in samples.split(blocks)] if blocks else [], longest))
    assert torch.equal(torch.cat([piece.samples for piece in pieces]), samples)
    assert all(len(piece.samples) <= max(longest * RATE, 1) for piece in pieces)
    starts = torch.tensor([len(piece.samples) for piece in pieces]).cumsum(0).tolist()
    assert [round(piece.start * RATE) for piece in pieces] == [0, *starts[:-1]]
    assert len(pieces) == 1 or all(len(piece.samples) for piece in pieces)


def test_it_is_cut_in_the_quiet():
    loud = torch.ones(1000)
    loud[820:850] = 0.0
    first, *_ = segments([Waveform(torch.cat([loud, torch.ones(500)]), RATE)], longest=10.0)
    assert 820 <= len(first.samples) <= 850


def test_the_quietest_place_of_very_little_is_still_a_place():
    for size in range(1, 30):
        assert 1 <= quietest(torch.ones(size), RATE) <= size


def test_words_and_seconds_add_up():
    one = Transcript("one", (Word("one", 0.1, 0.2, 0.5),), 0.5, 1.0)
    two = Transcript("two", (Word("two", 1.1, 1.2, 0.5),), 0.5, 2.0)
    whole = joined([one, Transcript("", (), 0.9, 0.5), two])
    assert (whole.text, whole.words, whole.seconds) == ("one two", one.words + two.words, 3.5)
    assert whole.confidence == 0.5
    assert joined([]).confidence == 0.0
    assert joined([Transcript("", (), 0.0, 1.0)]).confidence == 0.0
