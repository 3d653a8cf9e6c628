"""How many threads a lane uses: within bounds, more while it helps, fewer when it does not."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.threads import LEAST, Round, Threads

seconds = st.floats(0, 30, allow_nan=False)
rounds = st.builds(
    Round,
    st.lists(seconds, max_size=40),
    st.lists(seconds, max_size=40),
    st.integers(0, 3),
)


@given(st.integers(1, 64), st.lists(rounds, max_size=30))
def test_it_stays_within_bounds(most: int, seen: list[Round]) -> None:
    threads = Threads.begin(most)
    for each in seen:
        threads = threads.after(each)
        assert min(LEAST, most) <= threads.number <= most


@given(st.integers(2, 64), st.integers(2, 64), st.lists(rounds, min_size=1, max_size=20))
def test_it_grows_by_steps_and_shrinks_by_shares(most: int, number: int, seen: list[Round]) -> None:
    threads = Threads.begin(most, number)
    for each in seen:
        before, threads = threads, threads.after(each)
        assert threads.number <= before.number + 2
        assert threads.number >= min(before.number, max(LEAST, before.number // 2))


@given(st.integers(4, 64), st.floats(0.001, 1))
def test_a_service_that_keeps_up_gets_all_of_them(most: int, latency: float) -> None:
    threads = Threads.begin(most)
    for _ in range(most):
        threads = threads.after(Round([latency] * most))
    assert threads.number == most


@given(st.integers(8, 64), st.integers(2, 6), st.floats(0.1, 0.5))
def test_a_service_with_few_hands_gets_few(most: int, hands: int, work: float) -> None:
    """A queue: with n threads on `hands` hands each request takes n/hands as long."""
    threads, used = Threads.begin(most), []
    for _ in range(200):
        threads = threads.after(Round([work * max(1.0, threads.number / hands)] * most))
        used.append(threads.number)
    assert sum(used[20:]) / len(used[20:]) <= 6 * hands
    assert sum(used) / len(used) >= hands, "they are kept busy"


@given(st.integers(16, 64), st.floats(0.1, 0.5))
def test_a_service_that_became_slower_for_good_gets_all_of_them_again(
    most: int, work: float
) -> None:
    threads = Threads.begin(most)
    for _ in range(most):
        threads = threads.after(Round([work] * most))
    for _ in range(50 + most):
        threads = threads.after(Round([work * 4] * most))
    assert threads.number == most


@given(st.integers(8, 64))
def test_what_the_quota_decides_needs_few(most: int) -> None:
    threads = Threads.begin(most)
    for _ in range(20):
        threads = threads.after(Round([0.02] * most, waits=[1.0] * most))
    assert threads.number == LEAST


@given(st.integers(8, 64))
def test_being_pushed_back_halves_them_and_they_come_back(most: int) -> None:
    threads = Threads.begin(most, most)
    cut = threads.after(Round([0.02] * most, refused=1))
    assert cut.number == most // 2
    for _ in range(most):
        cut = cut.after(Round([0.02] * most))
    assert cut.number == most


def test_a_batch_that_did_not_use_them_says_nothing_for_more() -> None:
    assert Threads.begin(16, 8).after(Round([0.02] * 3)).number == 8
    assert Threads.begin(16, 8).after(Round([])).number == 8


@given(st.integers(2, 64), st.floats(0.0, 30))
def test_a_batch_ends_soon(most: int, latency: float) -> None:
    threads = Threads.begin(most).after(Round([latency] * most))
    assert threads.fits(15.0) >= threads.number, "nobody is idle"
    assert threads.fits(15.0) / threads.number * latency <= max(15.0, latency)
