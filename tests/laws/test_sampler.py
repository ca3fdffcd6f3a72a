"""The laws of batches: nothing lost, nothing too long, ranks in step, a function of (seed, epoch, step)."""

import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.data import LengthBatches
from rnnaudio.errors import ConfigError, DataError

lengths = st.lists(st.floats(0.05, 40.0), max_size=60)
settings = st.fixed_dictionaries(
    {
        "batch_seconds": st.floats(1.0, 120.0),
        "seed": st.integers(0, 9),
        "max_items": st.none() | st.integers(1, 8),
        "shuffle": st.booleans(),
        "sortagrad": st.booleans(),
        "jitter": st.sampled_from([0.0, 0.1, 0.7]),
    }
)
epochs = st.integers(0, 5)
worlds = st.integers(1, 4)


def over_ranks(seconds, settings, world, epoch):
    """The epoch's batches as (step, rank)."""
    ranks = [LengthBatches(seconds, world_size=world, rank=rank, **settings) for rank in range(world)]
    assert len({len(batches) for batches in ranks}) == 1
    return list(zip(*(batches.batches(epoch) for batches in ranks), strict=True))


@given(seconds=lengths, settings=settings, world=worlds, epoch=epochs)
def test_every_item_comes_once_in_an_epoch(seconds, settings, world, epoch):
    steps = over_ranks(seconds, settings, world, epoch)
    times = Counter(item for step in steps for batch in step for item in batch)
    assert set(times) == set(range(len(seconds)))
    repeats = times.total() - len(seconds)
    assert repeats == 0 or (repeats < world and all(len(batch) == 1 for step in steps for batch in step))
    assert all(batch for step in steps for batch in step)


@given(seconds=lengths, settings=settings, world=worlds, epoch=epochs)
def test_padded_audio_stays_within_the_budget(seconds, settings, world, epoch):
    for step in over_ranks(seconds, settings, world, epoch):
        for batch in step:
            padded = len(batch) * max(seconds[item] for item in batch)
            assert padded <= settings["batch_seconds"] * (1 + 1e-9) or len(batch) == 1
            assert settings["max_items"] is None or len(batch) <= settings["max_items"]


@pytest.mark.parametrize("jitter", [0.1, 0.7])
def test_the_budget_holds_where_neighbours_change_often(jitter):
    seconds = np.random.default_rng(0).uniform(1, 20, 2000)
    batches = LengthBatches(seconds, batch_seconds=80, seed=0, jitter=jitter)
    padded = [len(batch) * max(seconds[batch]) for epoch in range(5) for batch in batches.batches(epoch)]
    assert max(padded) <= 80


@given(seconds=lengths, settings=settings, world=worlds)
def test_each_epoch_has_as_many_batches_as_promised(seconds, settings, world):
    batches = LengthBatches(seconds, world_size=world, **settings)
    assert {len(batches.batches(epoch)) for epoch in range(4)} == {len(batches)}


@given(seconds=lengths.filter(len), settings=settings, epoch=epochs, data=st.data())
def test_a_batch_depends_on_seed_epoch_and_step_alone(seconds, settings, epoch, data):
    used, fresh = (LengthBatches(seconds, **settings) for _ in range(2))
    for earlier in range(epoch):
        used.batches(earlier)
    step = data.draw(st.integers(0, len(fresh) - 1))
    assert pickle.loads(pickle.dumps(used)).batch(epoch, step) == fresh.batch(epoch, step)
    used.batch(epoch, step).clear()
    assert used.batches(epoch) == fresh.batches(epoch)


def test_epochs_differ_in_order_and_in_company():
    seconds = np.linspace(1, 2, 200)
    batches = LengthBatches(seconds, batch_seconds=20, seed=1)
    one, two = ({frozenset(batch) for batch in batches.batches(epoch)} for epoch in (0, 1))
    assert len(one & two) < len(one) / 2
    other_seed = LengthBatches(seconds, batch_seconds=20, seed=2)
    assert other_seed.batches(0) != batches.batches(0)


def test_the_first_epoch_can_go_from_short_to_long():
    seconds = np.random.default_rng(0).uniform(1, 10, 100)
    batches = LengthBatches(seconds, batch_seconds=30, seed=1, sortagrad=True)
    longest = [max(seconds[item] for item in batch) for batch in batches.batches(0)]
    assert all(one <= two * 1.1 for one, two in pairwise(longest))
    assert [max(seconds[item] for item in batch) for batch in batches.batches(1)] != longest


def test_without_shuffling_the_order_is_the_same_and_sorted():
    batches = LengthBatches([3.0, 1.0, 2.0], batch_seconds=4, seed=0, shuffle=False)
    assert batches.batches(0) == batches.batches(7) == [[1, 2], [0]]


def test_ranks_share_a_step_of_like_lengths():
    seconds = np.random.default_rng(0).uniform(1, 10, 400)
    for step in over_ranks(seconds, {"batch_seconds": 30, "seed": 0}, world=4, epoch=3)[:-1]:
        longest = [max(seconds[item] for item in batch) for batch in step]
        assert max(longest) < 2 * min(longest)


def test_a_hundred_thousand_items_are_batched_in_a_moment():
    batches = LengthBatches(np.random.default_rng(0).uniform(1, 20, 100_000), batch_seconds=200, seed=0)
    assert sum(map(len, batches.batches(1))) == 100_000
    assert sum(len(batches.batch(1, step)) for step in range(len(batches))) == 100_000


@pytest.mark.parametrize("wrong", [{"batch_seconds": 0}, {"max_items": 0}, {"rank": 2}, {"seed": -1}, {"jitter": -1}])
def test_a_setting_that_cannot_be_is_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        LengthBatches([1.0], **{"batch_seconds": 9, "seed": 0, "world_size": 2, **wrong})


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_that_cannot_be_is_named(wrong):
    with pytest.raises(DataError, match="Item 1 is"):
        LengthBatches([1.0, wrong], batch_seconds=9, seed=0)
