"""Law 4: killed at any moment and gone on with, training comes to the same bits as if it had never been killed."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, corpus):
    """Folders of trainings: two left alone, and the same two killed at many moments."""
    draw = random.Random(4)
    steps = [["step", draw.randint(2, 7)] for _ in range(4)]  # an epoch has six
    moments = [*steps[:2], ["between", 4], ["half", 2], ["judge", 1], ["half", 4], ["between", 2], *steps[2:]]
    plan = [
        {"run": "all", "output": "alone", "moments": []},
        {"run": "all", "output": "killed", "moments": moments},
        {"run": "all", "output": "worker", "moments": [["step", 10]], "workers": 1},
        {"run": "judged", "output": "judged-alone", "moments": []},
        {
            "run": "judged",
            "output": "judged-killed",
            "moments": [["between", 3], ["judge", 2], ["step", 8], ["half", 3]],
            "again": 1,  # a training that has finished may be gone on with too: nothing happens
        },
    ]
    folder = tmp_path_factory.mktemp("resume")
    command = [sys.executable, "-m", "tests.laws.killed", str(corpus), str(folder), json.dumps(plan)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    killed = json.loads(done.stdout.splitlines()[-1])
    assert killed == [len(entry["moments"]) for entry in plan], "a training finished before it could be killed"
    return folder


@pytest.mark.parametrize(
    ("killed", "alone"), [("killed", "alone"), ("worker", "alone"), ("judged-killed", "judged-alone")]
)
def test_a_killed_training_comes_to_the_same_bits(outputs, killed, alone):
    assert_same(load_file(outputs / killed / "model" / "model.safetensors"), outputs / alone)
    assert (outputs / killed / "history.json").read_text() == (outputs / alone / "history.json").read_text()
    states = [torch.load(outputs / one / "checkpoints" / "last.ckpt", weights_only=True) for one in (killed, alone)]
    for name in ("state_dict", "current_model_state", "optimizer_states", "lr_schedulers", "global_step"):
        assert flat(states[0].get(name)) == flat(states[1].get(name)), name


def test_nothing_half_written_is_left(outputs):
    for folder in outputs.iterdir():
        assert not list(folder.rglob("*.part"))
        assert not list(folder.rglob(".*"))


def assert_same(weights, folder):
    other = load_file(folder / "model" / "model.safetensors")
    assert weights.keys() == other.keys()
    assert all(torch.equal(weights[name], other[name]) for name in other)


def flat(value):
    """Nested values as comparable ones, tensors by their bits."""
    if isinstance(value, torch.Tensor):
        return value.shape, value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: flat(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [flat(one) for one in value]
    return value
