"""The fewest calls that lead from one directory to another under Entra's rules, by brute force.

The rules: a PATCH changes whatever is to change of one user, or of one group but its members; a
PATCH adds at most 20 members to one group or removes one; a manager is set by reference, so that
the manager's account exists by then; deleting a group takes its members with it. Whether a
creation may name a manager is Entra's secret, so a parameter. Nothing of the portal is used here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from tests.support.hr_model import Account, Directory, Group

PACK = 20


def fewest_calls(before: Directory, after: Directory, *, carries: bool) -> int:
    """Calls of the cheapest way; `carries`: whether a creation may name the manager."""
    return _of_accounts(before.accounts, after.accounts, carries) + sum(
        _of_group(before.groups.get(key), after.groups.get(key))
        for key in before.groups.keys() | after.groups.keys()
    )


def _of_accounts(before: Mapping[str, Account], after: Mapping[str, Account], carries: bool) -> int:
    assert before.keys() <= after.keys(), "nobody's account is ever deleted here"
    joining = {key: each for key, each in after.items() if key not in before}
    changed = sum(after[key] != before[key] for key in before)
    return changed + len(joining) + managers_later(joining, carries=carries)


def managers_later(joining: Mapping[str, Account], *, carries: bool) -> int:
    """How many of those who join get their manager by a call after their creation, at least."""
    led = {key: each.manager for key, each in joining.items() if each.manager}
    if not carries:
        return len(led)
    # A manager who has an account already can always be named.
    waits = {key: boss for key, boss in led.items() if boss in joining}
    return sum(fewest_dropped(circle, waits) for circle in _circles(waits))


def fewest_dropped(people: frozenset[str], waits: Mapping[str, str]) -> int:
    """The smallest number of these people without whose waiting all can be created in an order."""
    for size in range(len(people) + 1):
        for dropped in combinations(sorted(people), size):
            left = {key: waits[key] for key in people if key in waits and key not in dropped}
            if can_be_ordered(left):
                return size
    raise AssertionError("who waits for nobody can always be ordered")


def can_be_ordered(waits: Mapping[str, str]) -> bool:
    """Whether everybody can come after the one they wait for."""
    left = dict(waits)
    while ready := [key for key, boss in left.items() if boss not in left]:
        for key in ready:
            del left[key]
    return not left


def _circles(waits: Mapping[str, str]) -> Iterator[frozenset[str]]:
    """Those who reach each other by waiting, once each (a strongly connected component)."""
    reached = {key: _reached(key, waits) for key in waits}
    yield from {
        frozenset({key} | {each for each in reached[key] if key in reached.get(each, ())})
        for key in waits
    }


def _reached(key: str, waits: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    while (key := waits.get(key, "")) and key not in found:
        found.add(key)
    return found


def _of_group(before: Group | None, after: Group | None) -> int:
    if after is None:
        return 1
    if before is None:
        return 1 + -(-len(after.members) // PACK)
    renamed = replace(before, members=after.members) != after
    removed = before.members - after.members
    return renamed + -(-len(after.members - before.members) // PACK) + len(removed)
