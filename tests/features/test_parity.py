"""Law 5 for features: ours equal torchaudio's, librosa's and kaldi's, with the options that make them so."""

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from rnnaudio.features import FeatureConfig, Frontend
from rnnaudio.features.filterbank import (
    dct_matrix,
    filterbank,
    gammatone_centres,
    hz_to_mel,
    mel_to_hz,
    warp_hz,
)
from rnnaudio.features.frames import add_deltas
from rnnaudio.features.resample import resample

RATE, FFT, WINDOW, HOP = 16000, 512, 400, 160
MIDDLE = (FFT - WINDOW) // 2  # torchaudio and librosa put a short window in the middle of the transform
FLOOR = 1e-6


@pytest.fixture
def sound() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    time = torch.arange(RATE) / RATE
    return 0.2 * torch.sin(2 * torch.pi * 300 * time * (1 + time)) + 0.05 * torch.randn(RATE, generator=generator)


def ours(sound: torch.Tensor, **settings) -> torch.Tensor:
    config = FeatureConfig(**{"preemphasis": 0.0, "normalise": "none", "log_floor": FLOOR, **settings})
    frames, _ = Frontend(config)(sound.unsqueeze(0), torch.tensor([len(sound)]))
    return frames[0]


@pytest.mark.parametrize(("scale", "norm"), [("htk", None), ("slaney", "slaney")])
def test_log_mel_equals_torchaudio(sound, scale, norm):
    from torchaudio.transforms import MelSpectrogram

    peer = MelSpectrogram(
        RATE,
        FFT,
        WINDOW,
        HOP,
        60.0,
        8000.0,
        n_mels=40,
        center=False,
        normalized=True,
        norm=norm,
        mel_scale=scale,
    )
    theirs = torch.log(peer(functional.pad(sound, (MIDDLE, MIDDLE))) + FLOOR).T
    assert_close(ours(sound, mel_scale=scale), theirs, atol=1e-4, rtol=1e-4)


def test_mfcc_equals_torchaudio(sound):
    from torchaudio.functional import create_dct
    from torchaudio.transforms import MelSpectrogram

    peer = MelSpectrogram(RATE, FFT, WINDOW, HOP, 60.0, 8000.0, n_mels=40, center=False, normalized=True)
    log_mel = torch.log(peer(functional.pad(sound, (MIDDLE, MIDDLE))) + FLOOR).T
    assert_close(dct_matrix(40, 13), create_dct(13, 40, "ortho"), atol=1e-5, rtol=0)
    assert_close(ours(sound, kind="mfcc"), log_mel @ create_dct(13, 40, "ortho"), atol=1e-3, rtol=1e-4)


def test_spectrogram_equals_torchaudio(sound):
    from torchaudio.transforms import Spectrogram

    peer = Spectrogram(FFT, WINDOW, HOP, center=False, normalized=True)
    theirs = torch.log(peer(functional.pad(sound, (MIDDLE, MIDDLE))) + FLOOR).T
    assert_close(ours(sound, kind="spectrogram"), theirs, atol=1e-3, rtol=1e-4)


def test_slaney_mel_equals_librosa(sound):
    librosa = pytest.importorskip("librosa")
    padded = functional.pad(sound, (MIDDLE, MIDDLE)).numpy()
    power = librosa.feature.melspectrogram(
        y=padded, sr=RATE, n_fft=FFT, win_length=WINDOW, hop_length=HOP, center=False, fmin=60, n_mels=40
    )
    energy = torch.hann_window(WINDOW).square().sum()  # ours is per unit of window energy
    theirs = torch.log(torch.from_numpy(power) / energy + FLOOR).T
    assert_close(ours(sound, mel_scale="slaney"), theirs.float(), atol=1e-4, rtol=1e-4)
    bank = torch.from_numpy(librosa.filters.mel(sr=RATE, n_fft=FFT, n_mels=40, fmin=60)).T
    assert_close(filterbank(FeatureConfig(mel_scale="slaney")), bank, atol=1e-6, rtol=1e-4)


KALDI = {"mel_scale": "kaldi", "window_shape": "povey", "preemphasis": 0.97, "log_floor": 1e-20}


def kaldi_offset() -> float:
    """Kaldi does not divide by the energy of the window; ours differs by the logarithm of it."""
    window = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64).pow(0.85)
    return window.square().sum().log().item()


def test_fbank_equals_torchaudio_kaldi(sound):
    from torchaudio.compliance.kaldi import fbank

    theirs = fbank(
        sound.unsqueeze(0),
        num_mel_bins=40,
        low_freq=60.0,
        remove_dc_offset=False,
        dither=0.0,
        sample_frequency=RATE,
    )
    assert_close(ours(sound, **KALDI) + kaldi_offset(), theirs, atol=1e-3, rtol=1e-4)


def test_fbank_equals_kaldi_native_fbank(sound):
    knf = pytest.importorskip("kaldi_native_fbank")
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.remove_dc_offset = False
    options.frame_opts.samp_freq = RATE
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 40
    options.mel_opts.low_freq = 60
    peer = knf.OnlineFbank(options)
    peer.accept_waveform(RATE, sound.tolist())
    peer.input_finished()
    theirs = torch.stack([torch.from_numpy(peer.get_frame(t).copy()) for t in range(peer.num_frames_ready)])
    assert_close(ours(sound, **KALDI) + kaldi_offset(), theirs, atol=1e-2, rtol=1e-3)


def test_mfcc_equals_torchaudio_kaldi(sound):
    from torchaudio.compliance.kaldi import mfcc

    theirs = mfcc(
        sound.unsqueeze(0),
        num_mel_bins=40,
        num_ceps=13,
        low_freq=60.0,
        remove_dc_offset=False,
        dither=0.0,
        cepstral_lifter=0.0,
        sample_frequency=RATE,
    )
    mine = ours(sound, kind="mfcc", **KALDI)
    mine[:, 0] += kaldi_offset() * 40**0.5  # a constant over all bands is in the first coefficient alone
    assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("frames", [1, 2, 3, 50])
def test_deltas_equal_torchaudio(frames):
    from torchaudio.functional import compute_deltas

    base = torch.randn(2, frames, 7, generator=torch.Generator().manual_seed(frames))
    slopes = compute_deltas(base.transpose(1, 2))
    bends = compute_deltas(slopes)
    theirs = torch.cat([base, slopes.transpose(1, 2), bends.transpose(1, 2)], dim=2)
    assert_close(add_deltas(base, torch.tensor([frames, frames]), 2), theirs, atol=1e-5, rtol=1e-4)


def test_deltas_of_a_short_row_do_not_see_the_padding():
    from torchaudio.functional import compute_deltas

    base = torch.randn(1, 30, 3, generator=torch.Generator().manual_seed(1))
    ours_ = add_deltas(base, torch.tensor([11]), 1)[0, :11, 3:]
    assert_close(ours_, compute_deltas(base[:, :11].transpose(1, 2)).transpose(1, 2)[0], atol=1e-5, rtol=1e-4)


def test_the_mel_scales_are_undone():
    hz = torch.linspace(0, 8000, 200, dtype=torch.float64)
    for scale in ("htk", "slaney", "kaldi"):
        assert_close(mel_to_hz(hz_to_mel(hz, scale), scale), hz, atol=1e-6, rtol=1e-9)


def test_the_gammatone_bank_is_the_response_of_gammatone_filters():
    signal = pytest.importorskip("scipy.signal")
    config = FeatureConfig(kind="log_gammatone", bins=20, low_hz=100.0)
    bank, centres = filterbank(config), gammatone_centres(config)
    hz = torch.linspace(0, RATE / 2, FFT // 2 + 1)
    for band in (3, 10, 16):
        centre = centres[band].item()
        taps, scale = signal.gammatone(centre, "fir", fs=RATE, numtaps=4000)
        _, response = signal.freqz(taps, scale, worN=[*hz.tolist(), centre], fs=RATE)
        theirs = torch.from_numpy(abs(response)).float().square()
        assert_close(bank[:, band], theirs[:-1] / theirs[-1], atol=1e-3, rtol=0)


@pytest.mark.parametrize("warp", [0.8, 0.95, 1.0, 1.1, 1.25])
def test_a_warp_rises_and_keeps_both_ends(warp):
    hz = torch.linspace(0, 8000, 500, dtype=torch.float64)
    warped = warp_hz(hz, warp, 8000.0)
    assert warped[0] == 0.0
    assert warped[-1] == 8000.0
    assert (warped.diff() > 0).all()
    assert_close(warped[:100], hz[:100] * warp)


@pytest.mark.parametrize("rates", [(8000, 16000), (44100, 16000), (16000, 8000), (22050, 16000), (107, 100)])
def test_resampling_equals_torchaudio(sound, rates):
    import torchaudio

    theirs = torchaudio.functional.resample(sound, *rates, 24, 0.95, "sinc_interp_kaiser", 8.0)
    assert_close(resample(sound, *rates), theirs, atol=1e-4, rtol=1e-3)
