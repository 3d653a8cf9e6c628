"""Managers by source key: who gets whom, when, and in how few calls; pure.

What it decides:

- A manager is set by reference, so the manager's account must exist first. Where a creation may
  carry the manager (unknown of Entra, so a switch), accounts are created managers first, in waves:
  nobody waits for somebody of the same or a later wave, and each saves the call of a later update.
- People who manage each other in a circle cannot all be created after their manager: one of each
  circle gets theirs by a later update, the one whose account is changed after its creation anyway,
  if there is one. Who is their own manager is a circle of one.
- A manager that changes joins the update that a person gets anyway; otherwise it is one call.
- An unknown manager is reported, and what the directory has is left: comparing again at the next
  plan sets it as soon as the manager has an account. Who has no manager loses the one they have.

All creations come before all updates. Linear time, no recursion: chains may be as long as they are.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioning.domain.records import fold_key


@dataclass(frozen=True, slots=True)
class Report:
    """A person of the source and the key of their manager ("" for none).

    `current` is the id of the manager that the directory has; `changes`: the person's account gets
    an update in this job anyway (a coming one: after its creation, as custom attributes need).
    """

    key: str
    manager: str = ""
    current: str = ""
    changes: bool = False


class Way(StrEnum):
    """How a manager gets into the directory."""

    CREATION = "creation"
    WITH_UPDATE = "with_update"
    OWN_UPDATE = "own_update"


@dataclass(frozen=True, slots=True)
class Reference:
    """One manager to set: by id, or by the key of a manager whose account this job creates.

    With neither, the manager is removed. `waits_for` is that key, "" when nobody is waited for; if
    its creation fails, the person is written without a manager and compared again at the next plan.
    """

    key: str
    way: Way
    manager: str = ""
    waits_for: str = ""

    @property
    def calls(self) -> int:
        """Calls beside the creations and updates that happen anyway."""
        return 1 if self.way is Way.OWN_UPDATE else 0


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A person whose manager has no account, with the reason for the report."""

    key: str
    manager: str
    reason: str


@dataclass(frozen=True, slots=True)
class ManagerPlan:
    """Coming people in waves, in which their accounts are to be created; then the references."""

    waves: tuple[tuple[str, ...], ...]
    references: tuple[Reference, ...]
    unresolved: tuple[Unresolved, ...]

    @property
    def calls(self) -> int:
        """Calls beside the creations and updates that happen anyway."""
        return sum(each.calls for each in self.references)


def plan_managers(
    people: Iterable[Report],
    accounts: Mapping[str, str],
    coming: Container[str],
    *,
    creation_carries: bool,
) -> ManagerPlan:
    """`accounts`: ids by folded key; `coming`: folded keys whose accounts this job creates.

    People are named once each; one with neither an account nor a creation has no say. Accounts that
    are never written (protected, on-premises) are left out of `people`, and may still be managers.
    """
    everyone = {fold_key(each.key): each for each in people}
    joining = {key: each for key, each in everyone.items() if key in coming}
    bosses = {key: fold_key(each.manager) for key, each in joining.items()}
    # Who waits for whom; nobody waits if creations carry no manager.
    waits = {key: boss for key, boss in bosses.items() if boss in joining and creation_carries}
    changing = {key for key, each in joining.items() if each.changes}
    for key in list(_broken(waits, changing)):
        del waits[key]
    references: list[Reference] = []
    unresolved: list[Unresolved] = []
    for key, each in everyone.items():
        if key not in joining and key not in accounts:
            continue
        boss = fold_key(each.manager)
        if boss and boss not in joining and boss not in accounts:
            unresolved.append(_unresolved(each))
            continue
        carried = creation_carries and key in joining and (key in waits or boss not in joining)
        reference = _reference(each, boss, accounts, joining, carried=carried)
        if reference is not None:
            references.append(reference)
    return ManagerPlan(_waves(joining, waits), tuple(references), tuple(unresolved))


def without_account(manager: str) -> str:
    """What is said of somebody whose manager, with this key, has no account."""
    return (
        f"The manager with key {manager.strip()} has no account yet. Nothing is changed; it is set"
        " as soon as there is one."
    )


def _unresolved(person: Report) -> Unresolved:
    return Unresolved(person.key, person.manager.strip(), without_account(person.manager))


def _reference(
    person: Report,
    boss: str,
    accounts: Mapping[str, str],
    joining: Container[str],
    *,
    carried: bool,
) -> Reference | None:
    """What is to be done about a manager that is known, or about none; None for nothing."""
    new = boss in joining
    wanted = "" if new else accounts.get(boss, "")
    if not new and wanted == person.current:
        return None
    way = Way.CREATION if carried else Way.WITH_UPDATE if person.changes else Way.OWN_UPDATE
    return Reference(person.key, way, wanted, boss if new else "")


def _broken(waits: Mapping[str, str], preferred: Container[str]) -> Iterator[str]:
    """One person of each circle: a preferred one, otherwise the first met."""
    walk_of: dict[str, str] = {}
    for start in list(waits):
        key = start
        while key in waits and key not in walk_of:
            walk_of[key] = start
            key = waits[key]
        if walk_of.get(key) == start and key in waits:
            circle = _circle(key, waits)
            yield next((each for each in circle if each in preferred), circle[0])


def _circle(start: str, waits: Mapping[str, str]) -> list[str]:
    found = [start]
    while (key := waits[found[-1]]) != start:
        found.append(key)
    return found


def _waves(joining: Iterable[str], waits: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Everybody after the one they wait for, as early as that allows, in the source's order."""
    depth: dict[str, int] = {}
    waves: list[list[str]] = []
    for key in joining:
        chain = [key]
        while chain[-1] in waits and chain[-1] not in depth:
            chain.append(waits[chain[-1]])
        level = depth.setdefault(chain.pop(), 0)
        for each in reversed(chain):
            level += 1
            depth[each] = level
    for key in joining:
        while len(waves) <= depth[key]:
            waves.append([])
        waves[depth[key]].append(key)
    return tuple(tuple(wave) for wave in waves)
