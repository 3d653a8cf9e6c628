"""Reaches are sets of customers: what holds of sets holds of them."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.domain.reach import EVERYWHERE, NOWHERE, Reach, Scope, union

CUSTOMERS = range(6)
some = st.frozensets(st.sampled_from(CUSTOMERS))
reaches = st.just(EVERYWHERE) | st.builds(
    Reach, st.sampled_from([Scope.ALL_EXCEPT, Scope.LISTED]), some
)


def held(reach: Reach) -> set[int]:
    """Its customers, with one that nobody has ever named."""
    return {customer for customer in (*CUSTOMERS, 99) if reach.holds(customer)}


def test_each_scope_holds_what_it_says() -> None:
    assert held(EVERYWHERE) == {*CUSTOMERS, 99}
    assert held(NOWHERE) == set()
    assert held(Reach(Scope.LISTED, frozenset({1, 2}))) == {1, 2}
    assert held(Reach(Scope.ALL_EXCEPT, frozenset({0, 1, 2}))) == {3, 4, 5, 99}


@given(st.lists(reaches))
def test_together_they_hold_what_one_of_them_holds(parts: list[Reach]) -> None:
    assert held(union(parts)) == set().union(*(held(each) for each in parts))


@given(reaches, reaches)
def test_only_a_grant_over_all_makes_one_over_all(one: Reach, other: Reach) -> None:
    assert (one | other == EVERYWHERE) is (EVERYWHERE in (one, other))


@given(reaches, reaches)
def test_what_two_have_in_common(one: Reach, other: Reach) -> None:
    assert held(one & other) == held(one) & held(other)
    assert (one & other == EVERYWHERE) is (one == other == EVERYWHERE)
