"""Joiners and leavers as a profile says it: dates, ordered steps with delays, the way in; pure.

    {"start": {"column": "hire_date", "days_before": 7},
     "last_day": {"column": "leave_date"},
     "leavers": [{"after_days": 0, "do": "disable"},
                 {"after_days": 0, "do": "remove_from_groups"},
                 {"after_days": 1, "do": "set", "target": "title", "constant": "Has left"},
                 {"after_days": 30, "do": "clear", "target": "title"},
                 {"after_days": 90, "do": "delete"}],
     "way_in": "temporary_access_pass"}

Everything may be left out. A leaver is past the last day, inactive, or no longer in the source; a
step is due so many days after the first day on which somebody was. Without steps the account is
disabled at once and never deleted. What becomes of people outside the scope is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from provisioning.domain.attributes import ACTIVE, USER_NAME, Attribute
from provisioning.domain.expressions import ParseError, compile_expression
from provisioning.domain.target_values import RejectedError, acceptor
from provisioning.domain.targets import Targets

DISABLE, REMOVE, SET, CLEAR, DELETE = "disable", "remove_from_groups", "set", "clear", "delete"
STEPS: Mapping[str, str] = {
    DISABLE: "Disable the account",
    REMOVE: "Remove from the profile's groups",
    SET: "Set an attribute",
    CLEAR: "Clear an attribute",
    DELETE: "Delete the account, after a yes",
}
"""Every step and how people read it."""
SINCE, LAST_DAY = "leaver.since", "leaver.last_day"
"""What a step's expression may read besides columns and parameters, as ISO dates: the first day as
a leaver, and the last day that the source names (the same day where it names none)."""

WAYS_IN: Mapping[str, str] = {
    "temporary_access_pass": (
        "An administrator issues a Temporary Access Pass in the Entra admin center, and the"
        " person signs in with it."
    ),
    "self_service_reset": (
        "The person sets a password by self-service password reset, for which a mobile number or"
        " another e-mail address has to be registered."
    ),
}
"""How somebody gets into a new account, whose password nobody knows."""
OTHER = "other:"
"""What a way in of one's own begins with."""
NOBODY_KNOWS = "Nobody knows the first password of a new account."
_NO_WAY = (
    "The profile names no way in: issue a Temporary Access Pass, or have the person reset the"
    " password by self-service."
)

_FRAME = ("start", "last_day", "leavers", "way_in")
_SOURCES = ("column", "expression")
_VALUES = ("constant", "expression")
_TARGETED = (SET, CLEAR)
LONGEST, EARLIEST = 3650, 365
_MOST_STEPS = 50

Wrong: TypeAlias = list[str]


@dataclass(frozen=True, slots=True)
class Dated:
    """Where a date comes from: `kind` is column or expression; the account is made days before."""

    kind: str
    text: str
    days_before: int = 0

    def to_json(self) -> dict[str, Any]:
        """What read_lifecycle reads."""
        early = {"days_before": self.days_before} if self.days_before else {}
        return {self.kind: self.text, **early}


@dataclass(frozen=True, slots=True)
class Step:
    """What is done when; `target` is of set and clear, `kind` (constant, expression) of set."""

    after_days: int
    do: str
    target: str = ""
    kind: str = ""
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """What read_lifecycle reads."""
        said: dict[str, Any] = {"after_days": self.after_days, "do": self.do}
        if self.target:
            said["target"] = self.target
        return {**said, self.kind: self.text} if self.kind else said


AT_ONCE = (Step(0, DISABLE),)
"""The steps of a profile that says none."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a profile says of joiners and leavers; without `leavers` they are disabled at once."""

    start: Dated | None = None
    last_day: Dated | None = None
    leavers: tuple[Step, ...] = ()
    way_in: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps in the order in which they fall due."""
        return tuple(sorted(self.leavers or AT_ONCE, key=lambda step: step.after_days))

    def to_json(self) -> dict[str, Any]:
        """What read_lifecycle reads, without what is usual."""
        parts: dict[str, Any] = {
            "start": self.start.to_json() if self.start else None,
            "last_day": self.last_day.to_json() if self.last_day else None,
            "leavers": [step.to_json() for step in self.leavers],
            "way_in": self.way_in,
        }
        return {name: value for name, value in parts.items() if value}

    def expressions(self) -> Iterator[tuple[str, str]]:
        """The place and the text of each expression."""
        for name, dated in (("start", self.start), ("last_day", self.last_day)):
            if dated is not None and dated.kind == "expression":
                yield name, dated.text
        for number, step in enumerate(self.leavers, start=1):
            if step.kind == "expression":
                yield f"leavers step {number}", step.text


def way_in_sentence(way_in: str) -> str:
    """How people get into new accounts, for reports."""
    if way_in.startswith(OTHER):
        return f"{NOBODY_KNOWS} {way_in.removeprefix(OTHER).strip()}"
    return f"{NOBODY_KNOWS} {WAYS_IN.get(way_in, _NO_WAY)}"


def read_lifecycle(given: object, wrong: Wrong) -> Lifecycle | None:
    """The entry as a value; everything that is wrong with its shape is added to `wrong`."""
    if given is None or given == {}:
        return None
    if not isinstance(given, Mapping):
        wrong.append(f"is an object with {', '.join(_FRAME)}")
        return None
    wrong += _unknown(given, _FRAME, "")
    found = Lifecycle(
        _dated(given.get("start"), "start", wrong),
        _dated(given.get("last_day"), "last_day", wrong),
        _steps(given.get("leavers"), wrong),
        _way_in(given.get("way_in"), wrong),
    )
    wrong += _order_problems(found.leavers)
    return found


def _unknown(given: Mapping[Any, Any], known: Collection[str], place: str) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"{place}unknown entry {name!r}: {', '.join(known)} are known"


def _dated(given: object, name: str, wrong: Wrong) -> Dated | None:
    if given is None:
        return None
    early = ("days_before",) if name == "start" else ()
    kinds = [kind for kind in _SOURCES if isinstance(given, Mapping) and kind in given]
    if not isinstance(given, Mapping) or len(kinds) != 1:
        wrong.append(f"{name}: is an object with exactly one of column and expression")
        return None
    wrong += _unknown(given, (*_SOURCES, *early), f"{name}: ")
    text, days = given[kinds[0]], given.get("days_before", 0)
    if not isinstance(text, str) or not text.strip():
        wrong.append(f"{name}: {kinds[0]} must be text and not empty")
        return None
    if early and (type(days) is not int or not 0 <= days <= EARLIEST):
        wrong.append(f"{name}: days_before is a number from 0 to {EARLIEST}")
        return None
    return Dated(kinds[0], text.strip() if kinds[0] == "column" else text, days if early else 0)


def _steps(given: object, wrong: Wrong) -> tuple[Step, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or not given or len(given) > _MOST_STEPS:
        wrong.append(
            f"leavers is a list of 1 to {_MOST_STEPS} steps; leave it out to have leavers disabled"
            " at once"
        )
        return ()
    found = (_step(each, f"leavers step {at}: ", wrong) for at, each in enumerate(given, 1))
    return tuple(step for step in found if step is not None)


def _step(given: object, place: str, wrong: Wrong) -> Step | None:
    if not isinstance(given, Mapping):
        wrong.append(f"{place}is an object with after_days and do")
        return None
    do, days = given.get("do"), given.get("after_days", 0)
    if not isinstance(do, str) or do not in STEPS:
        wrong.append(f'{place}"do" is one of {", ".join(STEPS)}')
        return None
    before = len(wrong)
    if type(days) is not int or not 0 <= days <= LONGEST:
        wrong.append(f"{place}after_days is a number from 0 to {LONGEST}")
    known = ("after_days", "do", *(("target",) if do in _TARGETED else ()))
    known += _VALUES if do == SET else ()
    wrong += _unknown(given, known, place)
    target = given.get("target", "")
    if do in _TARGETED and (not isinstance(target, str) or not target.strip()):
        wrong.append(f"{place}{do} needs the target that it is about")
    kind, text = _value(given, place, wrong) if do == SET else ("", "")
    return Step(days, do, target.strip(), kind, text) if len(wrong) == before else None


def _value(given: Mapping[Any, Any], place: str, wrong: Wrong) -> tuple[str, str]:
    kinds = [kind for kind in _VALUES if kind in given]
    if len(kinds) != 1:
        wrong.append(f"{place}set needs exactly one of constant and expression")
        return "", ""
    text = given[kinds[0]]
    if isinstance(text, bool):
        text = "true" if text else "false"
    if not isinstance(text, str) or not text.strip():
        wrong.append(f"{place}{kinds[0]} must be text and not empty")
        return "", ""
    return kinds[0], text


def _way_in(given: object, wrong: Wrong) -> str:
    if given is None or given == "":
        return ""
    text = given.strip() if isinstance(given, str) else ""
    if text in WAYS_IN or (text.startswith(OTHER) and 0 < len(text[len(OTHER) :].strip()) <= 300):
        return text
    wrong.append(f'way_in is {", ".join(WAYS_IN)} or "{OTHER} " and a text of at most 300 letters')
    return ""


def _order_problems(steps: Sequence[Step]) -> Iterator[str]:
    days: dict[str, int] = {}
    for step in steps:
        if step.do not in _TARGETED:
            if step.do in days:
                yield f"leavers: {step.do} stands there twice"
            days.setdefault(step.do, step.after_days)
    if DELETE not in days:
        return
    if days[DELETE] < 1:
        yield "leavers: delete comes at least a day after somebody has left"
    if DISABLE not in days or days[DISABLE] > days[DELETE]:
        yield "leavers: delete needs a step before it that disables the account"
    late = [step.do for step in steps if step.after_days > days[DELETE]]
    if late:
        yield f"leavers: {late[0]} comes after the account was deleted"


class MappedRule(Protocol):
    """What is asked of a profile's rule."""

    @property
    def target(self) -> str:
        """Path of the attribute."""

    @property
    def once(self) -> bool:
        """Whether it applies only when an account is created."""

    @property
    def keep_when_empty(self) -> bool:
        """Whether an empty value leaves what the directory has."""


def lifecycle_problems(
    lifecycle: Lifecycle, rules: Sequence[MappedRule], targets: Targets
) -> Iterator[str]:
    """What is wrong with a lifecycle of this shape, beside the rules and for these targets."""
    set_by_step = {step.target: False for step in lifecycle.leavers if step.do == SET}
    known = set_by_step | {rule.target: rule.once for rule in rules}
    for number, step in enumerate(lifecycle.leavers, start=1):
        reason = _target_problem(step, known, targets) if step.target else ""
        if reason:
            yield f"leavers step {number}: {step.target} {reason}"
    for place, text in lifecycle.expressions():
        if reason := _unsteady(text):
            yield f"{place}: {reason}"
    if lifecycle.start and any(each.target == ACTIVE and each.keep_when_empty for each in rules):
        yield "start: active is left alone when empty, so that nobody would be enabled on that day"


def _target_problem(step: Step, once: Mapping[str, bool], targets: Targets) -> str:
    """Why a step may not write its target; `once`: whether a rule writes it at creation only."""
    attribute = targets.get(step.target)
    if attribute is None:
        return targets.unknown(step.target)
    if not attribute.mutable:
        return f"cannot be written. {attribute.note}"
    if step.target in _STAYS:
        return _STAYS[step.target]
    if once.get(step.target):
        return "is written only at creation, so that it could never come back"
    if step.do == CLEAR:
        return _clear_problem(attribute, once)
    try:
        acceptor(attribute)(step.text) if step.kind == "constant" else None
    except RejectedError as rejected:
        return rejected.explained(redacted=False)
    return ""


_STAYS = {
    USER_NAME: "stays as it is: it is what somebody signs in with who comes back",
    ACTIVE: "is not set or cleared: the step is disable",
}


def settable(targets: Targets) -> dict[str, str]:
    """Paths that a step may write, with their labels."""
    return {each.path: each.label for each in targets if each.mutable and each.path not in _STAYS}


def _clear_problem(attribute: Attribute, known: Collection[str]) -> str:
    if attribute.required:
        return "cannot be cleared, because every account needs it"
    if attribute.path not in known:
        return "is neither mapped nor set by a step, so that it is not touched"
    return ""


def _unsteady(text: str) -> str:
    """Why an expression cannot be used here, because its value differs each time; else ""."""
    try:
        compiled = compile_expression(text)
    except ParseError:
        return ""  # said elsewhere, with its place
    if compiled.volatile or compiled.clocked or compiled.alternatives:
        return (
            "gives another value each time (Now, Guid, RandomString, SelectUniqueValue) and would"
            f" be written on every run; the day somebody left is [{SINCE}]"
        )
    return ""
