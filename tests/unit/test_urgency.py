"""Which job of a lane is next, and who makes room."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.urgency import Rank, Waiting, gives_way, most_urgent

jobs = st.builds(Waiting, st.integers(1, 50), on_demand=st.booleans(), closes=st.booleans())


@given(st.lists(jobs, min_size=1, unique_by=lambda job: job.pk))
def test_leavers_then_people_on_demand_then_the_rest_by_age(found: list[Waiting]) -> None:
    chosen = most_urgent(found)
    assert chosen is not None
    for other in found:
        if other != chosen:
            assert not (other.closes and not chosen.closes)
            if not chosen.closes:
                assert not (other.on_demand and not chosen.on_demand)
        if other.rank is chosen.rank:
            assert other.pk >= chosen.pk


def test_nothing_to_do_is_nobody() -> None:
    assert most_urgent([]) is None


@given(jobs, st.lists(jobs))
def test_only_the_rest_makes_room_and_only_for_what_is_urgent(
    running: Waiting, others: list[Waiting]
) -> None:
    made = gives_way(running, others)
    if made:
        assert running.rank is Rank.REST
    urgent = any(each.on_demand or each.closes for each in others)
    assert made == (urgent and not running.closes and not running.on_demand)
