"""Law 1 and 2 for features: a row does not know its batch, and a stream not its pieces."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.features import FeatureConfig, Frontend, Resampler, resample
from rnnaudio.features.normalise import RunningNorm

configs = st.builds(
    FeatureConfig,
    kind=st.sampled_from(["log_mel", "mfcc", "spectrogram", "log_gammatone"]),
    rate=st.sampled_from([8000, 16000, 11025]),
    bins=st.integers(13, 24),
    mel_scale=st.sampled_from(["htk", "slaney", "kaldi"]),
    window_shape=st.sampled_from(["hann", "povey"]),
    preemphasis=st.sampled_from([0.0, 0.97]),
    deltas=st.integers(0, 2),
    stack=st.integers(1, 4),
    stride=st.integers(1, 4),
    normalise=st.sampled_from(["utterance", "level", "global", "running", "none"]),
)
lengths_of_rows = st.lists(st.integers(0, 4000), min_size=1, max_size=4).map(torch.tensor)
padding = st.sampled_from([0.0, 1e6, float("nan"), float("inf")])


@given(config=configs, lengths=lengths_of_rows, beyond=padding, seed=st.integers(0, 99), warped=st.booleans())
def test_a_row_does_not_know_its_batch(config, lengths, beyond, seed, warped):
    generator = torch.Generator().manual_seed(seed)
    frontend = Frontend(config)
    samples = torch.full((len(lengths), int(lengths.max()) + 7), beyond)
    for row, length in enumerate(lengths):
        samples[row, :length] = 0.1 * torch.randn(int(length), generator=generator)
    warp = 0.8 + 0.4 * torch.rand(len(lengths), generator=generator) if warped else None
    together, counts = frontend(samples, lengths, warp)
    assert counts.tolist() == [frontend.num_frames(int(length)) for length in lengths]
    assert counts.tolist() == frontend.output_lengths(lengths).tolist()
    assert together.shape[2] == frontend.dimension
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        alone, _ = frontend(samples[one, :length], lengths[one], None if warp is None else warp[one])
        assert_close(together[row, : counts[row]], alone[0], atol=2e-4, rtol=1e-4)
        assert (together[row, counts[row] :] == 0).all()


@given(
    lengths=st.lists(st.integers(0, 700), min_size=1, max_size=3).map(torch.tensor),
    cuts=st.lists(st.integers(0, 700), max_size=4).map(sorted),
    decay=st.floats(0.5, 0.999),
)
def test_running_normalisation_does_not_know_its_pieces(lengths, cuts, decay):
    norm, time = RunningNorm(3, decay), int(lengths.max())
    frames = torch.randn(len(lengths), time, 3, generator=torch.Generator().manual_seed(1)) * 2 + 5
    whole, state, pieces = norm(frames, lengths), None, []
    for first, last in zip([0, *cuts], [*cuts, time], strict=True):
        here = (lengths - first).clamp(0, max(0, min(last, time) - first))
        piece, state = norm.advance(frames[:, first:last], here, state)
        pieces.append(piece)
    joined = torch.cat(pieces, 1)
    for row, length in enumerate(lengths):
        assert_close(joined[row, :length], whole[row, :length], atol=1e-3, rtol=1e-3)


@given(
    rates=st.sampled_from([(8000, 16000), (44100, 16000), (16000, 8000), (47999, 16000), (3, 7)]),
    count=st.integers(0, 60000),
    sizes=st.lists(st.integers(0, 20000), max_size=5),
)
def test_resampling_does_not_know_its_pieces(rates, count, sizes):
    samples = torch.randn(count, generator=torch.Generator().manual_seed(1))
    resampler, pieces, rest = Resampler(*rates), [], samples
    for size in sizes:
        pieces.append(resampler.push(rest[:size]))
        rest = rest[size:]
    joined = torch.cat([*pieces, resampler.push(rest), resampler.flush()])
    assert len(joined) == -(-count * rates[1] // rates[0])
    assert_close(joined, resample(samples, *rates), atol=1e-4, rtol=0)


@given(first=st.integers(0, 60), kind=st.sampled_from(["log_mel", "mfcc", "spectrogram", "log_gammatone"]))
def test_a_frame_sees_its_own_samples_only(first, kind):
    config = FeatureConfig(kind=kind, normalise="none")
    samples = torch.randn(1, 16000, generator=torch.Generator().manual_seed(1)) * 0.1
    start = first * config.hop_samples
    whole, _ = Frontend(config)(samples, torch.tensor([16000]))
    window = samples[:, start : start + config.window_samples]
    alone, _ = Frontend(config)(window, torch.tensor([config.window_samples]))
    assert_close(whole[:, first : first + 1], alone, atol=1e-4, rtol=1e-4)


@given(lengths=lengths_of_rows.filter(lambda lengths: int(lengths.max()) > 1000))
def test_padding_gets_no_gradient(lengths):
    samples = torch.randn(len(lengths), int(lengths.max())).requires_grad_()
    frames, _ = Frontend(FeatureConfig(bins=13))(samples, lengths)
    frames.square().sum().backward()
    for row, length in enumerate(lengths):
        assert (samples.grad[row, length:] == 0).all()
        assert torch.isfinite(samples.grad[row]).all()
