"""The flasher on a damaged line: it ends with the right content, or it says that it failed."""

import random
from collections import Counter

import pytest
from bootloader_faults import KINDS, FaultyPort, random_port
from bootloader_simulator import BOARD, FLASH, SimulatedBootloader, VirtualPort

from mcu_vision.device.bootloader import Bootloader
from mcu_vision.device.chips import chip_of_board
from mcu_vision.device.flash_image import Block, FlashImage
from mcu_vision.device.flasher import Flasher
from mcu_vision.errors import UserError

RUNS, QUICK_RUNS = 1000, 60
CHIP = chip_of_board("stm32f439")


def make_image(chance: random.Random) -> FlashImage:
    """Up to 2 KB across the border of sectors 0 and 1: noise, with an erased and an even block."""
    start = FLASH.base + 0x4000 - 256 * chance.randint(0, 4)
    blocks = [Block(start + 256 * i, chance.randbytes(256)) for i in range(chance.randint(1, 6))]
    blocks.append(Block(start + 256 * len(blocks), bytes((chance.choice((0x00, 0x79, 0xFF)),)) * 256))
    blocks.append(Block(start + 256 * len(blocks), chance.randbytes(4 * chance.randint(1, 63))))
    return FlashImage(tuple(blocks))


def holds(device: SimulatedBootloader, image: FlashImage) -> bool:
    return all(device.flash[b.address - FLASH.base :][: len(b.data)] == b.data for b in image.blocks)


def prepare(seed: int) -> tuple[SimulatedBootloader, FlashImage, dict[str, bool]]:
    """A part with some old content, an image, and options."""
    chance = random.Random(f"case {seed}")
    image = make_image(chance)
    device = SimulatedBootloader(chance.choice((b"", chance.randbytes(0x9000))), patient=chance.random() < 0.3)
    offset = image.start - FLASH.base
    if chance.random() < 0.4:  # what an interrupted run leaves
        old = b"".join(b.data for b in image.blocks)[: 256 * chance.randint(1, 5)]
        device.flash[offset : offset + len(old)] = old
    options = {"resume": chance.random() < 0.5, "mass": False}
    options["mass"] = not options["resume"] and chance.random() < 0.2
    return device, image, options


def flasher(port: VirtualPort, image: FlashImage) -> Flasher:
    return Flasher(Bootloader(port), image, BOARD.flash_sectors, CHIP)


def clean_traffic(seed: int) -> int:
    """Bytes in both directions when nothing befalls them; the content must be right then."""
    device, image, options = prepare(seed)
    port = FaultyPort(device)
    flasher(port, image).flash(**options)
    assert holds(device, image)
    return port.bytes_seen


def fault_run(seed: int) -> tuple[str, FaultyPort]:
    device, image, options = prepare(seed)
    protection = random.Random(f"protection {seed}").randrange(10)
    device.read_protected, device.write_protected = protection == 0, {0, 5} if protection == 1 else set()
    options["unprotect"] = protection < 2
    port = random_port(seed, device, clean_traffic(seed))
    try:
        flasher(port, image).flash(**options)
    except UserError:
        outcome = "reported"
    else:
        outcome = "success" if holds(device, image) else "WRONG"
    return outcome, port


def check_runs(seeds: range) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for seed in seeds:
        outcome, port = fault_run(seed)
        assert outcome != "WRONG", f"seed {seed} claims success over wrong content"
        outcomes[outcome] += 1
        struck.update(set(port.struck))
    assert set(struck) == set(KINDS), "a fault never struck"
    # Neither giving up at once nor a harness without faults would pass.
    assert outcomes["success"] > len(seeds) / 3
    assert outcomes["reported"] > len(seeds) / 20
    return outcomes


def test_fault_runs() -> None:
    check_runs(range(QUICK_RUNS))


@pytest.mark.slow
def test_a_thousand_fault_runs() -> None:
    print(check_runs(range(RUNS)))


@pytest.mark.parametrize("kind", ["lost", "duplicated", "flipped", "nack"])
def test_every_single_fault_is_survived(kind: str) -> None:
    for seed in range(12):
        device, image, options = prepare(seed)
        at = random.Random(f"{kind} {seed}").randrange(1, clean_traffic(seed) - 10)
        port = FaultyPort(device, faults={at: kind}, seed=seed)
        flasher(port, image).flash(**options)
        assert port.struck == [kind]
        assert holds(device, image)


def test_an_interrupted_run_is_resumed() -> None:
    for kind in ("unplugged", "death"):
        for seed in range(8):
            device, image, options = prepare(seed)
            at = random.Random(seed).randrange(1, clean_traffic(seed) - 10)
            with pytest.raises(UserError, match=r"vanished|silent|answer"):
                flasher(FaultyPort(device, faults={at: kind}), image).flash(**options)
            device.reset()
            flasher(VirtualPort(device), image).flash(resume=True)
            assert holds(device, image)


def test_the_runs_would_catch_a_flasher_that_does_not_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flasher, "_differing", lambda self: [])
    assert "WRONG" in {fault_run(seed)[0] for seed in range(300)}
