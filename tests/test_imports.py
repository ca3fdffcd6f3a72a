"""What importing costs, and what must never be imported on the way from a recording to its words."""

import json
import subprocess
import sys
from pathlib import Path

import soundfile

from tests.worlds import RATE, beeps

ROOT = Path(__file__).parents[1]
HEAVY = ("lightning", "pytorch_lightning", "librosa", "matplotlib", "tensorboard", "pandas", "jsonargparse", "rich")

COST = """
import json, sys, time
import torch
begin = time.perf_counter()
import rnnaudio
seconds = time.perf_counter() - begin
print(json.dumps([seconds, [name for name in {heavy} if name in sys.modules]]))
"""
USE = """
import contextlib, io, json, sys
import rnnaudio.cli.main
with contextlib.redirect_stdout(io.StringIO()):
    codes = [rnnaudio.cli.main.main(command) for command in json.loads(sys.argv[1])]
print(json.dumps([codes, [name for name in {heavy} if name in sys.modules]]))
"""


def run(script, *arguments):
    command = [sys.executable, "-c", script.replace("{heavy}", repr(HEAVY)), *map(str, arguments)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)


def test_importing_the_package_costs_next_to_nothing_beyond_torch():
    seconds, loaded = run(COST)
    assert seconds < 0.3
    assert loaded == []


def test_using_a_model_never_loads_what_training_needs(model_folder, corpus, tmp_path):
    soundfile.write(tmp_path / "a.wav", beeps("low high"), RATE)
    model = ["-m", str(model_folder)]
    commands = [["transcribe", *model, str(tmp_path / "a.wav"), "--format", form] for form in ("text", "json", "vtt")]
    commands += [[job, *model, str(corpus / "test.jsonl")] for job in ("check", "evaluate")]
    codes, loaded = run(USE, json.dumps(commands))
    assert codes == [0] * len(commands)
    assert not set(loaded) - {"jsonargparse"}  # it reads config.yaml


def test_help_needs_no_torch():
    script = "import sys, rnnaudio.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    done = subprocess.run(
        [sys.executable, "-c", script + "assert 'torch' not in sys.modules"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
