"""Two directions as one sequence."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.fusion import FUSIONS, make_fusion

AHEAD, BEHIND = torch.tensor([[[1.0, -2.0]]]), torch.tensor([[[3.0, -4.0]]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("concat", [1, -2, 3, -4]), ("sum", [4, -6]), ("mean", [2, -3]), ("max", [3, -2])],
)
def test_fusions_without_weights(kind, expected):
    fusion = make_fusion(kind, 2)
    assert not list(fusion.parameters())
    assert fusion(AHEAD, BEHIND).flatten().tolist() == expected
    assert fusion.width == len(expected)


def test_a_gate_chooses_for_each_unit():
    gate = make_fusion("gate", 2)
    torch.nn.init.zeros_(gate.believe.weight)
    gate.believe.bias.data = torch.tensor([50.0, -50.0])
    assert_close(gate(AHEAD, BEHIND), torch.tensor([[[1.0, -4.0]]]))
    assert_close(gate.weights(AHEAD, BEHIND), torch.tensor([[[1.0, 0.0]]]))


def test_attention_chooses_a_direction_at_each_frame():
    attention = make_fusion("attention", 2)
    with torch.no_grad():
        attention.keys.weight.copy_(torch.eye(2))
        attention.keys.bias.zero_()
        attention.query.weight.copy_(torch.tensor([[100.0, 0.0]]))  # whoever is larger in the first unit
    ahead, behind = torch.cat([AHEAD, BEHIND], dim=1), torch.cat([BEHIND, AHEAD], dim=1)
    assert_close(attention(ahead, behind), BEHIND.expand(1, 2, 2), rtol=1e-3, atol=1e-3)
    assert_close(attention.weights(ahead, behind).argmax(dim=2), torch.tensor([[1, 0]]))


@pytest.mark.parametrize("kind", ["gate", "attention"])
def test_learned_weights_are_shares_and_are_learned(kind):
    torch.manual_seed(0)
    fusion = make_fusion(kind, 3)
    ahead, behind = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    weights = fusion.weights(ahead, behind)
    assert ((weights >= 0) & (weights <= 1)).all()
    low, high = torch.minimum(ahead, behind) - 1e-6, torch.maximum(ahead, behind) + 1e-6
    fused = fusion(ahead, behind)
    assert ((low <= fused) & (fused <= high)).all()
    fused.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in fusion.parameters())


def test_an_unknown_fusion_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=f"fusion is 'product'; choose one of {', '.join(FUSIONS)}"):
        make_fusion("product", 2)
