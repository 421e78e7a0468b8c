from itertools import pairwise

import numpy as np
import pytest

from mcu_vision.models.network_config import parse_network
from mcu_vision.search.shared_network import SharedNetwork
from mcu_vision.search.space import SKIP, BlockOption, Front, Space, slot_widths


def choice_of(space: Space, **options: int) -> tuple[int, ...]:
    """The first option of each decision, but for those named (front=1, op_3=2)."""
    names = [decision.name for decision in space.decisions]
    choice = [0] * len(names)
    for name, option in options.items():
        kind, _, slot = name.partition("_")
        choice[names.index(f"{slot}.{kind}" if slot else kind)] = option
    return tuple(choice)


def test_every_choice_is_a_network_that_its_file_gives_back(space: Space) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        network = space.network(space.draw(random))
        assert parse_network(network.to_toml("found by chance\nsecond line"), "text") == network
        assert network.strides()[-1] == (32 if space.task == "vww" else 16)
        assert all(block.channels % 8 == 0 for block in network.blocks)


def test_draws_take_every_option_of_every_decision(space: Space) -> None:
    random = np.random.default_rng(1)
    draws = np.array([space.draw(random) for _ in range(400)])
    assert [len(set(column)) for column in draws.T] == space.sizes


def test_skipped_blocks_are_not_there_and_their_width_does_not_matter() -> None:
    space = Space("mobiledet", "vww")
    skip = next(i for i, o in enumerate(space.decisions[6].options) if isinstance(o, BlockOption) and o.op == SKIP)
    assert space.decisions[6].name == "2.op"
    narrow, wide = (choice_of(space, op_2=skip, width_2=w) for w in (0, 3))
    assert space.network(narrow) == space.network(wide)
    assert space.simplest(wide) == space.simplest(narrow) == narrow
    assert len(space.network(narrow).blocks) == len(space.network(choice_of(space)).blocks) - 1
    assert not space.active(narrow)[7]


def test_rnn_pool_takes_the_place_of_the_early_blocks() -> None:
    space = Space("mobiledet", "vww")
    fronts = space.decisions[1].options
    assert fronts[0] == Front()
    blocks, pooled = space.network(choice_of(space)), space.network(choice_of(space, front=2))
    assert (blocks.pool, pooled.pool) == (0, 8)
    assert len(blocks.blocks) == len(pooled.blocks) + 2
    assert space.active(choice_of(space, front=2))[2:6] == [False] * 4
    assert pooled.strides()[0] == blocks.strides()[2] == 8


def test_the_widest_choice_has_the_most_channels(space: Space) -> None:
    choice = space.draw(np.random.default_rng(2))
    wide = space.network(space.widest(choice))
    plain = space.network(choice)
    assert [b.op for b in wide.blocks] == [b.op for b in plain.blocks]
    tops = [max(slot_widths(space.slots[i])) for i, _ in space.blocks(choice)]
    assert [b.channels for b in wide.blocks] == tops


def test_no_slot_is_given_more_channels_than_inputs_says(space: Space) -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        choice = space.draw(random)
        network = space.network(choice)
        channels = 4 * network.pool or network.stem
        for index, block in space.blocks(choice):
            assert channels <= space.inputs(index)
            channels = block.channels
        assert channels <= space.inputs(len(space.slots))


@pytest.mark.parametrize("task", ["vww", "faces"])
def test_the_small_space_nests_its_networks(task: str) -> None:
    space = Space("mobiledet-small", task)
    random = np.random.default_rng(4)
    assert {len(kinds) for kinds in SharedNetwork(space).slots} == {1}
    for _ in range(20):
        blocks = space.blocks(space.draw(random))
        for (before, left), (index, right) in pairwise(blocks):
            slots = space.slots[before], space.slots[index]
            if slots[1].stride == 1 and slots[0].base == slots[1].base:
                assert left.channels == right.channels, "a stage has one width, so that shortcuts are there"


def test_a_stage_without_blocks_leaves_its_width_open() -> None:
    space = Space("mobiledet-small", "vww")
    names = [decision.name for decision in space.decisions]
    assert "2.width" in names
    assert "4.width" not in names
    skip = len(space.decisions[names.index("2.op")].options) - 1
    choice = choice_of(space, op_2=skip)
    assert not space.active(choice)[names.index("2.width")]
    assert space.active(choice)[names.index("3.width")]


@pytest.mark.parametrize("task", ["vww", "faces"])
def test_the_space_of_rnn_pool_has_it_always(task: str) -> None:
    space = Space("rnnpool", task)
    random = np.random.default_rng(4)
    networks = [space.network(space.draw(random)) for _ in range(20)]
    assert all(network.pool for network in networks)
    assert {block.op for network in networks for block in network.blocks} == {"ibn"}
