"""From desired people and the shadow of the directory to operations; pure.

One person is at most one operation and one operation is one call, whatever changed (Entra takes
several attributes in one PATCH); only what a creation cannot carry takes another.
Nothing here touches an account this portal did not create.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER, USER_NAME
from provisioning.domain.closing import unless_elsewhere
from provisioning.domain.domains import KnownDomains
from provisioning.domain.leaving import deleted_name, deletion_of_leaver, missing
from provisioning.domain.manager_references import Managers
from provisioning.domain.naming import ON_PREMISES, Names, exhausted, left_alone, taken_by, without
from provisioning.domain.ownership import Claim
from provisioning.domain.plan_values import (
    CALLS,
    NOT_REMOVABLE,
    Absences,
    Account,
    Change,
    Directory,
    FlatState,
    Kind,
    Person,
    Retention,
    Value,
    difference,
)
from provisioning.domain.protection import PRIVILEGED, Protection, why_protected
from provisioning.domain.records import fold_key
from provisioning.domain.standing import Stage

__all__ = [
    "ACTIVE",
    "CALLS",
    "EXTERNAL_ID",
    "GUEST",
    "NOT_REMOVABLE",
    "USER_NAME",
    "Absences",
    "Account",
    "Change",
    "Directory",
    "FlatState",
    "Kind",
    "Person",
    "Retention",
    "Value",
    "difference",
    "plan",
    "why_untouched",
]


class _Traits(Protocol):
    """What decides whether an account is written: of the plan's account, or of its shadow row."""

    @property
    def on_premises(self) -> bool: ...
    @property
    def guest(self) -> bool: ...
    @property
    def possibly_privileged(self) -> datetime | None: ...


_NOT_OURS = "it was not created by this portal and is not touched."
GUEST = "The account is a guest's, and the profile is not for guests; it is not touched."


def plan(
    people: Iterable[Person],
    directory: Directory,
    *,
    mapped: frozenset[str],
    protection: Protection,
    absences: Absences | None,
    matching: Sequence[str] = (),
    creation_carries: bool = True,
    guests: bool = False,
) -> Iterator[Change]:
    """Every person's change, people of the source first, then those missing from it.

    `mapped` are the paths the profile writes: attributes outside it are never touched. Accounts
    that we did not create are found by the `matching` paths, in their order. Without `absences`
    nobody is missing: only some of the source were read. Guests are written with `guests` only.
    Whether a creation may name a manager, `creation_carries` says. Who waits for a name that is
    given up, or for a manager that joins, comes after the others.
    """
    seen: set[str] = set()
    managers = Managers(directory, creation_carries=creation_carries)
    mapped = mapped - {MANAGER}
    names = Names(directory, protection)
    for person in people:
        folded = fold_key(person.key)
        seen.add(folded)
        account = directory.managed.get(folded)
        if account is None:
            change = _newcomer(person, directory, mapped, matching, names)
            change = names.once(_unless_declined(change, directory))
        else:
            change = _move(person, account, mapped)
        change = managers.referred(unless_elsewhere(change, directory), person.manager)
        change = names.distinct(_in_domain(change, directory.domains))
        for settled in names.settle(_guarded(change, protection, guests)):
            yield from managers.noted(settled)
    for decided in names.decided():
        yield from managers.noted(decided)
    for waited in managers.waiting(names.needed):
        yield _guarded(waited, protection, guests)  # the manager may be its only change
    if absences is not None:
        yield from _absent(seen, directory, absences, protection, guests)


def _absent(
    seen: Container[str],
    directory: Directory,
    absences: Absences,
    protection: Protection,
    guests: bool,
) -> Iterator[Change]:
    """Changes of those whom the source does not name, or whom the profile is not for."""
    for key, account in directory.managed.items():
        if key in seen or absences.passes_over(key):
            continue
        left = missing(account, absences)
        if left is not None:
            yield _guarded(unless_elsewhere(left, directory), protection, guests)


def _newcomer(
    person: Person,
    directory: Directory,
    mapped: frozenset[str],
    matching: Sequence[str],
    names: Names,
) -> Change:
    """Somebody whose account is not this source's: another one's, nobody's, or still to be made."""
    claim = directory.others.claim(person) if directory.others else None
    if claim is not None:
        return _claimed(claim, person, mapped)
    return _join(person, directory, mapped, matching, names)


def _join(
    person: Person,
    directory: Directory,
    mapped: frozenset[str],
    matching: Sequence[str],
    names: Names,
) -> Change:
    found = _matches(person, directory, matching)
    if found:
        return _adopt(person, found, mapped)
    if _gets_none(person):
        early = person.standing.stage is Stage.EARLY
        return _change(Kind.INACTIVE, person, reason=person.standing.reason if early else "")
    # Where the profile proposes nothing, the account is to have no value.
    wanted = {path: each for path, each in person.choices.items() if each}
    free = {path: names.free(path, each) for path, each in wanted.items()}
    for path, left in free.items():
        if not left:
            kept = deleted_name(person, directory) if path == USER_NAME else ""
            return _change(Kind.LEAVE, person, reason=kept or exhausted(path, wanted[path]))
    if free:
        first = {path: left[0] for path, left in free.items()}
        person = replace(person, initial={**person.initial, **first})
    holder = directory.by_user_name.get(person.user_name().casefold())
    if taken := _name_is_taken(holder, person, directory):
        return _change(Kind.LEAVE, person, account=holder, reason=taken)
    same_key = directory.strangers.get(fold_key(person.key))
    if same_key is not None:
        # Entra would create a second account with this externalId, and nobody could tell which.
        reason = f"An account with this key exists already ({same_key.user_name}); {_NOT_OURS}"
        return _change(Kind.LEAVE, person, account=same_key, reason=reason)
    after: dict[str, Value | None] = {**person.values, **person.initial, EXTERNAL_ID: person.key}
    after.setdefault(ACTIVE, True)
    rest = {path: left[1:] for path, left in free.items()}
    change = _change(Kind.CREATE, person, after=after, reason=person.standing.reason)
    return replace(change, choices=rest)


def _name_is_taken(holder: Account | None, person: Person, directory: Directory) -> str:
    """Why the user name cannot be had, "" if it can; what ours give up is decided at the end."""
    if holder is None:
        return deleted_name(person, directory)
    return "" if holder.key else taken_by(holder)


def _gets_none(person: Person) -> bool:
    """Whether nobody makes an account for the person today."""
    joining = person.standing.stage is Stage.JOINING
    return person.standing.waits or (person.values.get(ACTIVE, True) is False and not joining)


def _matches(person: Person, directory: Directory, matching: Sequence[str]) -> Sequence[Account]:
    """Accounts found by the first matching attribute that finds any."""
    known = {**person.values, **person.initial, EXTERNAL_ID: person.key}
    if person.standing.stage is Stage.EARLY:
        return ()  # whatever exists stays as it is until the account would be made
    for path in matching:
        value = known.get(path)
        found = directory.findable.get(path, {}).get(fold_key(str(value))) if value else None
        if found:
            return found
    return ()


def _adopt(person: Person, found: Sequence[Account], mapped: frozenset[str]) -> Change:
    """Take over an account that exists: always after an explicit yes, and never a pick."""
    account = found[0]
    if len(found) > 1:
        names = ", ".join(sorted(each.user_name for each in found)[:5])
        reason = f"{len(found)} accounts match this person ({names}); none of them is picked."
        return _change(Kind.LEAVE, person, account=account, reason=reason)
    after = difference(person.values, account.state, mapped, person.ignored)
    after[EXTERNAL_ID] = person.key
    before = {path: account.state.get(path) for path in after}
    change = _change(Kind.ADOPT, person, account=account, before=before, after=after)
    return replace(change, withheld=True)


def _claimed(claim: Claim, person: Person, mapped: frozenset[str]) -> Change:
    """An account of another source: taken over after an explicit yes, or left alone."""
    account = claim.account
    if not claim.moves:
        return _change(Kind.LEAVE, person, account=account, reason=claim.reason)
    after = difference(person.values, account.state, mapped, person.ignored)
    if account.state.get(EXTERNAL_ID) != person.key:
        after[EXTERNAL_ID] = person.key
    before = {path: account.state.get(path) for path in after}
    change = _change(
        Kind.TRANSFER, person, account=account, before=before, after=after, reason=claim.reason
    )
    return replace(change, withheld=True)


def _unless_declined(change: Change, directory: Directory) -> Change:
    """Nobody gets an account again whose deletion outside was accepted."""
    why = directory.declined.get(fold_key(change.key)) if change.kind is Kind.CREATE else None
    return left_alone(change, why) if why else change


def _move(person: Person, account: Account, mapped: frozenset[str]) -> Change:
    deletion = deletion_of_leaver(person, account)
    if deletion is not None:
        return deletion
    after = difference(person.values, account.state, mapped, person.ignored)
    if not after:
        return _change(Kind.UNCHANGED, person, account=account)
    before = {path: account.state.get(path) for path in after}
    kind = Kind.UPDATE
    if ACTIVE in after:
        kind = Kind.ENABLE if after[ACTIVE] else Kind.DISABLE
    reason = person.standing.reason if kind is Kind.DISABLE else ""
    return _change(kind, person, account=account, before=before, after=after, reason=reason)


def _in_domain(change: Change, domains: KnownDomains) -> Change:
    """Leave alone whose user name is in no domain of the tenant; say so where that is not sure."""
    name = change.after.get(USER_NAME) if change.kind in CALLS else None
    if not isinstance(name, str):
        return change
    if refusal := domains.refusal(name):
        return without(change, USER_NAME, refusal)
    warning = domains.warning(name)
    return replace(change, reason=change.reason or warning) if warning else change


def _guarded(change: Change, protection: Protection, guests: bool) -> Change:
    """Leave alone protected accounts, those of others' making, and guests unless they are meant."""
    if change.kind not in CALLS:
        return change
    account = change.account
    entra_id = account.entra_id if account else ""
    old_name = account.user_name if account else ""
    entry = protection.covers(entra_id, change.user_name) or protection.covers("", old_name)
    if entry is not None:
        return left_alone(change, why_protected(entry))
    if account is None:
        return change
    reason = why_untouched(account, guests=guests)
    return left_alone(change, reason) if reason else change


def why_untouched(account: _Traits, *, guests: bool) -> str:
    """Why an account is never written, whatever the source says; "" when it may be."""
    if account.on_premises:
        return ON_PREMISES
    if account.guest and not guests:
        return GUEST
    return PRIVILEGED if account.possibly_privileged else ""


def _change(
    kind: Kind,
    person: Person,
    *,
    account: Account | None = None,
    before: Mapping[str, Value | None] | None = None,
    after: Mapping[str, Value | None] | None = None,
    reason: str = "",
) -> Change:
    return Change(
        kind,
        key=person.key,
        person=_shown(person, account),
        user_name=person.user_name(account),
        account=account,
        before=before or {},
        after=after or {},
        reason=reason,
        digest=person.digest,
    )


def _shown(person: Person, account: Account | None) -> str:
    """The person's name for reports."""
    known = account.state if account else person.initial
    return str(person.values.get("displayName") or known.get("displayName") or person.key)
