"""From desired people and the shadow of the directory to operations; pure.

One person is at most one operation and one operation is one call, whatever changed (Entra takes
several attributes in one PATCH); only custom security attributes of a new account take another.
Nothing here touches an account this portal did not create.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioning.domain.attributes import ACTIVE, CATALOGUE, EXTERNAL_ID, MANAGER, USER_NAME
from provisioning.domain.leaving import deleted_name, deletion_of_leaver, missing
from provisioning.domain.manager_references import Managers
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
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key
from provisioning.domain.standing import Stage

__all__ = [
    "ACTIVE",
    "CALLS",
    "EXTERNAL_ID",
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
]

_NOT_OURS = "it was not created by this portal and is not touched."
_GUEST = "The account that matches is a guest; it is not touched."
_ON_PREMISES = "This account is synchronised from an on-premises directory; it is never written."


@dataclass(slots=True)
class _Run:
    """What earlier people of this plan get: accounts by pk and unique values by path.

    User names under `protection` are nobody's to get.
    """

    protection: Protection
    values: Mapping[str, dict[str, str]]
    adopted: dict[int, str] = field(default_factory=dict)

    def takes(self, path: str, value: str) -> bool:
        """Whether an earlier person gets this value, or nobody may."""
        if path == USER_NAME and self.protection.covers("", value):
            return True
        return value.casefold() in self.values[path]

    def take(self, change: Change) -> str:
        """Note the values of a change; gives the key of who gets its user name, itself or not."""
        holder = change.key
        for path, taken in self.values.items():
            value = change.after.get(path)
            if isinstance(value, str):
                first = taken.setdefault(value.casefold(), change.key)
                holder = first if path == USER_NAME else holder
        return holder


def plan(
    people: Iterable[Person],
    directory: Directory,
    *,
    mapped: frozenset[str],
    protection: Protection,
    absences: Absences | None,
    matching: Sequence[str] = (),
    creation_carries: bool = True,
) -> Iterator[Change]:
    """Every person's change, people of the source first, then those missing from it.

    `mapped` are the paths the profile writes: attributes outside it are never touched. Accounts
    that we did not create are found by the `matching` paths, in their order. Without `absences`
    nobody is missing: only some of the source were read. Whether a creation may name a manager,
    `creation_carries` says; who only waits for a manager that joins, too, comes after the others.
    """
    seen: set[str] = set()
    managers = Managers(directory, creation_carries=creation_carries)
    mapped = mapped - {MANAGER}
    run = _Run(protection, {path: {} for path in (USER_NAME, *directory.taken)})
    for person in people:
        folded = fold_key(person.key)
        seen.add(folded)
        account = directory.managed.get(folded)
        if account is None:
            change = _newcomer(person, directory, mapped, matching, run)
            change = _once(_unless_declined(change, directory), run)
        else:
            change = _move(person, account, directory, mapped)
        change = managers.referred(_elsewhere(change, directory), person.manager)
        yield from managers.noted(_guarded(_distinct(change, run), protection))
    yield from managers.waiting()
    if absences is not None:
        yield from _absent(seen, directory, absences, protection)


def _absent(
    seen: Container[str], directory: Directory, absences: Absences, protection: Protection
) -> Iterator[Change]:
    """Changes of those whom the source does not name, or whom the profile is not for."""
    for key, account in directory.managed.items():
        if key in seen or absences.passes_over(key):
            continue
        left = missing(account, absences)
        if left is not None:
            yield _guarded(_elsewhere(left, directory), protection)


def _newcomer(
    person: Person,
    directory: Directory,
    mapped: frozenset[str],
    matching: Sequence[str],
    run: _Run,
) -> Change:
    """Somebody whose account is not this source's: another one's, nobody's, or still to be made."""
    claim = directory.others.claim(person) if directory.others else None
    if claim is not None:
        return _claimed(claim, person, directory, mapped)
    return _join(person, directory, mapped, matching, run)


def _join(
    person: Person,
    directory: Directory,
    mapped: frozenset[str],
    matching: Sequence[str],
    run: _Run,
) -> Change:
    found = _matches(person, directory, matching)
    if found:
        return _adopt(person, found, directory, mapped)
    if _gets_none(person):
        early = person.standing.stage is Stage.EARLY
        return _change(Kind.INACTIVE, person, reason=person.standing.reason if early else "")
    # Where the profile proposes nothing, the account is to have no value.
    wanted = {path: each for path, each in person.choices.items() if each}
    free = {path: _free(path, each, directory, run) for path, each in wanted.items()}
    for path, left in free.items():
        if not left:
            return _change(Kind.LEAVE, person, reason=_exhausted(path, wanted[path]))
    if free:
        first = {path: left[0] for path, left in free.items()}
        person = replace(person, initial={**person.initial, **first})
    holder = directory.by_user_name.get(person.user_name().casefold())
    taken = deleted_name(person, directory) if holder is None else _taken(holder)
    if taken:
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


def _gets_none(person: Person) -> bool:
    """Whether nobody makes an account for the person today."""
    joining = person.standing.stage is Stage.JOINING
    return person.standing.waits or (person.values.get(ACTIVE, True) is False and not joining)


def _free(path: str, candidates: Sequence[str], directory: Directory, run: _Run) -> list[str]:
    """Values of a unique path that neither an account nor an earlier person of this run has."""
    return [
        each
        for each in dict.fromkeys(candidates)
        if not (directory.takes(path, each) or run.takes(path, each))
    ]


def _exhausted(path: str, candidates: Sequence[str]) -> str:
    attribute = CATALOGUE.get(path)
    label = attribute.label if attribute else path
    # The values themselves may be redacted, and nothing of this operation would tell which.
    tried = f"{len(candidates)} tried"
    return f"{label}: every value the profile proposes is taken ({tried}). Add another rule to it."


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


def _unless_declined(change: Change, directory: Directory) -> Change:
    """Nobody gets an account again whose deletion outside was accepted."""
    why = directory.declined.get(fold_key(change.key)) if change.kind is Kind.CREATE else None
    return _left(change, why) if why else change


def _claimed(claim: Claim, person: Person, directory: Directory, mapped: frozenset[str]) -> Change:
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
    change = _unless_taken(change, person, directory)
    return replace(change, withheld=change.kind is Kind.TRANSFER)


def _elsewhere(change: Change, directory: Directory) -> Change:
    """Who is in another source by now is not closed without an explicit yes."""
    closes = change.kind is Kind.DISABLE or change.kind is Kind.DELETE
    if not closes or directory.others is None or change.account is None:
        return change
    reason = directory.others.elsewhere(change.account)
    return replace(change, reason=reason, withheld=True) if reason else change


def _once(change: Change, run: _Run) -> Change:
    """Leave alone whoever matches an account that an earlier person of this run matches."""
    if change.kind not in (Kind.ADOPT, Kind.TRANSFER) or change.account is None:
        return change
    first = run.adopted.setdefault(change.account.pk, change.key)
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
    change = _change(kind, person, account=account, before=before, after=after, reason=reason)
    return _unless_taken(change, person, directory)


def _unless_taken(change: Change, person: Person, directory: Directory) -> Change:
    account = change.account
    holder = directory.by_user_name.get(person.user_name(account).casefold())
    if holder is not None and account is not None and holder.pk != account.pk:
        return _nameless(
            change, f"The new user name is taken by another account ({holder.user_name})."
        )
    return change


def _distinct(change: Change, run: _Run) -> Change:
    """Leave alone whoever would get a user name that an earlier person of this run gets."""
    if change.kind not in CALLS:
        return change
    first = run.take(change)
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
    return replace(change, before=before, after=after, reason=reason, digest="")


def _left(change: Change, reason: str) -> Change:
    return replace(
        change, kind=Kind.LEAVE, before={}, after={}, choices={}, reason=reason, withheld=False
    )


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
        digest=person.digest,
    )


def _shown(person: Person, account: Account | None) -> str:
    """The person's name for reports."""
    known = account.state if account else person.initial
    return str(person.values.get("displayName") or known.get("displayName") or person.key)
