"""Groups: rules → desired memberships → operations with exact calls; pure.

    rules = parse_groups(json, parameters, conditions)
    wanted = Memberships(CompiledGroups(rules, parameters, conditions))
    problems = wanted.add(key, row, today)           # per record in scope; wanted.hold(key)
    operations = plan_groups(wanted, GroupDirectory(shadows), people, namespace=source_id)

Nobody is looked up: people without an account yet are placeholders by their key.
"""

from provisioning.domain.groups.assignment import (
    Assigned,
    CompiledGroups,
    DesiredGroup,
    Memberships,
)
from provisioning.domain.groups.nicknames import mail_nickname, recognised
from provisioning.domain.groups.planner import ADD_PACK, plan_groups
from provisioning.domain.groups.reading import MembershipRead, ReadStrategy, cheapest_read
from provisioning.domain.groups.rules import GroupRule, GroupsError, parse_groups
from provisioning.domain.groups.values import (
    DESCRIPTION,
    DISPLAY_NAME,
    GROUP_CALLS,
    GroupAct,
    GroupDirectory,
    GroupKind,
    GroupOperation,
    GroupShadow,
    Member,
    People,
    Trait,
    tally,
    traits_of,
)

__all__ = [
    "ADD_PACK",
    "DESCRIPTION",
    "DISPLAY_NAME",
    "GROUP_CALLS",
    "Assigned",
    "CompiledGroups",
    "DesiredGroup",
    "GroupAct",
    "GroupDirectory",
    "GroupKind",
    "GroupOperation",
    "GroupRule",
    "GroupShadow",
    "GroupsError",
    "Member",
    "MembershipRead",
    "Memberships",
    "People",
    "ReadStrategy",
    "Trait",
    "cheapest_read",
    "mail_nickname",
    "parse_groups",
    "plan_groups",
    "recognised",
    "tally",
    "traits_of",
]
