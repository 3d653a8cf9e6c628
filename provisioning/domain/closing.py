"""Accounts that a plan closes although their person is in another source by now; pure."""

from dataclasses import replace

from provisioning.domain.plan_values import Change, Directory, Kind


def unless_elsewhere(change: Change, directory: Directory) -> Change:
    """Who is in another source by now is neither disabled nor deleted without an explicit yes."""
    closes = change.kind is Kind.DISABLE or change.kind is Kind.DELETE
    if not closes or directory.others is None or change.account is None:
        return change
    reason = directory.others.elsewhere(change.account)
    return replace(change, reason=reason, withheld=True) if reason else change
