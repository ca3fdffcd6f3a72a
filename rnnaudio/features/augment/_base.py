"""What all augmentations share: a probability, a seeded draw, and checks of their ranges."""

import hashlib
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch

from rnnaudio.errors import ConfigError

__all__ = ["Augmentation", "check_range", "fast_size", "seeded", "uniform", "whole"]

P = TypeVar("P")


@dataclass(frozen=True)
class Augmentation(Generic[P]):
    """A random change. `draw` decides it, as parameters that can be printed; `apply` does it, without chance.

    Attributes:
        probability: how often it is applied.
    """

    probability: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        check_range(self, "probability", self.probability, self.probability, 0.0, 1.0)

    def draw(self, generator: torch.Generator) -> P | None:
        """Draw the parameters of one application; None where it is not applied."""
        applied = torch.rand((), generator=generator).item() < self.probability
        return self._draw(generator) if applied else None

    def _draw(self, generator: torch.Generator) -> P:
        raise NotImplementedError


def uniform(generator: torch.Generator, low: float, high: float, digits: int = 3) -> float:
    """Draw evenly from low to high, rounded so that it prints well.

    >>> uniform(torch.Generator().manual_seed(1), 2.0, 2.0)
    2.0
    """
    return round(low + (high - low) * torch.rand((), generator=generator).item(), digits)


def whole(generator: torch.Generator, below: int) -> int:
    """Draw a whole number from 0 to below - 1.

    >>> whole(torch.Generator().manual_seed(1), 1)
    0
    """
    return int(torch.randint(below, (), generator=generator))


def seeded(*key: int | str) -> torch.Generator:
    """Make the generator that belongs to a key, the same on every machine and in every process.

    >>> torch.rand((), generator=seeded(1, 0, "a")) == torch.rand((), generator=seeded(1, 0, "a"))
    tensor(True)
    """
    digest = hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def check_range(owner: object, name: str, low: float, high: float, least: float, most: float) -> None:
    """Refuse a range that is upside down or leaves [least, most].

    Raises:
        ConfigError: naming the augmentation and the setting.
    """
    if not least <= low <= high <= most:
        kind = type(owner).__name__
        given = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        raise ConfigError(f"augment.{kind}: {name} is {given}; allowed is {least:g} to {most:g}, low first.")


def fast_size(least: int) -> int:
    """Find a length of at least `least`, and a quarter more at most, whose Fourier transform is fast.

    >>> fast_size(32001)
    32768
    """
    unit = 1 << max(0, least.bit_length() - 4)
    return next(factor * unit for factor in (8, 9, 10, 12, 15, 16) if factor * unit >= least)
