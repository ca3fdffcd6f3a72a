"""The monitor of gradients: what it sees in networks that are sick in a known way, and that it changes nothing."""

import csv
import os
import re
import signal
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from rnnaudio.errors import ConfigError
from rnnaudio.nn import Recurrent
from rnnaudio.training import TrainingConfig, fit
from rnnaudio.training.callbacks import InterruptedTrainingError
from rnnaudio.training.gradients import GradientMonitor

STEPS = 4  # in an epoch


class Net(nn.Module):
    """Layers on one another and a sum of the last states; dropout, so that it matters what was drawn."""

    def __init__(self, kind="lstm", layers=2, scale=1.0, bidirectional=False, hidden=12):
        super().__init__()
        torch.manual_seed(0)
        width = hidden * (1 + bidirectional)
        self.layers = nn.ModuleList(
            Recurrent(kind, width if index else 5, hidden, bidirectional) for index in range(layers)
        )
        self.head = nn.Linear(width, 1)
        with torch.no_grad():
            for name, weight in self.layers.named_parameters():
                if "weight" in name:
                    weight *= scale

    def forward(self, frames, lengths):
        for layer in self.layers:
            frames = nn.functional.dropout(layer(frames, lengths), 0.2, self.training)
        return self.head(frames.sum(dim=1))[:, 0]


@dataclass
class Batch:
    frames: torch.Tensor
    lengths: torch.Tensor

    def to(self, device):
        return self


class Noise:
    """Learns that noise is nothing."""

    score_name = "loss"

    def __init__(self, model, time=120, size=1.0):
        self.model = model
        draw = torch.Generator().manual_seed(1)
        lengths = torch.tensor([time // 2, time, 0])
        self.batches = [Batch(size * torch.randn(3, time, 5, generator=draw), lengths) for _ in range(STEPS)]

    def train_batches(self, position, rank, world, workers):
        class Rest:
            def __iter__(self):
                yield from range(position()[1], STEPS)

            def __len__(self):
                return STEPS

        return DataLoader(self.batches, batch_size=None, sampler=Rest())

    def steps_per_epoch(self, world):
        return STEPS

    def valid_batches(self, rank, world):
        return DataLoader(self.batches[:1], batch_size=None)

    def losses(self, batch):
        return self.model(batch.frames, batch.lengths).square()

    def names(self, batch):
        return ("a", "b", "c")

    def judge(self, batch):
        return self.losses(batch).sum()[None].double()

    def score(self, sums):
        return {"loss": float(sums[0])}


def config(**changes):
    changes = {"epochs": 2, "learning_rate": 1e-3, "monitor_gradients": 3, **changes}
    return TrainingConfig(threads=1, device="cpu", progress=False, **changes)


def lines(capsys):
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("rnnaudio:")]


def test_small_weights_in_a_deep_simple_network_are_told_of(tmp_path, capsys):
    fit(Noise(Net("rnn", layers=5, scale=0.02)), config(), tmp_path)
    said = lines(capsys)
    assert all(re.fullmatch(r"rnnaudio: step \d+: gradients of layers\.\d\S* .* try .*\.", line) for line in said)
    over_time = [line for line in said if "over" in line]
    assert len(over_time) == 5  # one for each layer, at the first look only
    assert "gradients of layers.0.ahead shrink" in over_time[0]
    assert "encoder.cell: lstm, or encoder.initial: orthogonal" in over_time[0]
    over_depth = [line for line in said if "of the largest ones" in line]
    assert over_depth
    assert "gradients of layers.0 are" in over_depth[0]
    assert "encoder.interaction: residual" in over_depth[0]


def test_large_recurrent_weights_are_told_of(tmp_path, capsys):
    net = Net("rnn", layers=1, hidden=64)
    with torch.no_grad():
        net.layers[0].ahead.weight_hh *= 3.0
    fit(Noise(net, size=0.1), config(clip=0.0), tmp_path)
    (said,) = (line for line in lines(capsys) if "over" in line)
    assert re.search(r"gradients of layers\.0\.ahead grow \de\+\d+-fold over \d+ frames", said)
    assert "training.clip: 1.0" in said
    assert "a lower training.learning_rate" in said


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_a_sound_network_is_left_in_peace(tmp_path, capsys, precision):
    fit(Noise(Net("lstm", bidirectional=True)), config(precision=precision), tmp_path)
    assert lines(capsys) == []


def test_what_it_sees_is_logged(tmp_path):
    fit(Noise(Net("gru", bidirectional=True)), config(), tmp_path)
    with open(tmp_path / "logs" / "metrics.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["gradient_norm/layers.0"]]
    assert [row["step"] for row in rows] == ["0", "3", "6"]
    for row in rows:
        for name in ("layers.0.ahead", "layers.0.behind", "layers.1.ahead", "layers.1.behind"):
            reach = [float(row[f"gradient_reach/{name}/{lag}"]) for lag in (1, 2, 5, 10, 20, 50, 100)]
            assert 1 > reach[0] > reach[2] > reach[6] > 0
        assert float(row["gradient_norm/head"]) > 0


def test_a_warning_comes_again_only_after_a_while(tmp_path, capsys):
    monitor = GradientMonitor(1, again=3)

    class Trained:
        done_steps = 0

    for Trained.done_steps in range(6):
        monitor._say(Trained, "kind", "a", "shrink")
    monitor._say(Trained, "kind", "b", "shrink")
    said = [line.split(":")[1] + line[-10:] for line in lines(capsys)]
    assert said == [" step 0" + " a shrink.", " step 3" + " a shrink.", " step 5" + " b shrink."]


def test_a_run_with_it_has_the_same_bits_also_when_stopped_and_gone_on_with(tmp_path, monkeypatch):
    def weights(output, **changes):
        net = Net(bidirectional=True)
        fit(Noise(net), config(**changes), tmp_path / output, resume=True)
        return [weight.detach().clone() for weight in net.parameters()]

    plain = weights("plain", monitor_gradients=0)
    watched = weights("watched", monitor_gradients=1)
    kept, calls = Noise.losses, []

    def losses(self, batch):
        calls.append(batch)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return kept(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Noise, "losses", losses)
        with pytest.raises(InterruptedTrainingError):
            weights("stopped")
    stopped = weights("stopped")
    for other in (watched, stopped):
        assert all(torch.equal(one, two) for one, two in zip(plain, other, strict=True))


def test_a_negative_distance_between_looks_is_named():
    with pytest.raises(ConfigError, match=r"training\.monitor_gradients is -1; it must be 0 or more\."):
        TrainingConfig(monitor_gradients=-1)
