"""What a user asks of the firmware's console."""

import re
from dataclasses import dataclass

CONSOLES = ("standard", "mlperf")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.-]{0,31}", re.ASCII)


@dataclass(frozen=True)
class ConsoleOptions:
    """kind: "standard", or "mlperf", which does all that MLPerf Tiny's runner relies on (docs/console.md).

    model_id: what `profile%` calls the model, e.g. "vww01"; None: its name. Raises ValueError if it is unfit.
    """

    kind: str = "standard"
    model_id: str | None = None

    @property
    def loads_int8(self) -> bool:
        """True if the host's bytes are the model's int8 input, as MLPerf Tiny's keyword benchmark has them."""
        return self.kind == "mlperf" and self.model_id == "kws01"

    def __post_init__(self) -> None:
        if self.kind not in CONSOLES:
            raise ValueError(f"{self.kind!r} is none of {CONSOLES}")
        if self.model_id is not None and not _IDENTIFIER.fullmatch(self.model_id):
            raise ValueError(f"{self.model_id!r} is no identifier of letters, digits, '.', '_' and '-', 32 at most")
