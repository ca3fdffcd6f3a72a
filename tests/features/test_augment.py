"""Augmentations: each does what it says, to any length of sound, and refuses ranges that cannot be."""

import math
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.features import AugmentConfig, Augmenter, AugmentPlan, write_audio
from rnnaudio.features.augment import Band, Gain, Noise, Pitch, Reverb, Shift, SpecAugment, Speed, TractLength
from rnnaudio.features.augment._base import seeded
from rnnaudio.features.augment.level import NoiseParams, coloured_noise
from rnnaudio.features.augment.room import BandParams, ReverbParams, room_response
from rnnaudio.features.augment.spectral import SpecAugmentParams
from rnnaudio.features.augment.tempo import PitchParams, SpeedParams

RATE = 16000


def buzz(hz: float, seconds: float = 1.0) -> torch.Tensor:
    n = torch.arange(round(seconds * RATE)) / RATE
    return 0.1 * sum(torch.sin(2 * math.pi * hz * k * n) / k for k in range(1, 12))


def loudest_hz(samples: torch.Tensor) -> float:
    spectrum = torch.fft.rfft(samples * torch.hann_window(len(samples))).abs()
    return spectrum.argmax().item() * RATE / len(samples)


@given(
    kind=st.sampled_from([Speed(), Pitch(), Shift(), Reverb(), Noise(), Band(), Gain()]),
    count=st.sampled_from([0, 1, 2, 17, 300, 511, 4000, 12345]),
    seed=st.integers(0, 99),
    level=st.sampled_from([0.0, 1e-6, 1.0]),
)
def test_any_sound_stays_finite(kind, count, seed, level):
    samples = level * torch.randn(count, generator=seeded(seed))
    changed = kind.apply(samples, RATE, kind.draw(seeded(seed)))
    assert torch.isfinite(changed).all()
    assert changed.dtype == torch.float32
    if not isinstance(kind, Speed | Shift):
        assert len(changed) == count


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_speed_changes_length_and_pitch(factor):
    changed = Speed.apply(buzz(200.0), RATE, SpeedParams(factor))
    assert len(changed) == math.ceil(RATE / factor)
    assert loudest_hz(changed) == pytest.approx(200.0 * factor, abs=2)


@pytest.mark.parametrize("semitones", [-4.0, -1.0, 0.0, 2.0, 5.0])
def test_pitch_changes_pitch_alone(semitones):
    sound = buzz(200.0)
    changed = Pitch.apply(sound, RATE, PitchParams(semitones))
    assert len(changed) == len(sound)
    assert loudest_hz(changed) == pytest.approx(200.0 * 2 ** (semitones / 12), abs=2)
    assert changed.norm() / sound.norm() == pytest.approx(1.0, abs=0.05)


def test_pitch_does_not_smear_the_onset_over_silence():
    sound = torch.cat([torch.zeros(8000), buzz(200.0, 0.5)])
    changed = Pitch.apply(sound, RATE, PitchParams(3.0))
    assert changed[:7000].abs().max() == 0
    assert changed[9000:].norm() / sound[9000:].norm() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("colour", ["white", "pink", "brown", "babble"])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_is_as_far_below_as_asked(colour, snr_db):
    sound = buzz(200.0)
    noise = Noise.apply(sound, RATE, NoiseParams(snr_db, colour, seed=1)) - sound
    measured = 10 * math.log10(sound.square().mean() / noise.square().mean())
    assert measured == pytest.approx(snr_db, abs=0.1)


def test_pauses_do_not_make_the_noise_fainter():
    sound, params = buzz(200.0), NoiseParams(10.0, "white", seed=1)
    padded = torch.cat([torch.zeros(3 * RATE), sound])
    alone = (Noise.apply(sound, RATE, params) - sound).square().mean()
    with_pause = (Noise.apply(padded, RATE, params) - padded).square().mean()
    assert with_pause / alone == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("colour", "per_octave"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0), ("babble", -9.0)])
def test_noise_has_its_colour(colour, per_octave):
    power = torch.fft.rfft(coloured_noise(8 * RATE, RATE, colour, seeded(1))).abs().square()
    low, high = (power[8 * hz : 16 * hz].mean().log10() * 10 for hz in (1000, 4000))
    assert (high - low).item() / 2 == pytest.approx(per_octave, abs=0.5)


def test_noise_can_come_from_a_recording(tmp_path):
    path = str(tmp_path / "hum.wav")
    write_audio(path, buzz(50.0, 0.3), 8000)
    noise = Noise(files=(path,), colours=("white",))
    params = next(p for p in (noise.draw(seeded(i)) for i in range(20)) if p.file)
    sound = buzz(440.0)
    added = Noise.apply(sound, RATE, params) - sound
    assert loudest_hz(added) == pytest.approx(25.0, abs=3)  # made for 16 kHz, written as if at 8 kHz


def test_a_room_dies_away_by_60_db():
    response = room_response(RATE, ReverbParams(rt60=0.5, direct_db=5.0, seed=1))
    assert response[0] == 1.0
    echo = response[1:].square()
    assert 10 * math.log10(1.0 / echo.sum()) == pytest.approx(5.0, abs=0.01)
    early, late = echo[800:1600].mean(), echo[7000:7800].mean()  # 75 ms and 462 ms
    assert 10 * math.log10(late / early) == pytest.approx(-60 * (0.462 - 0.075) / 0.5, abs=3)


def test_reverb_keeps_the_power_and_does_not_delay():
    sound = torch.cat([torch.zeros(1000), buzz(200.0, 0.5)])
    wet = Reverb.apply(sound, RATE, ReverbParams(rt60=0.3, direct_db=6.0, seed=1))
    assert wet.norm() / sound.norm() == pytest.approx(1.0, abs=1e-3)
    assert wet[:1000].abs().max() < 1e-5
    assert wet[1000:1010].abs().max() > 1e-3


def test_a_band_is_what_passes():
    flat = (0.0,) * 5
    white = torch.randn(RATE, generator=seeded(1))
    power = torch.fft.rfft(Band.apply(white, RATE, BandParams(flat, 300.0, 3400.0))).abs().square()
    assert power[:150].mean() / power[500:3000].mean() < 0.01
    assert power[500:3000].mean() / torch.fft.rfft(white).abs().square()[500:3000].mean() == pytest.approx(1, abs=0.05)
    assert power[6000:].mean() / power[500:3000].mean() < 1e-3


def test_an_equaliser_goes_through_its_points():
    params = BandParams((0.0, 6.0, -6.0, 3.0, 0.0))
    click = torch.zeros(RATE)
    click[8000] = 1.0
    decibels = 20 * torch.fft.rfft(Band.apply(click, RATE, params)).abs().log10()
    for point, wanted in enumerate(params.equaliser_db[:-1]):
        hz = 100.0 * 80.0 ** (point / 4)  # Nyquist is 80 times the first point
        assert decibels[round(hz)].item() == pytest.approx(wanted, abs=0.5)


@given(time_=st.integers(0, 60), copies=st.integers(1, 4), seed=st.integers(0, 50))
def test_masks_hide_no_more_than_they_may(time_, copies, seed):
    frames = torch.randn(time_, 8 * copies, generator=seeded(seed)) + 3
    mask = SpecAugment(time_masks=2, time_width=0.2, time_share=0.25, frequency_masks=1, frequency_width=0.25)
    masked = SpecAugment.apply(frames, mask.draw(seeded(seed)), frame_seconds=0.01, copies=copies)
    changed = masked != frames
    times, bins = changed.all(1).sum(), changed.all(0).view(copies, 8) if time_ else torch.zeros(1, 8)
    assert times <= 2 * max(1, round(0.25 * time_)) or time_ < 3
    if time_ > 2:
        assert bins.sum(1).max() <= 2
        assert (bins == bins[0]).all()
        assert_close(masked[changed], frames.mean(0).expand_as(frames)[changed])


def test_a_batch_is_masked_row_by_row():
    augmenter = Augmenter(AugmentConfig(mask=SpecAugment()), RATE)
    frames, lengths = torch.randn(3, 50, 40), torch.tensor([50, 20, 0])
    plans = [augmenter.draw(0, 0, item) for item in range(3)]
    masked = augmenter.apply_batch(frames, lengths, plans)
    for row, length in enumerate(lengths):
        assert torch.equal(masked[row, :length], augmenter.apply_frames(frames[row, :length], plans[row]))
        assert torch.equal(masked[row, length:], frames[row, length:])


def test_probability_is_how_often():
    drawn = [Gain(probability=0.3).draw(seeded(i)) for i in range(1000)]
    assert sum(params is not None for params in drawn) == pytest.approx(300, abs=45)


def test_no_augmentation_changes_nothing():
    augmenter = Augmenter(AugmentConfig.preset("none"), RATE)
    plan = augmenter.draw(1, 2, "a")
    assert plan == AugmentPlan(1, 2, "a")
    assert plan.warp == 1.0
    assert augmenter.apply_wave(buzz(100.0), plan) is not None
    assert torch.equal(augmenter.apply_wave(buzz(100.0), plan), buzz(100.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Speed(1.2, 0.8),
        lambda: Speed(0.0, 1.0),
        lambda: Speed(probability=1.5),
        lambda: Pitch(-40, 0),
        lambda: Shift(-1.0),
        lambda: Noise(30.0, 10.0),
        lambda: Noise(colours=("green",)),
        lambda: Reverb(0.0, 0.5),
        lambda: Band(narrow=2.0),
        lambda: Gain(float("nan"), 1.0),
        lambda: TractLength(0.1, 1.0),
        lambda: SpecAugment(time_share=3.0),
        lambda: AugmentConfig.preset("heavy"),
        lambda: AugmentPlan.from_json('{"sped": {}}'),
        lambda: AugmentPlan.from_json("no"),
    ],
)
def test_a_range_that_cannot_be_is_refused(make):
    with pytest.raises(ConfigError) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_masks_that_are_zero_wide_change_nothing():
    frames = torch.randn(10, 4)
    assert torch.equal(SpecAugment.apply(frames, SpecAugmentParams(((0.5, 0.0),), ((0.5, 0.0),), 0.5)), frames)


def test_two_seconds_take_milliseconds():
    augmenter, sound = Augmenter(AugmentConfig.preset("strong"), RATE), buzz(150.0, 2.0)
    plans = [augmenter.draw(0, 0, item) for item in range(20)]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        for plan in plans:
            augmenter.apply_wave(sound, plan)
        seconds.append((time.perf_counter() - start) / len(plans))
    assert min(seconds) < 0.03  # 4 ms on an idle core
