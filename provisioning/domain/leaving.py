"""What becomes of accounts whose person has left; part of the planner, pure.

Everything that is due at once travels in one change. A deletion waits until the account is disabled
and the other steps are done, and is always withheld: nothing can be restored through SCIM.
"""

from __future__ import annotations

from datetime import timedelta

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID
from provisioning.domain.plan_values import (
    Absences,
    Account,
    Change,
    Directory,
    Kind,
    Person,
    Value,
    difference,
)
from provisioning.domain.standing import Due

DELETED_FOR = timedelta(days=30)
"""How long Entra keeps a deleted account, and with it its user name."""


def missing(account: Account, absences: Absences) -> Change | None:
    """What becomes of an account of ours that no record was mapped for; None: nothing today."""
    if account.key in absences.outside:
        return _outside(account, absences)
    leavers = absences.leavers
    due = leavers.due(account.left_since) if leavers else Due()
    after = _unlike(account, due)
    if absences.doubtful:
        return _doubtful(account, after, absences.doubtful) if after else None
    since = account.left_since
    if after:
        reason = "No longer in the source."
        if ACTIVE not in after and since:
            reason = f"No longer in the source since {since}: a step that is due now."
        return _written(account, after, reason)
    if due.delete_after is None or account.active:
        return None
    return _deletion(account, f"No longer in the source since {since}", due.delete_after)


def deletion_of_leaver(person: Person, account: Account) -> Change | None:
    """The deletion that is due of somebody the source still has; None: there is none today."""
    due = person.standing.due
    if due is None or due.delete_after is None or account.active or _unlike(account, due):
        return None
    return _deletion(account, f"Left: a leaver since {person.standing.day}", due.delete_after)


def deleted_name(person: Person, directory: Directory) -> str:
    """Why the account cannot have its user name, which a deleted one still has; "": it can."""
    free = directory.kept.get(person.user_name().casefold())
    if free is None:
        return ""
    deleted = f"{free - DELETED_FOR:%Y-%m-%d}"
    return (
        f"The user name is that of an account that this portal deleted on {deleted}."
        f" Entra keeps it until {free:%Y-%m-%d %H:%M} UTC: restore that account in the Entra admin"
        " center, wait, or map another user name."
    )


def _outside(account: Account, absences: Absences) -> Change | None:
    """People outside the scope are leavers by `out_of_scope` only."""
    if account.active:
        return _written(account, {ACTIVE: False}, "No longer in the profile's scope.")
    retention = absences.retention
    if retention is None or not retention.is_over(account):
        return None
    since = f"{account.outside_since:%Y-%m-%d}" if account.outside_since else "long"
    return _deletion(account, f"Outside the profile's scope since {since}", retention.days)


def _doubtful(account: Account, after: dict[str, Value | None], rows: int) -> Change:
    """Whoever seems to be missing may be a row whose key could not be read."""
    noun = "1 row" if rows == 1 else f"{rows} rows"
    reason = f"Not found in the source, but the key of {noun} could not be read."
    change = _written(account, after, reason, withheld=True)
    if change.kind is Kind.DISABLE:
        return change
    return _change(Kind.LEAVE, account, reason=f"{reason} What is due waits for a clean read.")


def _unlike(account: Account, due: Due) -> dict[str, Value | None]:
    """Those of the due values that the account does not have yet."""
    wanted = {path: value for path, value in due.writes.items() if value is not None}
    cleared = frozenset(due.writes.keys() - wanted.keys())
    active = wanted.pop(ACTIVE, None)
    after = difference(wanted, account.state, cleared, frozenset())
    return after if active is None or not account.active else {ACTIVE: False, **after}


def _written(
    account: Account, after: dict[str, Value | None], reason: str, *, withheld: bool = False
) -> Change:
    before = {path: account.state.get(path) for path in after}
    if ACTIVE in after:
        before[ACTIVE] = True
    kind = Kind.DISABLE if ACTIVE in after else Kind.UPDATE
    return _change(kind, account, before=before, after=after, reason=reason, withheld=withheld)


def _deletion(account: Account, since: str, days: int) -> Change:
    reason = f"{since}, more than {days} days." if days > 1 else f"{since}, more than a day."
    return _change(Kind.DELETE, account, reason=reason, withheld=True)


def _change(
    kind: Kind,
    account: Account,
    *,
    before: dict[str, Value | None] | None = None,
    after: dict[str, Value | None] | None = None,
    reason: str = "",
    withheld: bool = False,
) -> Change:
    return Change(
        kind,
        key=str(account.state.get(EXTERNAL_ID, account.key)),
        person=str(account.state.get("displayName", account.user_name)),
        user_name=account.user_name,
        account=account,
        before=before or {},
        after=after or {},
        reason=reason,
        withheld=withheld,
    )
