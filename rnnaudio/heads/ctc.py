"""Connectionist temporal classification: a score for every symbol at every frame, and the loss of a text."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnnaudio.errors import DataError

BLANK = 0


class CTCHead(nn.Module):
    """A linear layer to log probabilities over blank and symbols.

    Shapes: states (B, T, W) -> log_probs (B, T, V), V symbols with blank as 0.
    Source: Graves et al. 2006, "Connectionist Temporal Classification".

    >>> CTCHead(8, 5)(torch.zeros(1, 3, 8)).exp().sum(-1).round()
    tensor([[1., 1., 1.]], grad_fn=<RoundBackward0>)
    """

    def __init__(self, width: int, symbols: int) -> None:
        super().__init__()
        self.scores = nn.Linear(width, symbols)

    def forward(self, states: Tensor) -> Tensor:
        """Score every frame."""
        return self.scores(states).log_softmax(dim=-1)  # (B, T, V)


def infeasible(lengths: Tensor, targets: Sequence[Tensor]) -> list[int]:
    """Rows whose text does not fit into their frames: CTC needs one for each label and one between equal neighbours.

    >>> infeasible(torch.tensor([3, 2]), [torch.tensor([1, 2]), torch.tensor([1, 1])])
    [1]
    """
    return [
        row
        for row, (length, target) in enumerate(zip(lengths.tolist(), targets, strict=True))
        if length < len(target) + int((target[1:] == target[:-1]).sum())
    ]


def ctc_losses(log_probs: Tensor, lengths: Tensor, targets: Sequence[Tensor], ids: Sequence[str]) -> Tensor:
    """The negative log probability of each row's text, over its number of labels.

    Shapes: log_probs (B, T, V), lengths (B,), targets B vectors of ids without blank -> (B,), nats per label.
    A text that cannot fit raises `DataError` with the utterance's id: an infinite loss set to zero would hide it.

    >>> scores = torch.full((1, 4, 3), 1 / 3).log()
    >>> ctc_losses(scores, torch.tensor([4]), [torch.tensor([1, 2])], ["a"]).shape
    torch.Size([1])
    """
    if rows := infeasible(lengths, targets):
        row = rows[0]
        raise DataError(
            f"{len(rows)} of {len(ids)} utterances cannot be learned by CTC ({ids[row]}: {int(lengths[row])} frames, "
            f"{len(targets[row])} labels). Run `rnnaudio check` for the list, or lower features.stride."
        )
    counts = torch.tensor([len(target) for target in targets])
    flat = torch.cat([target.to(torch.int64) for target in targets]) if len(targets) else counts
    losses = nn.functional.ctc_loss(
        log_probs.transpose(0, 1).float(),  # (T, B, V)
        flat.to(log_probs.device),
        lengths.to(log_probs.device),
        counts.to(log_probs.device),
        blank=BLANK,
        reduction="none",
    )
    return losses / counts.clamp(min=1).to(losses.device)
