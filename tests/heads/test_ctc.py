"""The CTC head and loss: a text that cannot fit is named, never hidden as a loss of zero."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import DataError
from rnnaudio.heads import ctc_losses, infeasible


def test_a_text_that_cannot_fit_is_named():
    log_probs = torch.randn(2, 4, 3).log_softmax(-1)
    targets = [torch.tensor([1, 2]), torch.tensor([1, 1, 1])]
    with pytest.raises(DataError, match=r"an251-fash-b: 4 frames, 3 labels"):
        ctc_losses(log_probs, torch.tensor([4, 4]), targets, ["good", "an251-fash-b"])


@pytest.mark.parametrize(("frames", "target", "fits"), [(2, [1, 1], False), (3, [1, 1], True), (0, [], True)])
def test_frames_needed(frames, target, fits):
    rows = infeasible(torch.tensor([frames]), [torch.tensor(target, dtype=torch.int64)])
    assert rows == ([] if fits else [0])


def test_the_loss_is_the_sum_over_all_alignments():
    log_probs = torch.randn(1, 3, 3, generator=torch.manual_seed(0)).log_softmax(-1)
    p = log_probs[0].exp()
    # every path of three frames that collapses to "1 2"
    paths = [(1, 2, 0), (1, 2, 2), (1, 1, 2), (0, 1, 2), (1, 0, 2)]
    total = sum(p[0, a] * p[1, b] * p[2, c] for a, b, c in paths)
    loss = ctc_losses(log_probs, torch.tensor([3]), [torch.tensor([1, 2])], ["x"])
    assert_close(loss[0], -total.log() / 2)


def test_an_empty_text_is_all_blanks():
    log_probs = torch.randn(1, 3, 3, generator=torch.manual_seed(0)).log_softmax(-1)
    loss = ctc_losses(log_probs, torch.tensor([3]), [torch.zeros(0, dtype=torch.int64)], ["x"])
    assert_close(loss[0], -log_probs[0, :, 0].sum())
