"""Encoder states to scores and losses, one head per kind of answer."""

from rnnaudio.heads.ctc import CTCHead, ctc_losses, infeasible

__all__ = ["CTCHead", "ctc_losses", "infeasible"]
