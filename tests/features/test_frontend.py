"""The front end: shapes, silence, loudness, warp, settings."""

import time

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.features import FeatureConfig, Frontend, write_audio
from rnnaudio.features.frames import stack_frames

KINDS = ["log_mel", "mfcc", "spectrogram", "log_gammatone"]


def frames_of(samples: torch.Tensor, warp=None, **settings) -> torch.Tensor:
    return Frontend(FeatureConfig(**settings))(samples.unsqueeze(0), torch.tensor([len(samples)]), warp)[0][0]


def voice(seconds: float = 1.0, formants: float = 1.0) -> torch.Tensor:
    """A buzz of 120 Hz through three resonances, which `formants` moves."""
    n = torch.arange(round(seconds * 16000)) / 16000
    sound = torch.zeros_like(n)
    for harmonic in range(1, 60):
        hz = 120.0 * harmonic
        peaks = sum(1 / (1 + ((hz - centre * formants) / 120) ** 2) for centre in (700, 1200, 2600))
        sound += peaks * torch.sin(2 * torch.pi * hz * n)
    return 0.1 * sound


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalise", ["utterance", "level", "global", "running", "none"])
@pytest.mark.parametrize("samples", [torch.zeros(16000), torch.ones(16000), torch.full((16000,), 1e-30)])
def test_silence_and_a_constant_are_finite_and_small(kind, normalise, samples):
    frames = frames_of(samples, kind=kind, normalise=normalise, deltas=2)
    assert torch.isfinite(frames).all()
    if normalise == "utterance":
        assert frames.abs().max() < 1.0


@pytest.mark.parametrize("normalise", ["utterance", "running"])
def test_8_bit_silence_stays_quiet_beside_speech(normalise):
    pause = torch.zeros(16000)
    dithered = pause.clone()
    dithered[::97] = 1 / 128  # the last of 8 bits, flickering
    speech = voice()
    silent = frames_of(torch.cat([speech, pause, speech]), normalise=normalise)
    flickering = frames_of(torch.cat([speech, dithered, speech]), normalise=normalise)
    assert torch.isfinite(flickering).all()
    assert silent.abs().max() < 12
    assert flickering.abs().max() < 12


@pytest.mark.parametrize("normalise", ["utterance", "level"])
def test_a_louder_recording_gives_the_same_frames(normalise):
    speech = voice() + 0.01 * torch.randn(16000, generator=torch.Generator().manual_seed(1))
    loud, soft = (frames_of(level * speech, normalise=normalise) for level in (1.0, 0.2))
    assert_close(loud, soft, atol=2e-3, rtol=0)


def test_an_utterance_has_mean_0_and_variance_1():
    frames = frames_of(torch.randn(32000, generator=torch.Generator().manual_seed(1)))
    assert_close(frames.mean(0), torch.zeros(40), atol=1e-4, rtol=0)
    assert_close(frames.var(0, correction=0), torch.ones(40), atol=1e-3, rtol=0)


def test_a_warp_undoes_a_shorter_vocal_tract():
    adult, child = voice(), voice(formants=1.15)
    settings = {"normalise": "none", "bins": 24}
    plain = (frames_of(child, **settings) - frames_of(adult, **settings)).abs().mean()
    undone = (frames_of(child, 1.15, **settings) - frames_of(adult, **settings)).abs().mean()
    assert undone < 0.6 * plain


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_has_its_own_warp(kind):
    frontend = Frontend(FeatureConfig(kind=kind, normalise="none"))
    samples, lengths = voice().repeat(3, 1), torch.tensor([16000] * 3)
    together, _ = frontend(samples, lengths, torch.tensor([0.9, 1.0, 1.1]))
    for row, warp in enumerate([0.9, 1.0, 1.1]):
        assert_close(together[row : row + 1], frontend(samples[:1], lengths[:1], warp)[0], atol=1e-4, rtol=1e-4)
    assert_close(together[1:2], frontend(samples[:1], lengths[:1])[0], atol=1e-4, rtol=1e-4)
    assert (together[0] - together[2]).abs().mean() > 0.1


def test_the_filterbanks_that_are_kept_are_few():
    frontend = Frontend(FeatureConfig())
    for warp in torch.linspace(0.7, 1.4, 300).tolist():
        frontend(torch.zeros(1, 400), torch.tensor([400]), warp)
    assert len(frontend._banks) <= 71


@pytest.mark.parametrize("warp", [0.5, 2.0, float("nan"), torch.tensor([1.0, 1.0])])
def test_a_warp_that_cannot_be_is_refused(warp):
    with pytest.raises(ValueError, match="warp"):
        Frontend(FeatureConfig())(torch.zeros(1, 400), torch.tensor([400]), warp)


@pytest.mark.parametrize(("stack", "stride"), [(1, 1), (1, 3), (3, 3), (4, 2), (2, 5)])
def test_stacking_repeats_the_last_frame(stack, stride):
    frames = torch.arange(14.0).view(1, 7, 2)
    stacked, lengths = stack_frames(frames, torch.tensor([7]), stack, stride)
    expected = [
        [value for offset in range(stack) for value in frames[0, min(start + offset, 6)].tolist()]
        for start in range(0, 7, stride)
    ]
    assert stacked[0].tolist() == expected
    assert lengths.tolist() == [len(expected)]


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 559, 560, 16000])
def test_frames_are_counted_without_computing_them(samples):
    for stride in (1, 2, 3):
        frontend = Frontend(FeatureConfig(stack=3, stride=stride))
        frames, lengths = frontend(torch.zeros(1, samples), torch.tensor([samples]))
        assert frames.shape == (1, frontend.num_frames(samples), 120)
        assert lengths.item() == frontend.num_frames(samples)


def test_autocast_does_not_blur_the_features():
    sound, lengths, frontend = (
        torch.randn(1, 16000),
        torch.tensor([16000]),
        Frontend(FeatureConfig(kind="mfcc")),
    )
    with torch.autocast("cpu", torch.bfloat16):
        inside, _ = frontend(sound, lengths)
    assert inside.dtype == torch.float32
    assert_close(inside, frontend(sound, lengths)[0])


def test_statistics_are_saved_with_the_model():
    config = FeatureConfig(normalise="global")
    one, two = Frontend(config), Frontend(config)
    one.normalise.fit([(torch.randn(2, 5, 40), torch.tensor([5, 3]))])
    assert set(one.state_dict()) == {"normalise.mean", "normalise.deviation"}
    two.load_state_dict(one.state_dict())
    assert torch.equal(one.normalise.mean, two.normalise.mean)


BAD = {
    "kind": "mel",
    "rate": 0,
    "window": 0.0,
    "hop": -0.01,
    "bins": 0,
    "coefficients": 41,
    "mel_scale": "bark",
    "low_hz": 9000.0,
    "high_hz": 9000.0,
    "window_shape": "box",
    "preemphasis": 2.0,
    "log_floor": 0.0,
    "deltas": 3,
    "stack": 0,
    "stride": 0,
    "normalise": "batch",
}


@pytest.mark.parametrize("name", BAD)
def test_a_setting_that_cannot_be_is_named(name):
    with pytest.raises(ConfigError, match=rf"features\.(low_hz|{name}) is .*; it must be") as caught:
        FeatureConfig(**{"kind": "mfcc", name: BAD[name]})
    assert "\n" not in str(caught.value)


def test_a_minute_takes_milliseconds():
    frontend, sound, lengths = Frontend(FeatureConfig()), torch.randn(1, 960000), torch.tensor([960000])
    frontend(sound, lengths)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        frontend(sound, lengths)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1  # 8 ms on an idle core


def test_the_transcribe_path_stays_light(tmp_path):
    import subprocess
    import sys

    write_audio(tmp_path / "a.wav", torch.randn(16000) * 0.1, 8000)
    code = (
        "import sys, torch; from rnnaudio.features import *;"
        f"sound = read_audio({str(tmp_path / 'a.wav')!r}, 16000);"
        "Frontend(FeatureConfig())(sound.samples[None], torch.tensor([len(sound.samples)]));"
        "print([name for name in ('lightning', 'librosa', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
