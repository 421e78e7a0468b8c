from collections import Counter

import numpy as np
from graphs import tiny_detector
from models import REGIONS

from mcu_vision.plan import Buffer, Place, PlanOptions, plan_graph
from mcu_vision.report.bands import bands


def test_bands_cover_what_is_live_and_nothing_twice() -> None:
    for schedule in ("auto", "stream", "layers"):
        program = plan_graph(tiny_detector(), REGIONS, 250 << 10, PlanOptions(schedule=schedule))
        live = np.zeros(len(program.schedule), np.int64)
        taken = {name: np.zeros((extent, len(live)), np.int8) for name, extent in program.arena_bytes.items()}
        for band in bands(program):
            span = slice(band.first_step, band.last_step + 1)
            live[span] += band.size
            taken[band.region][band.offset : band.offset + band.size, span] += 1
        assert live.tolist() == program.live_bytes().tolist()
        assert all((region <= 1).all() for region in taken.values())


def test_slots_in_line_with_equal_times_are_one_band() -> None:
    program = plan_graph(tiny_detector(), REGIONS, 250 << 10)
    in_use = np.array([[1, 1, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0]], bool)
    places = [Place("sram", 0), Place("sram", 8), Place("sram", 16)]
    program.buffers = [Buffer("ring", "activation", 8, in_use, places=places)]
    found = Counter((b.offset, b.size, b.first_step, b.last_step) for b in bands(program))
    assert found == Counter([(0, 16, 0, 1), (0, 8, 3, 3), (16, 8, 1, 2)])
