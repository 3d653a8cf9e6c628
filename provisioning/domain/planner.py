"""From desired people and the shadow of the directory to operations; pure.

One person is at most one operation and one operation is one call, whatever changed (Entra takes
several attributes in one PATCH). Nothing here touches an account this portal did not create.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
    ADOPT = "adopt"
    LEAVE = "leave"
    UNCHANGED = "unchanged"
    INACTIVE = "inactive"


_NOT_OURS = "it was not created by this portal and is not touched."
_GUEST = "The account that matches is a guest; it is not touched."
_ON_PREMISES = "This account is synchronised from an on-premises directory; it is never written."

CALLS = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DISABLE, Kind.ENABLE, Kind.ADOPT})


@dataclass(frozen=True, slots=True)
class Person:
    """A mapped record: the state its account should have. `ignored` paths stay as they are.

    `initial` are values that only a new account gets.
    """

    key: str
    values: FlatState
    ignored: frozenset[str] = frozenset()
    initial: FlatState = field(default_factory=dict)

    def user_name(self, account: "Account | None" = None) -> str:
        """The name the account should have; one that is set only once stays as it is."""
        if USER_NAME in self.values:
            return str(self.values[USER_NAME])
        return account.user_name if account else str(self.initial[USER_NAME])


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
    guest: bool = False


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

    `strangers` are accounts we did not create that carry an externalId, by the folded one;
    `findable` all of those by matching path and folded value, several for one value included.
    """

    managed: Mapping[str, Account]
    by_user_name: Mapping[str, Account]
    strangers: Mapping[str, Account] = field(default_factory=dict)
    findable: Mapping[str, Mapping[str, Sequence[Account]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absences:
    """How people missing from the source are read: held keys are not missing.

    `doubtful` is the number of rows whose key could not be read: any of them may be someone who
    seems to be missing, so all disables by absence then wait for an explicit yes. `outside` are
    keys of people in the source whom the profile is not for.
    """

    held: Container[str] = frozenset()
    doubtful: int = 0
    outside: Container[str] = frozenset()


def plan(
    people: Iterable[Person],
    directory: Directory,
    *,
    mapped: frozenset[str],
    protection: Protection,
    absences: Absences | None,
    matching: Sequence[str] = (),
) -> Iterator[Change]:
    """Every person's change, people of the source first, then those missing from it.

    `mapped` are the paths the profile writes: attributes outside it are never touched. Accounts
    that we did not create are found by the `matching` paths, in their order. Without `absences`
    nobody is missing: only some of the source were read.
    """
    seen: set[str] = set()
    names: dict[str, str] = {}
    adopted: dict[int, str] = {}
    for person in people:
        folded = fold_key(person.key)
        seen.add(folded)
        account = directory.managed.get(folded)
        if account is None:
            change = _once(_join(person, directory, mapped, matching), adopted)
        else:
            change = _move(person, account, directory, mapped)
        yield _guarded(_distinct(change, names), protection)
    if absences is None:
        return
    for key, account in directory.managed.items():
        if key not in seen and account.active and key not in absences.held:
            yield _guarded(_leave(account, absences), protection)


def difference(
    values: FlatState, state: FlatState, mapped: frozenset[str], ignored: frozenset[str]
) -> dict[str, Value | None]:
    """Paths whose value must change to get from state to values; None removes a value."""
    changed: dict[str, Value | None] = {
        path: value for path, value in values.items() if state.get(path) != value
    }
    gone = mapped & state.keys() - values.keys() - ignored - NOT_REMOVABLE
    return changed | dict.fromkeys(sorted(gone))


def _join(
    person: Person, directory: Directory, mapped: frozenset[str], matching: Sequence[str]
) -> Change:
    user_name = person.user_name()
    found = _matches(person, directory, matching)
    if found:
        return _adopt(person, found, directory, mapped)
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
    after: dict[str, Value | None] = {**person.values, **person.initial, EXTERNAL_ID: person.key}
    after.setdefault(ACTIVE, True)
    return _change(Kind.CREATE, person, after=after)


def _matches(person: Person, directory: Directory, matching: Sequence[str]) -> Sequence[Account]:
    """Accounts found by the first matching attribute that finds any."""
    known = {**person.values, **person.initial, EXTERNAL_ID: person.key}
    for path in matching:
        value = known.get(path)
        found = directory.findable.get(path, {}).get(fold_key(str(value))) if value else None
        if found:
            return found
    return ()


def _adopt(
    person: Person, found: Sequence[Account], directory: Directory, mapped: frozenset[str]
) -> Change:
    """Take over an account that exists: always after an explicit yes, and never a pick."""
    account = found[0]
    if len(found) > 1:
        names = ", ".join(sorted(each.user_name for each in found)[:5])
        reason = f"{len(found)} accounts match this person ({names}); none of them is picked."
        return _change(Kind.LEAVE, person, account=account, reason=reason)
    if account.guest:
        return _change(Kind.LEAVE, person, account=account, reason=_GUEST)
    after = difference(person.values, account.state, mapped, person.ignored)
    after[EXTERNAL_ID] = person.key
    before = {path: account.state.get(path) for path in after}
    change = _change(Kind.ADOPT, person, account=account, before=before, after=after)
    change = _unless_taken(change, person, directory)
    return replace(change, withheld=change.kind is Kind.ADOPT)


def _once(change: Change, adopted: dict[int, str]) -> Change:
    """Leave alone whoever matches an account that an earlier person of this run matches."""
    if change.kind is not Kind.ADOPT or change.account is None:
        return change
    first = adopted.setdefault(change.account.pk, change.key)
    if first == change.key:
        return change
    return _left(change, f"The same account matches the person with key {first}.")


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
    return _unless_taken(change, person, directory)


def _unless_taken(change: Change, person: Person, directory: Directory) -> Change:
    account = change.account
    holder = directory.by_user_name.get(person.user_name(account).casefold())
    if holder is not None and account is not None and holder.pk != account.pk:
        return _nameless(
            change, f"The new user name is taken by another account ({holder.user_name})."
        )
    return change


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
        person=_shown(person, account),
        user_name=person.user_name(account),
        account=account,
        before=before or {},
        after=after or {},
        reason=reason,
    )


def _shown(person: Person, account: Account | None) -> str:
    """The person's name for reports."""
    known = account.state if account else person.initial
    return str(person.values.get("displayName") or known.get("displayName") or person.key)
