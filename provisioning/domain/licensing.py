"""What a licence needs: Entra assigns none to somebody without a usage location; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provisioning.domain.attributes import StateValue
from provisioning.domain.groups.values import GroupAct, GroupOperation, Member
from provisioning.domain.plan_values import Account, Change, Kind
from provisioning.domain.records import fold_key

USAGE_LOCATION = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:usageLocation"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unlocated:
    """Members whom an operation brings into a licensing group without a usage location."""

    operation: GroupOperation
    members: tuple[Member, ...]

    def sentence(self, name_of: Callable[[Member], str]) -> str:
        """For the plan, beside the operation: how many, what to do, and the first of them."""
        names = [name_of(each) for each in self.members[:_SHOWN]]
        number = len(self.members)
        more = f" and {number - len(names)} more" if number > len(names) else ""
        have = "has" if number == 1 else "have"
        return (
            f"{number} {have} no usage location, without which Entra assigns no licence. Map"
            f" usageLocation, or enter it in Entra: {', '.join(names)}{more}."
        )


class UsageLocations:
    """Who has a usage location once the plan's changes are made, by folded key and by object id.

    Told of every account and then of every change; holds only who has none.
    """

    def __init__(self) -> None:
        self._without_by_id: set[str] = set()
        self._without_by_key: set[str] = set()

    def account(self, account: Account) -> None:
        """An account as it is now."""
        self._note(account.key, account.entra_id, account.state.get(USAGE_LOCATION))

    def change(self, change: Change) -> None:
        """A change; one that is withheld or leaves the account alone changes nothing."""
        if change.withheld or change.kind in (Kind.LEAVE, Kind.UNCHANGED, Kind.INACTIVE):
            return
        if change.kind is not Kind.CREATE and USAGE_LOCATION not in change.after:
            return
        entra_id = change.account.entra_id if change.account else ""
        self._note(change.key, entra_id, change.after.get(USAGE_LOCATION))

    def missing(self, member: Member) -> bool:
        """Whether this member is known to have none."""
        if member.id:
            return member.id.casefold() in self._without_by_id
        return fold_key(member.key) in self._without_by_key

    def _note(self, key: str, entra_id: str, value: StateValue | None) -> None:
        for names, name in (
            (self._without_by_id, entra_id.casefold()),
            (self._without_by_key, fold_key(key) if key else ""),
        ):
            if name:
                (names.discard if value else names.add)(name)


def without_usage_location(
    operations: Iterable[GroupOperation], missing: Callable[[Member], bool]
) -> list[Unlocated]:
    """Additions to licensing groups with the members that have no usage location."""
    found: list[Unlocated] = []
    for operation in operations:
        if operation.licensing and operation.act is GroupAct.ADD:
            members = tuple(each for each in operation.members if missing(each))
            if members:
                found.append(Unlocated(operation, members))
    return found
