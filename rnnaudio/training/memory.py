"""Keeping freed memory for the next step, where the C library would hand it back to the system."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # malloc.h
_KEPT = 512 << 20


def keep_buffers() -> bool:
    """Tell glibc to keep large freed buffers in this process; True where it listens.

    A training step frees and asks for the same large buffers again and again. By default glibc returns each to the
    system, and the page faults of getting it back cost a fifth of a recurrent training step on a CPU
    (benchmarks/recurrent.py --keep-buffers). Elsewhere than on Linux with glibc nothing happens.

    >>> keep_buffers() in (True, False)
    True
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    wanted = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, _KEPT // 8))
    return all([bool(mallopt(name, value)) for name, value in wanted])
