"""The chain's hashes, masking, events and delays: pure functions."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domain.audit_chain import (
    EventFacts,
    PayloadFacts,
    canonical,
    digest_of,
    erased_ids,
    link_of,
)
from tenants.domain.events import CHOOSABLE, EVENTS, UnknownEvent, headline, sentence
from tenants.domain.masking import MASK, masked
from tenants.domain.redelivery import DELAYS, TRIES, next_delay
from tenants.domain.spreadsheets import cell

TEXT = st.text(max_size=20)
NUMBER = st.none() | st.integers(0, 2**60)
PAYLOADS = st.builds(PayloadFacts, NUMBER, NUMBER, TEXT, TEXT, TEXT, TEXT)
MOMENTS = st.datetimes(timezones=st.just(UTC))
EVENT_FACTS = st.builds(EventFacts, MOMENTS, NUMBER, TEXT, TEXT, TEXT)


@given(PAYLOADS, PAYLOADS, TEXT, TEXT)
def test_digests_differ_where_anything_differs(
    one: PayloadFacts, two: PayloadFacts, salt: str, other: str
) -> None:
    assert (digest_of(salt, one) == digest_of(other, two)) is ((salt, one) == (other, two))


@given(EVENT_FACTS, st.data())
def test_links_differ_where_anything_differs(facts: EventFacts, data: Any) -> None:
    link = link_of("p", 1, 2, "m", facts)
    assert link == link_of("p", 1, 2, "m", facts)
    name = data.draw(st.sampled_from([field.name for field in fields(EventFacts)]))
    value = data.draw(MOMENTS if name == "at" else NUMBER if name == "customer" else TEXT)
    if value != getattr(facts, name):
        assert link_of("p", 1, 2, "m", replace(facts, **{name: value})) != link
    for others in (("q", 1, 2, "m"), ("p", 2, 2, "m"), ("p", 1, 3, "m"), ("p", 1, 2, "n")):
        assert link_of(*others, facts) != link


def test_the_time_is_hashed_as_an_instant() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    facts = EventFacts(at, None, "a", "d")
    elsewhere = replace(facts, at=at.astimezone())
    assert link_of("p", 1, 2, "m", facts) == link_of("p", 1, 2, "m", elsewhere)


def test_parts_cannot_be_moved_into_each_other() -> None:
    assert canonical("a", "b") != canonical("ab", "") != canonical("a,b")


@pytest.mark.parametrize(("text", "ids"), [("", []), ("7", [7]), ("7,9,", [7, 9])])
def test_erased_ids(text: str, ids: list[int]) -> None:
    assert erased_ids(text) == ids


def test_what_is_no_list_of_ids() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        erased_ids("7,x")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["", "plain", "x@y.example"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
    )
)
def test_what_is_no_secret_stays_as_it_is(value: Any) -> None:
    assert masked(value) == value


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("secret", True),
        ("client-secret", True),
        ("clientSecretValue", True),
        ("PASSWORD", True),
        ("access_token", True),
        ("private_key", True),
        ("secretary", False),
        ("token_url", False),
        ("key", False),
        ("key_column", False),
        ("passwords_made", False),
        ("kind", False),
    ],
)
def test_names_of_secrets(name: str, hidden: bool) -> None:
    assert masked({name: "x"}) == {name: MASK if hidden else "x"}


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_said_with_its_facts_and_not_without(event: str) -> None:
    kind = EVENTS[event]
    wanted = (names_in(kind.headline) | names_in(kind.sentence)) - {"subject"}
    facts = {name: f"<{{{name}}}>" for name in wanted}
    said = headline(event, "Main {x}", facts) + sentence(event, "Main {x}", facts)
    assert all(text in said for text in facts.values())
    for name in sorted(wanted):
        lacking = {key: text for key, text in facts.items() if key != name}
        say = sentence if name in names_in(kind.sentence) else headline
        with pytest.raises(UnknownEvent, match=name):
            say(event, "x", lacking)


def test_headlines_are_one_line_and_a_test_is_not_chosen() -> None:
    assert headline("quarantine.rests", "a\nBcc: b", {}) == "a Bcc: b rests"
    assert "notices.test" not in CHOOSABLE


def test_delays_grow_to_eight_tries_over_a_day() -> None:
    delays = [next_delay(attempt) for attempt in range(1, TRIES + 1)]
    assert TRIES == 8
    assert delays == [*DELAYS, None]
    assert list(DELAYS) == sorted(DELAYS)
    assert timedelta(hours=18) < sum(DELAYS, timedelta()) <= timedelta(hours=24)


@given(st.text(max_size=30))
def test_no_cell_begins_a_formula(text: str) -> None:
    made = cell(text)
    assert made.removeprefix("'") == text.removeprefix("'") or made == f"'{text}"
    assert not made.lstrip().startswith(("=", "+", "-", "@"))
