"""Which customers a grant or a token is about: all, all but some, or some; reaches add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """How the customers of a grant are named."""

    ALL = "all"
    ALL_EXCEPT = "all_except"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class Reach:
    """A scope with the customers (by pk) that it lists or leaves out; of ALL there are none."""

    scope: Scope
    customers: frozenset[int] = frozenset()

    def __or__(self, other: "Reach") -> "Reach":
        """The customers of either: who may see nearly all and one more may see that one, too."""
        if Scope.ALL in (self.scope, other.scope):
            return EVERYWHERE
        if self.scope is other.scope is Scope.LISTED:
            return Reach(Scope.LISTED, self.customers | other.customers)
        if self.scope is other.scope:
            return Reach(Scope.ALL_EXCEPT, self.customers & other.customers)
        wide, narrow = (self, other) if self.scope is Scope.ALL_EXCEPT else (other, self)
        return Reach(Scope.ALL_EXCEPT, wide.customers - narrow.customers)

    def __and__(self, other: "Reach") -> "Reach":
        """The customers of both."""
        if Scope.ALL in (self.scope, other.scope):
            return other if self.scope is Scope.ALL else self
        if self.scope is other.scope is Scope.ALL_EXCEPT:
            return Reach(Scope.ALL_EXCEPT, self.customers | other.customers)
        if self.scope is other.scope:
            return Reach(Scope.LISTED, self.customers & other.customers)
        wide, narrow = (self, other) if self.scope is Scope.ALL_EXCEPT else (other, self)
        return Reach(Scope.LISTED, narrow.customers - wide.customers)

    def holds(self, customer: int) -> bool:
        """Whether this customer is among them."""
        return self.scope is Scope.ALL or (customer in self.customers) == (
            self.scope is Scope.LISTED
        )


EVERYWHERE = Reach(Scope.ALL)
NOWHERE = Reach(Scope.LISTED)


def union(reaches: Iterable[Reach]) -> Reach:
    """All of them together; NOWHERE without any."""
    total = NOWHERE
    for reach in reaches:
        total |= reach
    return total
