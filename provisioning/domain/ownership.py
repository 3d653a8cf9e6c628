"""One person, one owner: what a source makes of accounts that another source owns; pure.

An account belongs to the source that created or adopted it, and only that one writes it. Another
source that maps a person to it either proposes to take it over, or leaves it alone with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, USER_NAME
from provisioning.domain.records import fold_key

if TYPE_CHECKING:
    from provisioning.domain.plan_values import Account, Person


@dataclass(frozen=True, slots=True)
class Owner:
    """A source of the tenant; the lower position has precedence."""

    pk: int
    name: str
    position: int

    def precedes(self, other: Owner) -> bool:
        """Whether this one wins."""
        return self.position < other.position


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What a read of a source says of its people, by folded key.

    `present` are active, `away` inactive or outside the profile's scope, `held` could not be read
    or mapped; `unreadable` counts rows of which not even the key is known. `values` are the folded
    values of the present by the paths that tell people apart.
    """

    present: Container[str]
    away: Container[str] = frozenset()
    held: Container[str] = frozenset()
    unreadable: int = 0
    values: Mapping[str, Container[str]] = field(default_factory=dict)

    def has_left(self, key: str) -> bool:
        """Whether the person with this key is surely not there any more."""
        if key in self.away:
            return True
        return not (key in self.present or key in self.held or self.unreadable)

    def maps_to(self, account: Account) -> bool:
        """Whether one of the present would be found to have this account."""
        if account.key in self.present:
            return True
        return any(
            (value := identity(account, path)) and fold_key(value) in known
            for path, known in self.values.items()
        )


Reads = Callable[[Owner], SourceRead | None]
"""A read of a source; None when none is kept, or it cannot be mapped."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A person of this source maps to an account of another one; `moves`: it may be taken over."""

    account: Account
    moves: bool
    reason: str


class OtherSources:
    """The other sources of a tenant with the accounts they own, as one source's plan sees them.

    `accepted` gives the read that a source last went by, `newest` its newest one. They are opened
    when the first person asks, so that a plan without conflicts and leavers reads neither.
    """

    def __init__(
        self,
        mine: Owner,
        others: Sequence[Owner],
        *,
        accepted: Reads,
        newest: Reads,
        matching: Sequence[str] = (),
    ) -> None:
        self.mine = mine
        self._others = sorted(others, key=lambda each: each.position)
        self._by_pk = {each.pk: each for each in others}
        self._accepted, self._newest = cache(accepted), cache(newest)
        self._by_key: dict[str, list[Account]] = {}
        self._by_name: dict[str, list[Account]] = {}
        self._findable: dict[str, dict[str, list[Account]]] = {path: {} for path in matching}

    def add(self, account: Account) -> None:
        """Note an account that one of the others owns."""
        if account.owner not in self._by_pk:
            return
        self._by_key.setdefault(account.key, []).append(account)
        self._by_name.setdefault(account.user_name.casefold(), []).append(account)
        for path, accounts in self._findable.items():
            if value := identity(account, path):
                accounts.setdefault(fold_key(value), []).append(account)

    def claim(self, person: Person) -> Claim | None:
        """What becomes of a person without an account here whom another source's account matches.

        Who is inactive claims nothing.
        """
        if person.values.get(ACTIVE, True) is False:
            return None
        found = self._matches(person)
        if not found:
            return None
        account = found[0]
        if len(found) > 1:
            names = ", ".join(sorted({self._by_pk[each.owner or 0].name for each in found}))
            reason = f"{len(found)} accounts of other sources match ({names}); none is picked."
            return Claim(account, False, reason)
        return self._judged(account, self._by_pk[account.owner or 0])

    def elsewhere(self, account: Account) -> str:
        """Why an account of ours is rather transferred than closed; "" when nobody has it."""
        for other in self._others:
            read = self._newest(other)
            if read is None or not read.maps_to(account):
                continue
            told = f"This person is in the source {other.name} now: transfer the account"
            if other.precedes(self.mine):
                return f"{told} there instead."
            return f"{told} instead, which somebody has to ask for: {self.mine.name} comes first."
        return ""

    def _matches(self, person: Person) -> list[Account]:
        known = {**person.values, **person.initial}
        found = list(self._by_key.get(fold_key(person.key), ()))
        if name := known.get(USER_NAME):
            found += self._by_name.get(str(name).casefold(), ())
        for path, accounts in self._findable.items():
            value = person.key if path == EXTERNAL_ID else known.get(path)
            if value and (hits := accounts.get(fold_key(str(value)))):
                found += hits
                break
        return list({each.pk: each for each in found}.values())

    def _judged(self, account: Account, owner: Owner) -> Claim:
        mine = self.mine
        way = f"From {owner.name} to {mine.name}"
        if account.offered_to == mine.pk:
            return Claim(account, True, f"{way}: somebody asked for it.")
        read = self._accepted(owner)
        if read is None:
            why = f"nobody knows whether the person is still in {owner.name}: no read is kept"
        elif not read.has_left(account.key):
            why = f"the person is still in {owner.name}"
        elif mine.precedes(owner):
            return Claim(account, True, f"{way}: the person has left {owner.name}.")
        else:
            why = f"the person has left {owner.name}, but somebody has to ask for a transfer"
        first = mine if mine.precedes(owner) else owner
        reason = f"The account belongs to the source {owner.name}: {why}. {first.name} comes first."
        return Claim(account, False, reason)


def identity(account: Account, path: str) -> str:
    """What an account of ours is found by under a path."""
    if path == USER_NAME:
        return account.user_name
    return str(account.state.get(path) or "")
