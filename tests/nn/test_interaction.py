"""How layers lie on one another."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.interaction import make_interaction

READ, MADE = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[5.0, -5.0]]])


@pytest.mark.parametrize(
    ("kind", "output", "next_reads"),
    [("plain", [5, -5], [5, -5]), ("residual", [6, -3], [6, -3]), ("dense", [5, -5], [1, 2, 5, -5])],
)
def test_what_comes_out_and_what_the_next_layer_reads(kind, output, next_reads):
    interaction = make_interaction(kind, 2, 2)
    states, read = interaction(READ, MADE)
    assert states.flatten().tolist() == output
    assert read.flatten().tolist() == next_reads
    assert (interaction.output, interaction.width) == (len(output), len(next_reads))


def test_a_highway_begins_by_carrying_and_learns_which_units_to_transform():
    highway = make_interaction("highway", 2, 2)
    assert (highway.transform.bias == -1).all()
    torch.nn.init.zeros_(highway.transform.weight)
    highway.transform.bias.data = torch.tensor([-50.0, 50.0])
    states, read = highway(READ, MADE)
    assert_close(states, torch.tensor([[[1.0, -5.0]]]))
    assert read is states


@pytest.mark.parametrize("kind", ["residual", "highway"])
def test_sums_of_unlike_widths_are_plain(kind):
    states, _ = make_interaction(kind, 1, 2)(READ[:, :, :1], MADE)
    assert states is MADE


def test_an_unknown_interaction_is_named():
    with pytest.raises(ConfigError, match="interaction is 'x'; choose one of plain, residual, highway, dense"):
        make_interaction("x", 2, 2)
