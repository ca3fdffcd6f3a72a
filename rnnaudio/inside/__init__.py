"""Seeing inside: every gate and state of a network while it reads, in pictures on one axis of time.

`look` listens with a speech model, `look_at` reads with a bare encoder; both give an `Inside`. `figures` draws it, each
picture a matplotlib figure, and `report` writes all of them as one page of HTML. matplotlib is loaded by those two.
"""

from rnnaudio.inside.inside import Direction, Inside, Layer, Sound
from rnnaudio.inside.look import look
from rnnaudio.inside.reading import look_at
from rnnaudio.inside.report import report

__all__ = ["Direction", "Inside", "Layer", "Sound", "look", "look_at", "report"]
