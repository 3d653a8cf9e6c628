"""The cheaper way to read memberships, against trying every division of the groups."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.groups import ReadStrategy, cheapest_read

sizes = st.lists(st.sampled_from((0, 1, 998, 999, 1000, 1998, 1999, 50_000)), max_size=5)
people = st.lists(st.sampled_from((0, 1, 7, 1000, 1001)), max_size=8)


def by_group(size):
    calls = 1  # the first page is asked for in any case
    while size > 999:
        size, calls = size - 999, calls + 1
    return calls


def by_member(groups):
    calls = 1
    while groups > 1000:
        groups, calls = groups - 1000, calls + 1
    return calls


@given(sizes, people, sizes)
def test_no_division_between_both_ways_is_cheaper(free, persons, strict):
    forced = sum(map(by_group, strict))
    asking = sum(map(by_member, persons))
    least = min(
        forced
        + sum(by_group(size) for size, alone in zip(free, ways, strict=True) if alone)
        + (0 if all(ways) else asking)
        for ways in product((True, False), repeat=len(free))
    )
    read = cheapest_read(free, persons, strict)
    # Nothing to read by member is the one case where "all by member" reads no group at all.
    assert read.calls == (least if free else forced)
    assert read.calls == min(read.by_group, read.by_member)


def test_many_people_of_few_groups_are_read_by_group_and_few_people_of_many_by_member():
    few_groups = cheapest_read([5000, 0, 999], [3] * 5000)
    assert (few_groups.strategy, few_groups.calls) == (ReadStrategy.BY_GROUP, 6 + 1 + 1)
    one_person = cheapest_read([10] * 300, [12])
    assert (one_person.strategy, one_person.calls) == (ReadStrategy.BY_MEMBER, 1)


def test_equal_calls_are_spent_by_group_because_that_shows_strangers():
    assert cheapest_read([1, 1], [2, 2]).strategy is ReadStrategy.BY_GROUP


def test_fully_managed_groups_are_read_by_group_whatever_happens_to_the_others():
    read = cheapest_read([1] * 10, [1], [5000])
    assert (read.strategy, read.calls) == (ReadStrategy.BY_MEMBER, 6 + 1)
