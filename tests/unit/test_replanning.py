"""An operation whose account moved after planning: never more than was approved, nothing twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID
from provisioning.domain.plan_values import Kind, Value
from provisioning.domain.replanning import Current, Intended, Verdict, plan_again, remaining

PATHS = ("title", "department", "displayName", ACTIVE)
TITLE = Intended(Kind.UPDATE, "7", {"title": "Baker"}, {"title": "Chief"})
BAKER = Current("7", True, {"title": "Baker", ACTIVE: True})

texts = st.sampled_from(["a", "b", "c", None])
values = st.fixed_dictionaries(
    {}, optional={"title": texts, "department": texts, "displayName": texts, ACTIVE: st.booleans()}
)
kinds = st.sampled_from([Kind.UPDATE, Kind.ENABLE, Kind.DISABLE, Kind.ADOPT])


@st.composite
def currents(draw: st.DrawFn) -> Current:
    state = {path: value for path, value in draw(values).items() if value is not None}
    active = draw(st.booleans())
    return Current(draw(st.sampled_from(["7", "8", ""])), bool(state.get(ACTIVE, active)), state)


def seen(current: Current, path: str) -> Value | None:
    return current.state.get(path, current.active if path == ACTIVE else None)


@given(kinds, values, values, currents())
def test_what_is_sent_is_a_part_of_what_was_approved(
    kind: Kind, before: dict[str, Value], after: dict[str, Value], current: Current
) -> None:
    intended = Intended(kind, "7", before, after)
    again = plan_again(intended, current)
    assert again.after.items() <= after.items()
    assert (again.verdict is Verdict.SEND) == bool(again.after)
    for path, value in again.after.items():
        assert seen(current, path) != value, "paid for, and changes nothing"
        closes = path == ACTIVE and value is False
        assert closes or seen(current, path) == before.get(path), "nobody saw that value"
        assert not (path == ACTIVE and value is True), "opened although somebody had worked on it"


@given(kinds, values, values, currents())
def test_done_means_that_the_account_is_as_intended(
    kind: Kind, before: dict[str, Value], after: dict[str, Value], current: Current
) -> None:
    again = plan_again(Intended(kind, "7", before, after), current)
    if again.verdict is Verdict.DONE:
        assert all(seen(current, path) == value for path, value in after.items())
        assert current.key in ("7", "")


@given(values, values, currents())
def test_planned_again_twice_is_planned_again_once(
    before: dict[str, Value], after: dict[str, Value], current: Current
) -> None:
    intended = Intended(Kind.UPDATE, "7", before, after)
    again = plan_again(intended, current)
    if again.verdict is Verdict.SEND:
        repeated = plan_again(replace(intended, before=again.before, after=again.after), current)
        assert (repeated.verdict, repeated.after) == (Verdict.SEND, again.after)


@given(values, values, currents())
def test_closing_an_account_never_waits(
    before: dict[str, Value], after: dict[str, Value], current: Current
) -> None:
    closing = Intended(Kind.DISABLE, "7", before, {**after, ACTIVE: False})
    again = plan_again(closing, replace(current, key="7", active=True, state={ACTIVE: True}))
    assert (again.verdict, again.after[ACTIVE]) == (Verdict.SEND, False)


@given(values, currents())
def test_nobody_is_created_twice(after: dict[str, Value], current: Current) -> None:
    again = plan_again(Intended(Kind.CREATE, "7", {}, after), current)
    assert again.verdict in (Verdict.DONE, Verdict.SKIP)
    assert (again.verdict is Verdict.DONE) == (not remaining(after, current))


def test_what_another_job_did_is_not_sent_again() -> None:
    done = replace(BAKER, state={"title": "Chief"})
    assert plan_again(TITLE, done).verdict is Verdict.DONE


def test_only_what_is_left_is_sent() -> None:
    both = Intended(Kind.UPDATE, "7", {"title": "Baker"}, {"title": "Chief", "department": "X"})
    again = plan_again(both, replace(BAKER, state={"title": "Chief"}))
    assert (again.verdict, again.before, again.after, again.whole) == (
        Verdict.SEND,
        {"department": None},
        {"department": "X"},
        True,
    )


def test_a_value_that_nobody_saw_is_not_overwritten() -> None:
    again = plan_again(TITLE, replace(BAKER, state={"title": "Head"}))
    assert again.verdict is Verdict.WAIT
    assert "Job title" in again.reason


def test_a_disable_leaves_out_what_nobody_saw_and_says_that_it_is_not_all() -> None:
    leaver = Intended(
        Kind.DISABLE, "7", {ACTIVE: True, "title": "Baker"}, {ACTIVE: False, "title": None}
    )
    again = plan_again(leaver, replace(BAKER, state={"title": "Head"}))
    assert (again.after, again.whole) == ({ACTIVE: False}, False)


def test_lists_have_no_order() -> None:
    mails = Intended(Kind.UPDATE, "7", {}, {"emails": ["a", "b"]})
    assert plan_again(mails, Current("7", True, {"emails": ["b", "a"]})).verdict is Verdict.DONE


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (Kind.DISABLE, Verdict.DONE),
        (Kind.DELETE, Verdict.DONE),
        (Kind.UPDATE, Verdict.WAIT),
        (Kind.ENABLE, Verdict.WAIT),
        (Kind.ADOPT, Verdict.WAIT),
    ],
)
def test_an_account_that_is_gone(kind: Kind, verdict: Verdict) -> None:
    assert plan_again(Intended(kind, "7", {}, {"title": "x"}), None).verdict is verdict


def test_what_moved_is_neither_deleted_nor_opened() -> None:
    closed = Current("7", False, {ACTIVE: False})
    assert plan_again(Intended(Kind.DELETE, "7", {}, {}), closed).verdict is Verdict.WAIT
    opening = Intended(Kind.ENABLE, "7", {ACTIVE: False}, {ACTIVE: True})
    assert plan_again(opening, closed).verdict is Verdict.WAIT


def test_an_adoption_goes_on_where_another_job_has_adopted() -> None:
    adopting = Intended(Kind.ADOPT, "7", {"title": "Baker"}, {"title": "Chief", EXTERNAL_ID: "7"})
    ours = Current("7", True, {"title": "Baker", EXTERNAL_ID: "7"})
    assert plan_again(adopting, ours).after == {"title": "Chief"}
    assert plan_again(adopting, replace(ours, key="8")).verdict is Verdict.WAIT


def test_keys_are_compared_without_case() -> None:
    change = Intended(Kind.UPDATE, " A7 ", {"title": "Baker"}, {"title": "Chief"})
    assert plan_again(change, replace(BAKER, key="a7")).verdict is Verdict.SEND
