"""The inverse of what a job did, as far as there is one; pure.

Taken back is only what the job itself wrote and what is still there: a value that somebody has
changed since is left as it is, and the plan says so. What a kind of operation is undone by is one
function in INVERSES; membership of a group fits in as an entry for adding and one for removing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from provisioning.domain.attributes import ACTIVE, CATALOGUE, EXTERNAL_ID, REQUIRED, USER_NAME
from provisioning.domain.plan_values import (
    CALLS,
    NOT_REMOVABLE,
    Account,
    Change,
    Directory,
    Kind,
    Value,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

Values = Mapping[str, Value | None]

_REASON = 300
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Done:
    """An operation that was carried out, and its account by now (None: it is not there)."""

    kind: Kind
    key: str
    person: str
    user_name: str
    before: Values
    after: Values
    account: Account | None


@dataclass(frozen=True, slots=True)
class Undoing:
    """What an undo has to respect; `deletes`: accounts that were created go, after a yes each."""

    directory: Directory
    protection: Protection
    deletes: bool = False


def undo(done: Done, undoing: Undoing) -> Change:
    """The inverse of one operation: a change, or LEAVE or UNCHANGED with the reason."""
    account = done.account
    if account is None:
        return _left(done, "The account is not there any more.")
    if done.kind is not Kind.RELEASE and account.key != fold_key(done.key):
        return _left(done, "The portal does not manage the account for this person any more.")
    inverse = INVERSES.get(done.kind)
    if inverse is None:
        return _left(done, _NO_INVERSE.get(done.kind, "There is no way to take this back."))
    return _guarded(inverse(done, account, undoing), account, undoing.protection)


def _undo_creation(done: Done, account: Account, undoing: Undoing) -> Change:
    if undoing.deletes:
        reason = "Created by the job that is undone. A deletion cannot be taken back."
        return replace(_change(done, Kind.DELETE, {}, account), reason=reason, withheld=True)
    if not account.active:
        return _left(done, "The account that was created is disabled already.", Kind.UNCHANGED)
    return _change(done, Kind.DISABLE, {ACTIVE: False}, account)


def _undo_change(done: Done, account: Account, undoing: Undoing) -> Change:
    """Back to the former values, closing and opening the account included."""
    after, notes = _former(done, account, undoing.directory)
    kind = Kind.UPDATE
    if ACTIVE in after:
        kind = Kind.ENABLE if after[ACTIVE] else Kind.DISABLE
    if not after:
        reason = notes or "Everything is as it was before."
        return _left(done, reason, Kind.LEAVE if notes else Kind.UNCHANGED)
    return replace(_change(done, kind, after, account), reason=notes)


def _undo_adoption(done: Done, account: Account, undoing: Undoing) -> Change:
    """The former values, and the account is not managed any more; the account itself stays."""
    after, notes = _former(done, account, undoing.directory)
    after.setdefault(EXTERNAL_ID, done.before.get(EXTERNAL_ID))
    note = " ".join(filter(None, ("Not managed by this portal any more.", notes)))
    return replace(_change(done, Kind.RELEASE, after, account), reason=note[:_REASON])


Inverse = Callable[[Done, Account, Undoing], Change]

INVERSES: Mapping[Kind, Inverse] = {
    Kind.CREATE: _undo_creation,
    Kind.UPDATE: _undo_change,
    Kind.ENABLE: _undo_change,
    Kind.DISABLE: _undo_change,
    Kind.ADOPT: _undo_adoption,
}
"""By what a job did: the function that plans its inverse."""

_NO_INVERSE = {
    Kind.DELETE: "A deletion cannot be taken back through SCIM. Within 30 days an administrator can"
    " restore the account in the Entra admin center.",
    Kind.TRANSFER: "A transfer is not taken back. The former source gets the account by a transfer"
    " of its own, when the person is in it again.",
    Kind.RELEASE: "The next sync proposes to adopt the account again, if the profile finds it.",
}


def _former(
    done: Done, account: Account, directory: Directory
) -> tuple[dict[str, Value | None], str]:
    """The values to go back to, and in words what cannot be taken back."""
    changed: list[str] = []
    kept: list[str] = []
    after: dict[str, Value | None] = {}
    for path, written in done.after.items():
        former, now = done.before.get(path), _now(account, path)
        if _same(now, former):
            continue
        if not _same(now, written):
            changed.append(path)
        elif _is_stuck(path, former, account, directory):
            kept.append(path)
        else:
            after[path] = former
    return after, _notes(changed, kept)


def _is_stuck(path: str, former: Value | None, account: Account, directory: Directory) -> bool:
    """Whether Entra would refuse the former value: it cannot be removed, or belongs to another."""
    if former is None:
        return path in NOT_REMOVABLE or path in REQUIRED
    return path == USER_NAME and _taken(str(former), account, directory)


def _now(account: Account, path: str) -> Value | None:
    return account.state.get(path, account.active if path == ACTIVE else None)


def _taken(user_name: str, account: Account, directory: Directory) -> bool:
    holder = directory.by_user_name.get(user_name.casefold())
    return holder is not None and holder.pk != account.pk


def _same(one: Value | None, other: Value | None) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return one == other


def _notes(changed: list[str], kept: list[str]) -> str:
    told = [
        f"Changed since, and left as they are: {_names(changed)}." if changed else "",
        f"Cannot go back: {_names(kept)}." if kept else "",
    ]
    return " ".join(filter(None, told))[:_REASON]


def _names(paths: list[str]) -> str:
    known = {path: CATALOGUE.get(path) for path in paths[:_NAMED]}
    names = ", ".join(each.label if each else path for path, each in known.items())
    return names if len(paths) <= _NAMED else f"{names} and {len(paths) - _NAMED} more"


def _guarded(change: Change, account: Account, protection: Protection) -> Change:
    """Protected accounts and those of an on-premises directory are never written."""
    if change.kind not in CALLS:
        return change
    entry = protection.covers(account.entra_id, account.user_name)
    entry = entry or protection.covers("", str(change.after.get(USER_NAME) or ""))
    if entry is not None:
        why = f"Protected by the entry {entry!r} of this tenant's list."
    elif account.on_premises:
        why = "This account is synchronised from an on-premises directory; it is never written."
    else:
        return change
    return replace(change, kind=Kind.LEAVE, before={}, after={}, withheld=False, reason=why)


def _change(done: Done, kind: Kind, after: Values, account: Account) -> Change:
    before = {path: _now(account, path) for path in after}
    return Change(
        kind,
        key=done.key,
        person=done.person,
        user_name=str(after.get(USER_NAME) or account.user_name),
        account=account,
        before=before,
        after=after,
    )


def _left(done: Done, reason: str, kind: Kind = Kind.LEAVE) -> Change:
    return Change(kind, done.key, done.person, done.user_name, done.account, reason=reason)
