"""Which of several training processes this is, known before any of them has met the others."""

import os

RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")


def first_process() -> bool:
    """Whether this process is the one that writes and prints; always, where there is only one.

    Read from what torchrun, SLURM and Lightning's own launcher set for the processes they start.

    >>> first_process()
    True
    """
    return all(os.environ.get(name, "0") == "0" for name in RANKS)
