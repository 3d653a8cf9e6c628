"""Where an onboarding stands: each step by the facts that decide it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msp_portal.onboarding.steps import (
    Facts,
    Key,
    Permissions,
    Pilot,
    Probe,
    State,
    Step,
    next_step,
    steps_of,
)

GUID = "6f1c2b1e-9a55-4c8f-8a37-2d4a1f0b7e11"
WHEN = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
NEEDED = Permissions(advised=("User.ReadWrite.All",))
NOTHING = Facts(
    customer="Birch & Sons",
    contacts=0,
    rehearsal=False,
    entra_id="birch.example",
    cloud="Global",
    permissions=NEEDED,
)
TESTED = Probe(at=WHEN, worked=True, schema_read=True)
EVERYTHING = replace(
    NOTHING,
    contacts=2,
    entra_id=GUID,
    permissions=replace(NEEDED, held=("User.ReadWrite.All",)),
    licence="Microsoft 365 E3",
    licence_confirmed_by="Ida Holm",
    licence_confirmed_on=date(2026, 6, 30),
    subscription_id=GUID,
    resource_group="identity",
    client_id=GUID,
    credential="Certificate",
    tested=TESTED,
    people=1200,
    version=3,
    pilot=Pilot(created=5, failed=0),
    live=True,
)


def step(facts: Facts, key: Key) -> Step:
    return next(each for each in steps_of(facts) if each.key is key)


def test_from_nothing_the_first_steps_are_open_and_the_rest_waits() -> None:
    states = {each.key: each.state for each in steps_of(NOTHING)}
    assert list(states) == list(Key)
    first = {Key.CUSTOMER, Key.DIRECTORY, Key.LICENCE, Key.BILLING, Key.SOURCE}
    assert {key for key, state in states.items() if state is State.OPEN} == first
    assert {key for key, state in states.items() if state is State.LATER} == set(Key) - first


def test_with_everything_all_is_done() -> None:
    assert {each.state for each in steps_of(EVERYTHING)} == {State.DONE}
    assert next_step(steps_of(EVERYTHING)) is None


# What is taken away from everything, and the step that shows it.
LACKS: list[tuple[Key, dict[str, Any], State, str]] = [
    (Key.CUSTOMER, {"contacts": 0}, State.OPEN, "Nobody to ask"),
    (Key.DIRECTORY, {"entra_id": "birch.example"}, State.OPEN, "birch.example"),
    (Key.LICENCE, {"licence": ""}, State.OPEN, "Nobody has confirmed"),
    (Key.BILLING, {"subscription_id": ""}, State.OPEN, "Not known"),
    (Key.APPLICATION, {"client_id": ""}, State.OPEN, "Not known"),
    (Key.CREDENTIAL, {"credential": ""}, State.OPEN, "None is stored"),
    (Key.CREDENTIAL, {"credential_expired": True}, State.TROUBLE, "expired"),
    (Key.PERMISSIONS, {"permissions": NEEDED}, State.OPEN, "connection test"),
    (
        Key.PERMISSIONS,
        {"permissions": replace(NEEDED, held=("A",), missing=("B", "C"))},
        State.TROUBLE,
        "Missing: B, C",
    ),
    (Key.CONNECTION, {"tested": None}, State.OPEN, "Not tried yet"),
    (Key.CONNECTION, {"tested": replace(TESTED, stale=True)}, State.OPEN, "stored now"),
    (
        Key.CONNECTION,
        {"tested": replace(TESTED, worked=False, problem="The client secret is wrong.")},
        State.TROUBLE,
        "secret is wrong",
    ),
    (
        Key.BILLING,
        {"tested": replace(TESTED, worked=False, feature_off=True)},
        State.TROUBLE,
        "not turned on",
    ),
    (Key.SCHEMA, {"tested": replace(TESTED, schema_read=False)}, State.OPEN, "reads it"),
    (Key.SOURCE, {"people": None}, State.OPEN, "No HR export"),
    (Key.PROFILE, {"version": None}, State.OPEN, "No version"),
    (Key.PILOT, {"pilot": Pilot(4, 1)}, State.TROUBLE, "1 failed"),
    (Key.PILOT, {"pilot": None, "live": False}, State.OPEN, "None has been made"),
    (Key.PILOT, {"pilot": None, "live": False, "pilot_waits": True}, State.OPEN, "waits for a yes"),
    (Key.PILOT, {"pilot": None}, State.DONE, "Skipped"),
    (Key.LIVE, {"live": False}, State.OPEN, "Not everybody"),
]


@pytest.mark.parametrize(("key", "lack", "state", "words"), LACKS)
def test_what_is_lacking_shows_at_its_step(
    key: Key, lack: dict[str, Any], state: State, words: str
) -> None:
    found = step(replace(EVERYTHING, **lack), key)
    assert found.state is state
    assert words in found.fact


def test_more_permissions_than_needed_are_named_and_stop_nobody() -> None:
    held = replace(NEEDED, held=("A", "B"), excessive=("B",))
    found = step(replace(EVERYTHING, permissions=held), Key.PERMISSIONS)
    assert (found.state, "B" in found.fact) == (State.DONE, True)


def test_a_sandbox_needs_no_licence_and_no_subscription() -> None:
    rehearsal = replace(NOTHING, rehearsal=True)
    for key in (Key.LICENCE, Key.BILLING):
        assert step(rehearsal, key).state is State.DONE
    off = replace(rehearsal, tested=replace(TESTED, worked=False, feature_off=True))
    assert step(off, Key.BILLING).state is State.TROUBLE


def test_an_old_test_says_nothing_about_the_feature() -> None:
    old = replace(TESTED, worked=False, feature_off=True, stale=True)
    assert step(replace(EVERYTHING, tested=old), Key.BILLING).state is State.DONE


def test_trouble_comes_first_and_then_the_order() -> None:
    trouble = replace(NOTHING, credential="Client secret", credential_expired=True)
    found = next_step(steps_of(trouble))
    assert found is not None
    assert found.key is Key.CREDENTIAL
    first = next_step(steps_of(NOTHING))
    assert first is not None
    assert first.key is Key.CUSTOMER


FACTS = st.builds(
    Facts,
    customer=st.just("Birch"),
    contacts=st.integers(0, 3),
    rehearsal=st.booleans(),
    entra_id=st.sampled_from([GUID, "birch.example"]),
    cloud=st.just("Global"),
    permissions=st.builds(
        Permissions,
        advised=st.just(("A",)),
        held=st.sampled_from([None, (), ("A",)]),
        missing=st.sampled_from([(), ("A",)]),
    ),
    licence=st.sampled_from(["", "P1"]),
    subscription_id=st.sampled_from(["", GUID]),
    client_id=st.sampled_from(["", GUID]),
    credential=st.sampled_from(["", "Certificate"]),
    credential_expired=st.booleans(),
    tested=st.none()
    | st.builds(
        Probe,
        at=st.just(WHEN),
        worked=st.booleans(),
        feature_off=st.booleans(),
        schema_read=st.booleans(),
        stale=st.booleans(),
    ),
    people=st.none() | st.integers(1, 9),
    version=st.none() | st.integers(1, 9),
    pilot=st.none() | st.builds(Pilot, st.integers(0, 9), st.integers(0, 2)),
    live=st.booleans(),
)


@given(FACTS)
def test_there_is_always_something_to_do_until_all_is_done(facts: Facts) -> None:
    steps = steps_of(facts)
    found = next_step(steps)
    assert (found is None) == all(each.state is State.DONE for each in steps)
    for each in steps:
        # What waits says for what, and that is not done; nothing waits for a later step.
        assert (each.state is State.LATER) == bool(each.needs)
        assert all(need.state is not State.DONE for need in each.needs)
        assert all(list(Key).index(need.key) < list(Key).index(each.key) for need in each.needs)
        assert each.fact
