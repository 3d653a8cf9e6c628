"""What a plan adds up to while it is written."""

from collections import Counter

from provisioning.domain.groups import GROUP_CALLS, GroupAct, GroupOperation
from provisioning.domain.joining import Joining
from provisioning.domain.planner import CALLS, Change, Kind


class PlanCounts(dict[Kind, int]):
    """How many changes of each kind a plan holds, and how many of them are withheld."""

    withheld = 0
    outside = 0
    calls = 0
    """Calls the plan takes when everything in it is approved."""
    on_groups = 0
    """Operations on groups that are carried out, adoptions without a call included."""

    def __init__(self) -> None:
        super().__init__()
        self.flapping: Counter[str] = Counter()
        self.joining = Joining()
        self.missing_managers: dict[str, str] = {}
        """Source keys of managers without an account, by source key of the person."""

    def add(self, change: Change) -> None:
        """Take one person's change in."""
        self.flapping.update(change.flapping)
        self[change.kind] = self.get(change.kind, 0) + 1
        self.withheld += change.withheld
        self.calls += change.calls
        self.joining.note(change)
        if change.missing_manager:
            self.missing_managers[change.key] = change.missing_manager

    def add_group(self, operation: GroupOperation) -> None:
        """Take one act on a group in."""
        self.withheld += operation.withheld
        self.calls += operation.calls
        self.on_groups += operation.act in GROUP_CALLS or operation.act is GroupAct.ADOPT

    @property
    def operations(self) -> int:
        """Operations that are carried out when everything is approved."""
        return sum(self.get(kind, 0) for kind in CALLS) + self.on_groups
