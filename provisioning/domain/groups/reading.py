"""Which way of reading memberships takes the fewest calls, by calculation; pure.

By group: `users?filter=groups.value eq`, 999 people a page, at least one page a group. By member:
`groups?filter=members.value eq`, 1,000 groups a page, at least one page a person; it brings all
groups of those people, and nobody else. So groups in which strangers matter (fully managed ones)
are read by group whatever is done about the others; reading a second group by group never makes
reading by member cheaper, hence only two ways are worth comparing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

USERS_A_PAGE, GROUPS_A_PAGE = 999, 1000


class ReadStrategy(StrEnum):
    """How memberships are read."""

    BY_GROUP = "by_group"
    BY_MEMBER = "by_member"


@dataclass(frozen=True, slots=True)
class MembershipRead:
    """The strategy for groups in which only our people matter, and the calls of both.

    Fully managed groups are read by group in either.
    """

    strategy: ReadStrategy
    by_group: int
    by_member: int

    @property
    def calls(self) -> int:
        """Calls of the strategy chosen."""
        return self.by_group if self.strategy is ReadStrategy.BY_GROUP else self.by_member


def cheapest_read(
    sizes: Iterable[int], memberships: Iterable[int], fully_managed: Iterable[int] = ()
) -> MembershipRead:
    """Compare both ways. `sizes`: members of each group, `fully_managed` of those in which
    strangers matter; `memberships`: groups of each person to be checked, all groups counted.

    With equal calls by group: it also shows strangers.
    """
    strict = pages(fully_managed, USERS_A_PAGE)
    by_group = strict + pages(sizes, USERS_A_PAGE)
    by_member = strict + pages(memberships, GROUPS_A_PAGE)
    cheaper = ReadStrategy.BY_MEMBER if by_member < by_group else ReadStrategy.BY_GROUP
    return MembershipRead(cheaper, by_group, by_member)


def pages(counts: Iterable[int], size: int) -> int:
    """Calls to read lists of these lengths, one list at a time: an empty one takes a call, too."""
    return sum(max(1, -(-count // size)) for count in counts)
