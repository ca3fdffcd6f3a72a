"""What every recipe script shares: its config.yaml, overrides from the command line, `--resume`."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rnnaudio.cli.common import Parser
from rnnaudio.errors import RnnaudioError

Settings = TypeVar("Settings")


def run_recipe(main: Callable[[Settings, bool, str], None], settings: type[Settings], script: str) -> None:
    """Read the settings beside `script`, run `main(settings, resume, resume_with)`, and turn mistakes into one line.

    `--config` names other settings, `--resume` goes on from the state saved in the output folder, `--settings` lists
    everything that can be set, and `--a.b value` sets it. Relative paths in the config count from the folder in which
    the command is given.
    """
    from rnnaudio.settings import describe, read_settings

    parser = Parser(prog=f"python {script}")
    parser.add_argument("--config", default=str(Path(script).with_name("config.yaml")), help="settings")
    parser.add_argument("--resume", action="store_true", help="go on from the state saved in the output folder")
    parser.add_argument("--settings", action="store_true", help="list every setting and leave")
    try:
        args, overrides = parser.parse_known_args()
        if args.settings:
            print(describe(settings))
            return
        again = shlex.join(["python", script, *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
        main(read_settings(settings, args.config, overrides), args.resume, again)
    except RnnaudioError as error:
        print(f"rnnaudio: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone (`| head`); that is no mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("rnnaudio: stopped.", file=sys.stderr)
        sys.exit(130)
