"""From desired people and the shadow of the directory to operations; pure.

One person is at most one operation and one operation is one call, whatever changed (Entra takes
several attributes in one PATCH); only custom security attributes of a new account take another.
Nothing here touches an account this portal did not create.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER, USER_NAME
from provisioning.domain.domains import KnownDomains
from provisioning.domain.manager_references import Managers
from provisioning.domain.naming import ON_PREMISES, Names, exhausted, left_alone, taken_by, without
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
)
from provisioning.domain.protection import PRIVILEGED, Protection, why_protected
from provisioning.domain.records import fold_key

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
    guests: bool = False,
    creation_carries: bool = True,
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
            change = names.once(_join(person, directory, mapped, matching, names))
        else:
            change = _move(person, account, mapped)
        change = managers.referred(change, person.manager)
        change = names.distinct(_in_domain(change, directory.domains))
        for settled in names.settle(_guarded(change, protection, guests)):
            yield from managers.noted(settled)
    for decided in names.decided():
        yield from managers.noted(decided)
    yield from managers.waiting(names.needed)
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
        if account.active:
            yield _guarded(_leave(account, absences), protection, guests)
        elif absences.retention and key in absences.outside and absences.retention.is_over(account):
            yield _guarded(_delete(account, absences.retention), protection, guests)


def difference(
    values: FlatState, state: FlatState, mapped: frozenset[str], ignored: frozenset[str]
) -> dict[str, Value | None]:
    """Paths whose value must change to get from state to values; None removes a value."""
    changed: dict[str, Value | None] = {
        path: value
        for path, value in values.items()
        if (known := state.get(path)) != value and not _same_values(known, value)
    }
    gone = mapped & state.keys() - values.keys() - ignored - NOT_REMOVABLE
    return changed | dict.fromkeys(sorted(gone))


def _same_values(one: Value | None, other: Value) -> bool:
    """Whether two lists hold the same; their order means nothing in a directory."""
    if not (isinstance(one, list | tuple) and isinstance(other, list | tuple)):
        return False
    return sorted(map(repr, one)) == sorted(map(repr, other))


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
    if person.values.get(ACTIVE, True) is False:
        return _change(Kind.INACTIVE, person)
    # Where the profile proposes nothing, the account is to have no value.
    wanted = {path: each for path, each in person.choices.items() if each}
    free = {path: names.free(path, each) for path, each in wanted.items()}
    for path, left in free.items():
        if not left:
            return _change(Kind.LEAVE, person, reason=exhausted(path, wanted[path]))
    if free:
        first = {path: left[0] for path, left in free.items()}
        person = replace(person, initial={**person.initial, **first})
    holder = directory.by_user_name.get(person.user_name().casefold())
    if holder is not None and not holder.key:
        return _change(Kind.LEAVE, person, account=holder, reason=taken_by(holder))
    same_key = directory.strangers.get(fold_key(person.key))
    if same_key is not None:
        # Entra would create a second account with this externalId, and nobody could tell which.
        reason = f"An account with this key exists already ({same_key.user_name}); {_NOT_OURS}"
        return _change(Kind.LEAVE, person, account=same_key, reason=reason)
    after: dict[str, Value | None] = {**person.values, **person.initial, EXTERNAL_ID: person.key}
    after.setdefault(ACTIVE, True)
    rest = {path: left[1:] for path, left in free.items()}
    return replace(_change(Kind.CREATE, person, after=after), choices=rest)


def _matches(person: Person, directory: Directory, matching: Sequence[str]) -> Sequence[Account]:
    """Accounts found by the first matching attribute that finds any."""
    known = {**person.values, **person.initial, EXTERNAL_ID: person.key}
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


def _move(person: Person, account: Account, mapped: frozenset[str]) -> Change:
    after = difference(person.values, account.state, mapped, person.ignored)
    if not after:
        return _change(Kind.UNCHANGED, person, account=account)
    before = {path: account.state.get(path) for path in after}
    kind = Kind.UPDATE
    if ACTIVE in after:
        kind = Kind.ENABLE if after[ACTIVE] else Kind.DISABLE
    return _change(kind, person, account=account, before=before, after=after)


def _leave(account: Account, absences: Absences) -> Change:
    reason, doubtful = "No longer in the source.", absences.doubtful
    if account.key in absences.outside:
        reason, doubtful = "No longer in the profile's scope.", 0
    elif doubtful:
        rows = "1 row" if doubtful == 1 else f"{doubtful} rows"
        reason = f"Not found in the source, but the key of {rows} could not be read."
    return Change(
        Kind.DISABLE,
        key=str(account.state.get(EXTERNAL_ID, account.key)),
        person=str(account.state.get("displayName", account.user_name)),
        user_name=account.user_name,
        account=account,
        before={ACTIVE: True},
        after={ACTIVE: False},
        reason=reason,
        withheld=bool(doubtful),
    )


def _delete(account: Account, retention: Retention) -> Change:
    """Always after an explicit yes: nothing can be restored through SCIM."""
    since = f"{account.outside_since:%Y-%m-%d}" if account.outside_since else "long"
    return Change(
        Kind.DELETE,
        key=str(account.state.get(EXTERNAL_ID, account.key)),
        person=str(account.state.get("displayName", account.user_name)),
        user_name=account.user_name,
        account=account,
        reason=f"Outside the profile's scope since {since}, more than {retention.days} days.",
        withheld=True,
    )


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


def why_untouched(account: Account, *, guests: bool) -> str:
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
