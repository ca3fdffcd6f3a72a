"""`rnnaudio augment`: hear what training hears."""

import argparse
from pathlib import Path
from typing import Any

from rnnaudio.cli.common import check_place, job, whole_number

EXAMPLE = """  rnnaudio augment in.wav -o out.wav --seed 3
  rnnaudio augment in.wav -o out.wav --preset light --epoch 5      what epoch 5 would hear
  rnnaudio augment in.wav -o out.wav --config config.yaml          by a recipe's own settings
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "augment", "change a recording as training does, to hear it", EXAMPLE)
    parser.add_argument("file", metavar="IN", help="a recording")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="where the changed one goes")
    parser.add_argument("--preset", choices=("none", "light", "strong"), default="strong", help="how much [strong]")
    parser.add_argument("--config", metavar="YAML", help="a training config whose `augment` settings to use instead")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="which of the changes [0]")
    parser.add_argument("--epoch", type=whole_number(0), default=0, help="which epoch of a training with this seed [0]")


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Read, draw, say what was drawn, change, write."""
    from rnnaudio.features import AugmentConfig, Augmenter, read_audio, write_audio

    check_place(args.output)
    config = AugmentConfig.preset(args.preset)
    if args.config:
        from rnnaudio.settings import read_settings
        from rnnaudio.training.speech import SpeechRun

        config = read_settings(SpeechRun, args.config).augment
    sound = read_audio(args.file)
    augmenter = Augmenter(config, sound.rate)
    plan = augmenter.draw(args.seed, args.epoch, Path(args.file).stem)
    changed = augmenter.apply_wave(sound.samples, plan)
    peak = float(changed.abs().max()) if len(changed) else 0.0
    write_audio(args.output, changed / max(peak, 1.0), sound.rate)
    print(plan)
    return 0
