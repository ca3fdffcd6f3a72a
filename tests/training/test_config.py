import math

import pytest
import torch

from rnnaudio.errors import ConfigError
from rnnaudio.training import TrainingConfig
from rnnaudio.training.resume import check_settings, keep_settings
from rnnaudio.training.schedules import FLOOR, rate_at, scheduler

CONFIG = TrainingConfig(epochs=4, learning_rate=1.0, warmup=0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 2**63),
        ("epochs", 0),
        ("epochs", -3),
        ("batch_seconds", 0.0),
        ("batch_seconds", math.inf),
        ("learning_rate", -0.1),
        ("learning_rate", math.nan),
        ("weight_decay", -1.0),
        ("weight_decay", math.nan),
        ("warmup", 1.0),
        ("warmup", -0.1),
        ("clip", -1.0),
        ("ema", 1.0),
        ("patience", -1),
        ("keep_best", 0),
        ("save_steps", 0),
        ("skip_nonfinite", -1),
        ("devices", 0),
        ("devices", 10_000),
        ("nodes", 0),
        ("threads", -1),
        ("threads", 10_000),
        ("workers", -1),
        ("workers", 10_000),
    ],
)
def test_a_setting_that_cannot_be_is_named(name, value):
    with pytest.raises(ConfigError, match=rf"^training\.{name} is .*; it must be [^\n]*\.$"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_the_rate_rises_to_its_highest_and_falls_to_its_lowest(schedule):
    config = TrainingConfig(schedule=schedule, warmup=0.25)
    rates = [rate_at(step, 40, config) for step in range(41)]
    assert rates[0] == pytest.approx(FLOOR)
    assert rates[10] == pytest.approx(1.0)
    assert rates[40] == pytest.approx(FLOOR)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_constant_rate_stays_after_its_warm_up():
    config = TrainingConfig(schedule="constant", warmup=0.5)
    assert [rate_at(step, 4, config) for step in (2, 3, 99)] == [1.0, 1.0, 1.0]
    assert rate_at(0, 4, TrainingConfig(schedule="constant", warmup=0.0)) == 1.0


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate(schedule, steps):
    config = TrainingConfig(schedule=schedule)
    assert all(0 < rate_at(step, steps, config) <= 1 for step in range(steps))


def test_new_bob_halves_when_it_gets_little_better():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    made = scheduler(optimizer, 7, TrainingConfig(schedule="new_bob"))
    assert (made["interval"], made["frequency"]) == ("step", 7)
    rates = []
    for score in (0.5, 0.4, 0.3999, 0.2, 0.2):
        made["scheduler"].step(score)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_settings_are_kept_and_compared(tmp_path):
    kept = {"training": {"seed": 1, "epochs": 3}, "output": "here", "model": {"encoder": {"hidden": 8}}}
    keep_settings(tmp_path / "new" / "config.yaml", kept)
    check_settings(tmp_path / "new" / "config.yaml", kept)
    check_settings(tmp_path / "new" / "config.yaml", kept | {"output": "there"})
    check_settings(tmp_path / "new" / "config.yaml", kept | {"later": {"setting": 1}})
    with pytest.raises(ConfigError, match=r"model\.encoder\.hidden was 8 when this run began and is 9 now"):
        check_settings(tmp_path / "new" / "config.yaml", kept | {"model": {"encoder": {"hidden": 9}}})
