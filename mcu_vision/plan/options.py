"""What a user asks of the planner."""

from dataclasses import dataclass

SCHEDULES = ("auto", "stream", "layers")
OPTIMIZE = ("balanced", "ram", "time")
INPUTS = ("frame", "rows")


@dataclass(frozen=True)
class PlanOptions:
    """How to plan a graph.

    schedule: "auto" searches; "stream" runs the whole graph as one pipeline of rows, "layers" one operator
    after the other. optimize: "ram" and "time" minimise that and then the other; "balanced" takes the least
    product of both. ram_bytes: the most RAM that the firmware may use, everything counted;
    None leaves it to the board. recompute: work may be done twice where that saves RAM. input: "frame" has the
    image in RAM, where it is overwritten as it is used up; "rows" pulls its rows from a function. preserve_input:
    the image in RAM survives an inference, so that another can follow. promote_weights: constants that are read many
    times may lie in RAM that is left, unless optimize is "ram".
    """

    schedule: str = "auto"
    optimize: str = "balanced"
    ram_bytes: int | None = None
    recompute: bool = False
    input: str = "frame"
    preserve_input: bool = False
    promote_weights: bool = True

    def __post_init__(self) -> None:
        for value, choices in ((self.schedule, SCHEDULES), (self.optimize, OPTIMIZE), (self.input, INPUTS)):
            if value not in choices:
                raise ValueError(f"{value!r} is none of {choices}")
        if self.preserve_input and self.input == "rows":
            raise ValueError("rows that are pulled cannot be preserved")
