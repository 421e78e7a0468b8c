import numpy as np
import pytest

from mcu_vision.search.controller import Controller
from mcu_vision.search.reward import UNFIT, absolute_reward

SIZES = (4, 3, 5)
GOOD = (2, 0, 4)


def play(controller: Controller, steps: int, seed: int = 0, first: int = 0) -> list[float]:
    """Reward: the share of decisions that are right, in noise."""
    rewards = []
    for step in range(first, first + steps):
        random = np.random.default_rng((seed, step))
        choice = controller.propose(random)
        reward = sum(a == b for a, b in zip(choice, GOOD, strict=True)) / 3 + 0.2 * random.standard_normal()
        controller.learn(choice, reward, [True] * 3)
        rewards.append(reward)
    return rewards


def test_it_learns_a_toy_problem() -> None:
    controller = Controller(SIZES)
    rewards = play(controller, 400)
    assert controller.best() == GOOD
    assert np.mean(rewards[-50:]) > 0.85 > 0.5 > np.mean(rewards[:50])
    assert controller.entropy() < 0.5


def test_without_learning_it_stays_uniform() -> None:
    controller = Controller(SIZES, learning_rate=0.0)
    play(controller, 50)
    assert controller.entropy() == pytest.approx(1)
    draws = np.array([controller.propose(np.random.default_rng(i)) for i in range(600)])
    for column, size in zip(draws.T, SIZES, strict=True):
        assert np.bincount(column).min() > 0.6 * 600 / size


def test_decisions_that_do_not_matter_learn_nothing() -> None:
    controller = Controller(SIZES)
    for step in range(20):
        controller.learn((1, 1, 1), float(step), [True, False, True])
    assert controller.probabilities()[1] == pytest.approx([1 / 3] * 3)
    assert controller.probabilities()[0][1] > 0.5


def test_it_goes_on_from_its_state_as_if_uninterrupted() -> None:
    whole, half, rest = Controller(SIZES), Controller(SIZES), Controller(SIZES)
    play(whole, 60)
    play(half, 30)
    rest.load(half.state())
    play(rest, 30, first=30)
    for a, b in zip(whole.logits, rest.logits, strict=True):
        assert a.tolist() == b.tolist()
    assert whole.baseline == rest.baseline


def test_reward_is_highest_at_the_target() -> None:
    assert absolute_reward(0.8, 50, 50, 1.0) == 0.8
    assert absolute_reward(0.8, 60, 50, 1.0) == pytest.approx(0.6)
    assert absolute_reward(0.8, 40, 50, 1.0) == pytest.approx(0.6), "too fast is punished too"
    assert absolute_reward(0.8, 60, 50, 0.5) == pytest.approx(0.7)
    assert absolute_reward(0.0, 95, 50, 1.0) > UNFIT
    with pytest.raises(ValueError, match="above 0"):
        absolute_reward(0.8, 60, 0, 1.0)
