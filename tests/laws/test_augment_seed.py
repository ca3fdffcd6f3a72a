"""Law 6 for augmentation: the same seed gives the same sound, and a printed plan gives it again."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.features import AugmentConfig, Augmenter, AugmentPlan

SOUND = torch.sin(torch.arange(8000) * 0.2) * 0.3
keys = st.tuples(st.integers(0, 5), st.integers(0, 50), st.one_of(st.integers(0, 9), st.text(max_size=5)))


def strong() -> Augmenter:
    return Augmenter(AugmentConfig.preset("strong"), rate=16000)


@given(key=keys)
def test_the_same_key_gives_the_same_sound_and_frames(key):
    one, two = strong().draw(*key), strong().draw(*key)
    assert one == two
    torch.rand(3)  # the global generator plays no part
    assert torch.equal(strong().apply_wave(SOUND, one), strong().apply_wave(SOUND, two))
    frames = SOUND[:800].view(20, 40)
    assert torch.equal(strong().apply_frames(frames, one), strong().apply_frames(frames, two))


@given(key=keys)
def test_a_written_plan_gives_the_same_sound(key):
    plan = strong().draw(*key)
    again = AugmentPlan.from_json(plan.json())
    assert again == plan
    assert torch.equal(strong().apply_wave(SOUND, plan), strong().apply_wave(SOUND, again))


@given(key=keys)
def test_the_global_generator_is_left_alone(key):
    before = torch.get_rng_state()
    strong().apply_wave(SOUND, strong().draw(*key))
    assert torch.equal(torch.get_rng_state(), before)


@given(key=keys)
def test_turning_one_off_does_not_change_the_others(key):
    every = AugmentConfig.preset("strong")
    fewer = AugmentConfig(noise=every.noise, mask=every.mask)
    one, two = Augmenter(every, 16000).draw(*key), Augmenter(fewer, 16000).draw(*key)
    assert (one.noise, one.mask) == (two.noise, two.mask)


def test_items_and_epochs_differ():
    plans = {strong().draw(0, epoch, item).json() for epoch in range(5) for item in range(20)}
    assert len(plans) == 100


@pytest.mark.slow
def test_another_process_draws_the_same():
    code = (
        "from rnnaudio.features import AugmentConfig, Augmenter;"
        "print(Augmenter(AugmentConfig.preset('strong'), 16000).draw(3, 1, 'a').json())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == strong().draw(3, 1, "a").json()
