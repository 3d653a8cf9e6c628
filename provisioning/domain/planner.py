"""From desired people and the shadow of the directory to operations; pure.

One person is at most one operation and one operation is one call, whatever changed (Entra takes
several attributes in one PATCH). Nothing here touches an account this portal did not create.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

Value = str | bool
FlatState = Mapping[str, Value]

EXTERNAL_ID = "externalId"
USER_NAME = "userName"
ACTIVE = "active"
# Entra refuses to remove these by PATCH; an empty value leaves them as they are.
NOT_REMOVABLE = frozenset(
    {"urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname", ACTIVE}
)


class Kind(StrEnum):
    """What is to happen to one person's account."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    ENABLE = "enable"
    LEAVE = "leave"
    UNCHANGED = "unchanged"
    INACTIVE = "inactive"


_NOT_OURS = "it was not created by this portal and is not touched."
_ON_PREMISES = "This account is synchronised from an on-premises directory; it is never written."

CALLS = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DISABLE, Kind.ENABLE})


@dataclass(frozen=True, slots=True)
class Person:
    """A mapped record: the state its account should have. `ignored` paths stay as they are."""

    key: str
    values: FlatState
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the shadow knows it; `key` (folded) is empty when we did not create it."""

    pk: int
    entra_id: str
    key: str
    user_name: str
    active: bool
    state: FlatState
    revision: int = 1
    on_premises: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One person's operation with before and after (path to value, None: no value)."""

    kind: Kind
    key: str
    person: str
    user_name: str
    account: Account | None = None
    before: Mapping[str, Value | None] = field(default_factory=dict)
    after: Mapping[str, Value | None] = field(default_factory=dict)
    reason: str = ""
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """The shadow of one tenant, by folded key (ours) and by folded user name (everyone).

    `strangers` are accounts we did not create that carry an externalId, by the folded one.
    """

    managed: Mapping[str, Account]
    by_user_name: Mapping[str, Account]
    strangers: Mapping[str, Account] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absences:
    """How people missing from the source are read: held keys are not missing.

    `doubtful` is the number of rows whose key could not be read: any of them may be someone who
    seems to be missing, so all disables by absence then wait for an explicit yes.
    """

    held: Container[str] = frozenset()
    doubtful: int = 0


def plan(
    people: Iterable[Person],
    directory: Directory,
    *,
    mapped: frozenset[str],
    protection: Protection,
    absences: Absences,
) -> Iterator[Change]:
    """Every person's change, people of the source first, then those missing from it.

    `mapped` are the paths the profile writes: attributes outside it are never touched.
    """
    seen: set[str] = set()
    names: dict[str, str] = {}
    for person in people:
        folded = fold_key(person.key)
        seen.add(folded)
        account = directory.managed.get(folded)
        if account is None:
            change = _join(person, directory)
        else:
            change = _move(person, account, directory, mapped)
        yield _guarded(_distinct(change, names), protection)
    for key, account in directory.managed.items():
        if key not in seen and account.active and key not in absences.held:
            yield _guarded(_leave(account, absences.doubtful), protection)


def difference(
    values: FlatState, state: FlatState, mapped: frozenset[str], ignored: frozenset[str]
) -> dict[str, Value | None]:
    """Paths whose value must change to get from state to values; None removes a value."""
    changed: dict[str, Value | None] = {
        path: value for path, value in values.items() if state.get(path) != value
    }
    gone = mapped & state.keys() - values.keys() - ignored - NOT_REMOVABLE
    return changed | dict.fromkeys(sorted(gone))


def _join(person: Person, directory: Directory) -> Change:
    user_name = str(person.values[USER_NAME])
    if person.values.get(ACTIVE, True) is False:
        return _change(Kind.INACTIVE, person)
    holder = directory.by_user_name.get(user_name.casefold())
    if holder is not None:
        return _change(Kind.LEAVE, person, account=holder, reason=_taken(holder))
    same_key = directory.strangers.get(fold_key(person.key))
    if same_key is not None:
        # Entra would create a second account with this externalId, and nobody could tell which.
        reason = f"An account with this key exists already ({same_key.user_name}); {_NOT_OURS}"
        return _change(Kind.LEAVE, person, account=same_key, reason=reason)
    after: dict[str, Value | None] = {**person.values, EXTERNAL_ID: person.key}
    after.setdefault(ACTIVE, True)
    return _change(Kind.CREATE, person, after=after)


def _taken(holder: Account) -> str:
    if holder.key:
        return "The user name belongs to the account of another person of this source."
    if holder.on_premises:
        return _ON_PREMISES
    return f"This account exists already; {_NOT_OURS}"


def _move(person: Person, account: Account, directory: Directory, mapped: frozenset[str]) -> Change:
    after = difference(person.values, account.state, mapped, person.ignored)
    if not after:
        return _change(Kind.UNCHANGED, person, account=account)
    before = {path: account.state.get(path) for path in after}
    kind = Kind.UPDATE
    if ACTIVE in after:
        kind = Kind.ENABLE if after[ACTIVE] else Kind.DISABLE
    change = _change(kind, person, account=account, before=before, after=after)
    holder = directory.by_user_name.get(str(person.values[USER_NAME]).casefold())
    if holder is not None and holder.pk != account.pk:
        return _nameless(
            change, f"The new user name is taken by another account ({holder.user_name})."
        )
    return change


def _leave(account: Account, doubtful: int) -> Change:
    reason = "No longer in the source."
    if doubtful:
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


def _distinct(change: Change, names: dict[str, str]) -> Change:
    """Leave alone whoever would get a user name that an earlier person of this run gets."""
    if change.kind not in CALLS or USER_NAME not in change.after:
        return change
    folded = change.user_name.casefold()
    first = names.setdefault(folded, change.key)
    if first == change.key:
        return change
    return _nameless(change, f"The same user name is mapped for the person with key {first}.")


def _nameless(change: Change, reason: str) -> Change:
    """What is left of a change whose user name is taken: a disable without it, or nothing."""
    if change.kind is not Kind.DISABLE:
        return _left(change, reason)
    # A name that clashes must not keep the account of someone who has left open.
    before = {path: value for path, value in change.before.items() if path != USER_NAME}
    after = {path: value for path, value in change.after.items() if path != USER_NAME}
    return replace(change, before=before, after=after, reason=reason)


def _left(change: Change, reason: str) -> Change:
    return replace(change, kind=Kind.LEAVE, before={}, after={}, reason=reason, withheld=False)


def _guarded(change: Change, protection: Protection) -> Change:
    """Leave alone protected accounts and those an on-premises directory owns."""
    if change.kind not in CALLS:
        return change
    entra_id = change.account.entra_id if change.account else ""
    old_name = change.account.user_name if change.account else ""
    entry = protection.covers(entra_id, change.user_name) or protection.covers("", old_name)
    if entry is not None:
        reason = f"Protected by the entry {entry!r} of this tenant's list."
    elif change.account is not None and change.account.on_premises:
        reason = _ON_PREMISES
    else:
        return change
    return _left(change, reason)


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
        person=str(person.values.get("displayName", person.key)),
        user_name=str(person.values[USER_NAME]),
        account=account,
        before=before or {},
        after=after or {},
        reason=reason,
    )
