"""The oracle of the fewest calls, against a plainer search and by hand."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.call_oracle import fewest_calls, managers_later
from tests.support.hr_model import Account, Directory, Group

KEYS = ["a", "b", "c", "d", "e"]
# "x" has an account already, "" is nobody.
BOSSES = st.fixed_dictionaries({}, optional={k: st.sampled_from([*KEYS, "x", ""]) for k in KEYS})


def account(key: str, manager: str = "", title: str = "") -> Account:
    return Account(key, f"{key}@x.example", key, "A B", "A", "B", title, manager=manager)


def people(**managers: str) -> dict[str, Account]:
    return {key: account(key, manager) for key, manager in managers.items()}


def tried(bosses: dict[str, str]) -> int:
    """Managers that are set later in the best of all orders of creation."""
    orders = permutations(bosses)
    return min(
        sum(
            boss in bosses and order.index(boss) >= order.index(key) for key, boss in bosses.items()
        )
        for order in orders
    )


@given(BOSSES)
def test_managers_later_is_what_the_best_of_all_orders_takes(bosses: dict[str, str]) -> None:
    known = {key: boss for key, boss in bosses.items() if boss in bosses or boss in ("x", "")}
    joining = people(**{key: boss if boss in known else "" for key, boss in known.items()})
    assert managers_later(joining, carries=True) == tried(
        {key: each.manager for key, each in joining.items()}
    )
    led = sum(bool(each.manager) for each in joining.values())
    assert managers_later(joining, carries=False) == led


def test_calls_by_hand() -> None:
    before = Directory(people(x=""), {"g": Group("G", frozenset("x")), "h": Group("H")})
    # Two creations, and one of their circle gets the manager later; one change of title.
    accounts = {**people(a="b", b="a"), "x": account("x", title="Chief")}
    crowd = frozenset(map(str, range(41)))
    # A removal and three additions of 41; a change of name; a creation and an addition.
    groups = {"g": Group("G", crowd), "h": Group("Hh"), "i": Group("I", frozenset("a"))}
    after = Directory(accounts, groups)
    assert fewest_calls(before, after, carries=True) == 3 + 1 + 4 + 1 + 2
    assert fewest_calls(before, after, carries=False) == 4 + 1 + 4 + 1 + 2
    assert fewest_calls(before, before, carries=True) == 0
    assert fewest_calls(before, Directory(before.accounts), carries=True) == 2
