"""Work for several threads, each with its own products."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import torch

Answer = TypeVar("Answer")


def side_by_side(jobs: list[Callable[[], Answer]]) -> list[Answer]:
    """Run jobs, one thread each where torch may use several; answers in order.

    The products of one step are too small to be shared out: two threads with a direction each take half of the time,
    two threads in each product more than one.

    >>> side_by_side([lambda: 1, lambda: 2])
    [1, 2]
    """
    threads = torch.get_num_threads()
    if len(jobs) == 1 or threads == 1:
        return [job() for job in jobs]
    torch.set_num_threads(max(1, threads // len(jobs)))
    try:
        with ThreadPoolExecutor(len(jobs)) as pool:
            # Whether gradients are recorded is a property of the thread: the new ones must be told.
            return list(pool.map(torch.no_grad()(lambda job: job()), jobs))
    finally:
        torch.set_num_threads(threads)


def spans(rows: int) -> list[slice]:
    """Rows shared out among the threads that torch may use.

    >>> sum(part.stop - part.start for part in spans(5))
    5
    """
    parts = max(1, min(rows, torch.get_num_threads()))
    bounds = [rows * part // parts for part in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(bounds)]
