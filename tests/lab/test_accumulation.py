"""Gradients of several batches make a step, and parts of a network learn more slowly."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from affetto.lab.training import fit
from tiny_training import loop


def lesson():
    """Give a network, and the loss of rows that it is to tell from others."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    rows = torch.from_numpy(np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32))

    def losses(places):
        target = (rows[places, 0] > 0).long()
        return {"class": torch.nn.functional.cross_entropy(network(rows[places]), target)}

    return network, losses


def test_two_batches_make_the_step_of_one_twice_as_large():
    whole, losses = lesson()
    history = fit(whole, lambda _: list(range(8)), losses, loop())
    halves, losses = lesson()
    split = fit(
        halves,
        lambda number: list(range(4)) if number % 2 == 0 else list(range(4, 8)),
        losses,
        loop(),
        accumulate=2,
    )
    assert [e["class"] for e in split] == pytest.approx([e["class"] for e in history], rel=1e-5)
    for one, other in zip(whole.parameters(), halves.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_batches_are_asked_for_by_their_numbers():
    network, losses = lesson()
    asked = []

    def draw(number):
        asked.append(number)
        return list(range(8))

    fit(network, draw, losses, loop(steps=3), accumulate=3)
    assert asked[:9] == list(range(9))


def test_what_is_named_learns_more_slowly():
    network, losses = lesson()
    before = [parameter.detach().clone() for parameter in network.parameters()]
    fit(
        network,
        lambda _: list(range(8)),
        losses,
        loop(steps=1, average=0.0, decay=0.0, rate=0.01),
        slower={"0.": 0.1},
    )
    moved = [
        float((after - was).detach().abs().mean())
        for after, was in zip(network.parameters(), before, strict=True)
    ]
    # The first step of Adam is as long as the rate, whatever the gradient.
    assert moved == pytest.approx([0.001, 0.001, 0.01, 0.01], rel=0.05)
