"""The order in which a job's operations are sent; pure.

Leavers go first: an account that should be closed is the one thing that must not wait. Members are
added before any is removed, so that nobody who moves between groups is without what both give.
"""

from provisioning.domain.groups import GroupAct
from provisioning.domain.plan_values import Kind

WAVES = 1_000_000
"""Room for waves in a phase: creations whose managers are created in the same job."""

_PEOPLE: tuple[Kind | GroupAct, ...] = (
    Kind.DISABLE,
    Kind.DELETE,
    Kind.ENABLE,
    Kind.ADOPT,
    Kind.TRANSFER,
    Kind.UPDATE,
    Kind.CREATE,
)
_GROUPS: tuple[Kind | GroupAct, ...] = (
    GroupAct.ADOPT,
    GroupAct.CREATE,
    GroupAct.CHANGE,
    GroupAct.ADD,
    GroupAct.REMOVE,
    GroupAct.DELETE,
)
_PHASES: dict[Kind | GroupAct, int] = {
    each: number * WAVES for number, each in enumerate((*_PEOPLE, *_GROUPS), start=1)
}

ADDING = _PHASES[GroupAct.ADD]
"""The phase of additions: those after it wait until none of it is left."""


def phase_of(each: Kind | GroupAct, wave: int = 0) -> int:
    """The phase of a kind of operation; whatever is not sent has none (0)."""
    return _PHASES.get(each, 0) + wave
