"""A profile as one HTML file that needs no other."""

from mcu_vision.report.page import render_frame
from mcu_vision.report.profile_picture import draw_profile
from mcu_vision.report.profile_rows import InferenceProfile
from mcu_vision.report.svg import to_svg

MOST_CONSTANTS = 20


def profile_report(name: str, subtitle: str, profile: InferenceProfile, clock_hz: int) -> str:
    """HTML of where the time of an inference of model `name` goes."""
    cards = [
        (f"{profile.instructions / 1e6:.1f} M", "instructions (exact, emulated)"),
        (f"{profile.cycles_flash / 1e6:.1f} M", "cycles (estimated, flash wait states included)"),
        (f"{profile.cycles / 1e6:.1f} M", "cycles (estimated, without wait states)"),
        (f"{1000 * profile.cycles_flash / clock_hz:,.0f} ms", f"at {clock_hz / 1e6:.0f} MHz (estimated)"),
        (f"{profile.macs / 1e6:.1f} M", "multiply-accumulates"),
    ]
    return render_frame(
        "profile_report.html.j2",
        name,
        subtitle,
        cards,
        picture=to_svg(draw_profile(name, profile)),
        rows=profile.rows,
        blocks=profile.blocks,
        constants=[constant for constant in profile.constants if constant.waits][:MOST_CONSTANTS],
        data_waits=profile.data_waits,
        waits=profile.cycles_flash - profile.cycles,
        largest_share=max(row.share for row in profile.rows),
        kinds=sorted({kind for row in profile.rows for kind in row.classes}),
        memories=sorted({memory for row in profile.rows for memory in row.traffic}),
    )
