"""Errors that a user can cause. Each is one line: what is wrong, where, and what to do."""

__all__ = ["AudioError", "ConfigError", "DataError", "ManifestError", "ModelError", "RnnaudioError"]


class RnnaudioError(Exception):
    """The base of every error a user can cause; the command line prints it and exits with 2.

    >>> str(RnnaudioError("a.wav does not exist."))
    'a.wav does not exist.'
    """


class AudioError(RnnaudioError):
    """A sound file that cannot be read or written."""


class ManifestError(RnnaudioError):
    """A line of a manifest that is not what a manifest says."""


class ConfigError(RnnaudioError):
    """A setting that does not exist, or has a value that cannot be."""


class DataError(RnnaudioError):
    """Data that is there but cannot be used as asked."""


class ModelError(RnnaudioError):
    """A model that cannot be loaded, saved or used as asked."""
