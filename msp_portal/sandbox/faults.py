"""Faults on demand, queued or by seeded chance, for one directory."""

import random
from dataclasses import dataclass, field
from typing import Any

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json

KINDS = ("status", "reset", "slow", "truncated", "html")
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>Proxy</body></html>"
_FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "status": (int,),
    "when": (str,),
    "retry_after": (int, float, str),
    "delay": (int, float),
    "times": (int,),
    "method": (str,),
    "path": (str,),
    "rate": (int, float),
    "seed": (int,),
}
_RANGES = {"status": (200, 599), "times": (1, 1_000_000), "delay": (0, 3600), "rate": (0, 1)}


@dataclass(slots=True)
class Fault:
    """A fault that waits for its request. `times` None: without end (the default with a rate)."""

    kind: str
    status: int = 503
    when: str = "before"
    retry_after: str | None = None
    delay: float = 1.0
    times: int | None = 1
    method: str | None = None
    path: str | None = None
    rate: float | None = None
    seed: int = 0
    chance: random.Random = field(default_factory=random.Random)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request gets the fault; draws by chance when there is a rate."""
        if self.times == 0 or (self.method and self.method != method):
            return False
        if self.path and not path.startswith(self.path):
            return False
        return self.rate is None or self.chance.random() < self.rate

    def shown(self) -> Json:
        """The fault as the control API lists it."""
        names = [name for name in self.__slots__ if name != "chance"]
        return {name: getattr(self, name) for name in names}


def parse_fault(given: Any) -> Fault:
    """A fault from JSON; ControlError 400 says what is wrong with it."""
    if not isinstance(given, dict) or given.get("kind") not in KINDS:
        raise ControlError(400, f"A fault needs a kind: one of {', '.join(KINDS)}.")
    values = {key: value for key, value in given.items() if value is not None}
    for key, value in values.items():
        if key not in _FIELDS:
            raise ControlError(400, f"Unknown field {key!r} of a fault.")
        if not isinstance(value, _FIELDS[key]) or isinstance(value, bool):
            raise ControlError(400, f"Field {key!r} of a fault cannot be {value!r}.")
    if values.get("when", "before") not in ("before", "after"):
        raise ControlError(400, "A fault comes 'before' or 'after' the write.")
    _check_ranges(values)
    return _build(values)


def _check_ranges(values: Json) -> None:
    for key, (least, most) in _RANGES.items():
        if key in values and not least <= values[key] <= most:
            raise ControlError(400, f"Field {key!r} of a fault lies between {least} and {most}.")
    if not str(values.get("retry_after", "")).isprintable():
        raise ControlError(400, "Field 'retry_after' of a fault must fit into one header line.")


def _build(values: Json) -> Fault:
    if "retry_after" in values:
        values["retry_after"] = str(values["retry_after"])
    if "method" in values:
        values["method"] = values["method"].upper()
    if "path" in values:
        values["path"] = values["path"].lower()
    values.setdefault("status", 502 if values["kind"] == "html" else 503)
    values.setdefault("times", None if "rate" in values else 1)
    return Fault(**values, chance=random.Random(values.get("seed", 0)))  # noqa: S311


class FaultQueue:
    """The faults of one directory; the oldest that fits a request strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request gets; `path` lies below the SCIM base, lower case."""
        for fault in self._faults:
            if fault.strikes(method, path):
                if fault.times is not None:
                    fault.times -= 1
                    self._faults = [each for each in self._faults if each.times != 0]
                return fault
        return None

    def shown(self) -> list[Json]:
        """Every queued fault."""
        return [fault.shown() for fault in self._faults]

    def clear(self) -> None:
        """Drop them all."""
        self._faults.clear()
