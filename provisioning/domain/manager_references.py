"""Managers while a plan is made: found among the accounts, or among those the plan creates; pure.

A manager who has an account is a value like any other. One who joins in the same plan is known only
when the whole source was read: creations note the key (see `managers.plan_managers` for what
becomes of it), and whoever has an account already waits for the end. A manager who neither has an
account nor joins is reported, and what the directory has is left.
"""

from collections.abc import Iterator
from dataclasses import replace

from provisioning.domain.attributes import MANAGER
from provisioning.domain.plan_values import Change, Directory, Kind
from provisioning.domain.records import fold_key

_CHANGES = frozenset({Kind.UPDATE, Kind.ENABLE, Kind.ADOPT, Kind.TRANSFER, Kind.UNCHANGED})


class Managers:
    """What a plan knows of managers, change by change."""

    def __init__(self, directory: Directory, *, creation_carries: bool) -> None:
        self._managed = directory.managed
        self._carries = creation_carries
        self._waiting: list[Change] = []
        self._coming: dict[str, str] = {}

    def referred(self, change: Change, manager: str | None) -> Change:
        """The change with its manager as value, as a key that is awaited, or as it was."""
        if change.kind is Kind.CREATE:
            change = replace(change, carries_manager=self._carries)
        elif change.kind not in _CHANGES:
            return change
        if manager is None:
            return change
        account = self._managed.get(fold_key(manager)) if manager else None
        if account is not None:
            return _with(change, account.entra_id.lower())
        if manager:
            return replace(change, manager=manager)
        return change if change.kind is Kind.CREATE else _with(change, None)

    def noted(self, change: Change) -> Iterator[Change]:
        """The change, unless it has to wait until all who join are known."""
        if change.kind is Kind.CREATE:
            self._coming[fold_key(change.key)] = change.key
        elif change.manager:
            if change.kind in _CHANGES:
                self._waiting.append(change)
                return
            change = replace(change, manager="")
        yield change

    def waiting(self) -> Iterator[Change]:
        """Those who waited, each with the manager, or with the one that is missing."""
        for change in self._waiting:
            boss = self._coming.get(fold_key(change.manager))
            if boss is None:
                yield replace(change, manager="", missing_manager=change.manager)
            elif change.kind is Kind.UNCHANGED:
                yield replace(change, kind=Kind.UPDATE, manager=boss)
            else:
                yield replace(change, manager=boss)


def _with(change: Change, wanted: str | None) -> Change:
    """The change with this manager, if the directory has another one as far as we know."""
    known = change.account.state.get(MANAGER) if change.account else None
    if known == wanted:
        return change
    kind = Kind.UPDATE if change.kind is Kind.UNCHANGED else change.kind
    before = dict(change.before) if change.account is None else {**change.before, MANAGER: known}
    return replace(change, kind=kind, before=before, after={**change.after, MANAGER: wanted})
