"""Who joins in a plan, and what their managers take; pure."""

from dataclasses import dataclass, field

from provisioning.domain.attributes import is_custom
from provisioning.domain.managers import ManagerPlan, Report, plan_managers
from provisioning.domain.plan_values import Change, Kind
from provisioning.domain.records import fold_key


@dataclass(slots=True)
class Joining:
    """Who joins in a plan: all folded keys, and of whoever awaits a manager what that takes."""

    keys: set[str] = field(default_factory=set)
    awaiting: dict[str, Report] = field(default_factory=dict)

    def note(self, change: Change) -> None:
        """Take a change in."""
        if change.kind is not Kind.CREATE:
            return
        folded = fold_key(change.key)
        self.keys.add(folded)
        if change.manager:
            later = any(map(is_custom, change.after))
            self.awaiting[folded] = Report(change.key, change.manager, changes=later)

    def plan(self, *, creation_carries: bool) -> ManagerPlan:
        """Waves and references; bosses who do not wait themselves are in the first wave."""
        bosses = {fold_key(each.manager) for each in self.awaiting.values()} & self.keys
        others = [Report(key) for key in bosses - self.awaiting.keys()]
        people = [*others, *self.awaiting.values()]
        return plan_managers(people, {}, self.keys, creation_carries=creation_carries)
