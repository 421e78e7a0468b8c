"""What the controller is rewarded for."""

UNFIT = -1.0
"""Reward of a network that takes more RAM than there is: below any that fits and is near the target."""


def absolute_reward(quality: float, cycles: float, target_cycles: float, beta: float) -> float:
    """quality - beta * |cycles / target - 1|: the absolute reward of TuNAS (Bender et al., CVPR 2020, section 3.1).

    A network that is too fast is punished like one that is too slow: it wastes time that accuracy could have.
    """
    if target_cycles <= 0 or beta < 0:
        raise ValueError("the target is above 0 and beta no less")
    return quality - beta * abs(cycles / target_cycles - 1)
