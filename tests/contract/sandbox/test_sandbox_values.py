"""Properties of the sandbox's pure parts."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msp_portal.sandbox.directory import Directory
from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.filters import USER_RULES, parse_filter
from msp_portal.sandbox.journal import Journal
from msp_portal.sandbox.paging import Cursors
from msp_portal.sandbox.patch import parse_operations, spread
from msp_portal.sandbox.schemas import ENTRA_USER, USERS
from msp_portal.sandbox.switches import Switches
from msp_portal.sandbox.throttle import Ask, Throttle
from msp_portal.sandbox.user_patch import patched
from msp_portal.sandbox.values import clean_resource

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "userName",
        "name",
        "emails",
        "active",
        "phoneNumbers",
        "addresses",
        ENTRA_USER,
        "ims",
        "title",
    ]
)


def _done_or_400(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except ScimError as error:
        status = error.status
    assert status == 400
    return None


@given(st.text(max_size=60) | st.text(alphabet='userName eqw"()and tr ', max_size=60))
def test_any_text_is_a_filter_or_a_400(text: str) -> None:
    _done_or_400(lambda: parse_filter(text, USER_RULES))


@given(st.text(max_size=20))
def test_a_filter_finds_its_value_again_whatever_the_text(value: str) -> None:
    clauses = parse_filter(f"externalId eq {json.dumps(value)}", USER_RULES)
    assert [each.value for each in clauses] == [value]


@given(st.dictionaries(NAMES, ANYTHING, max_size=4))
def test_any_body_is_clean_or_a_400(body: dict[str, Any]) -> None:
    clean = _done_or_400(lambda: clean_resource(USERS, body))
    assert clean is None or clean_resource(USERS, clean) == clean


PATHS = NAMES | st.sampled_from(
    [
        "name.givenName",
        "emails.value",
        'emails[type eq "other"]',
        'emails[type eq "work"].value',
        'addresses[type eq "work"]',
        'phoneNumbers[type eq "fax"].value',
        f"{ENTRA_USER}:mailNickname",
    ]
)


@given(st.sampled_from(["add", "replace", "remove"]), PATHS | st.none(), ANYTHING)
@settings(max_examples=300)
def test_any_operation_is_applied_or_a_400_and_the_original_stays(
    op: str, path: str | None, value: Any
) -> None:
    emails = [{"type": "work", "primary": True, "value": "a@b.example"}]
    user = {"id": "x", "userName": "a@b.example", "emails": emails}
    before = json.dumps(user)
    operation = {"op": op, "value": value} | ({} if path is None else {"path": path})
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    _done_or_400(lambda: patched(user, spread(USERS, parse_operations(body))))
    assert json.dumps(user) == before


@given(st.binary(min_size=1, max_size=8), st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_cursor_opens_its_own_query_only(key: bytes, seq: int, other: int) -> None:
    cursors = Cursors(key, "query")
    cursor = cursors.write(seq)
    assert cursors.read(cursor) == seq
    assert all(sign in cursor for sign in "=+/")
    for stranger in (Cursors(key, "other query"), Cursors(key + b"x", "query")):
        with pytest.raises(ScimError):
            stranger.read(cursor)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), max_size=4), st.data()
)
def test_a_journal_cut_anywhere_keeps_every_whole_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict], data: st.DataObject
) -> None:
    path: Path = tmp_path_factory.mktemp("journal") / "state"
    journal = Journal(path)
    journal.compact([])
    ends = [0]
    for line in lines:
        journal.append(line)
        ends.append(path.stat().st_size)
    journal.close()
    cut = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:cut])
    again = Journal(path)
    assert list(again.replay()) == lines[: sum(1 for end in ends[1:] if end <= cut)]
    again.close()


@pytest.mark.parametrize("room", [5, 9, 14])
def test_a_full_disk_leaves_no_half_line(tmp_path: Path, room: int) -> None:
    path = tmp_path / "state"
    journal = Journal(path)
    journal.compact([])
    journal.append(["1"])  # 6 bytes with its line end
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 + room, before[1]))
    try:
        with pytest.raises(OSError, match=r"bytes written|File too large"):
            journal.append(["2", "longer than the room that is left"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.append(["3"])
    journal.close()
    again = Journal(path)
    assert list(again.replay()) == [["1"], ["3"]]
    again.close()


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("user"), st.integers(0, 4), st.integers(0, 3)),
        st.tuples(st.just("user-"), st.integers(0, 4)),
        st.tuples(st.just("group"), st.integers(0, 2)),
        st.tuples(st.just("group-"), st.integers(0, 2)),
        st.tuples(st.just("member"), st.integers(0, 2), st.integers(0, 4)),
        st.tuples(st.just("member-"), st.integers(0, 2), st.integers(0, 4)),
    ),
    max_size=30,
)


def _event(directory: Directory, given_event: tuple[Any, ...]) -> list[Any] | None:
    kind, *numbers = given_event
    first = f"{'u' if kind.startswith('user') else 'g'}{numbers[0]}"
    if kind == "user":
        user = {"id": first, "userName": f"N{numbers[1]}", "externalId": str(numbers[1])}
        return ["user", numbers[0] + 1, user, False]
    if kind == "user-":
        return ["user-", first, 1.0]
    if kind == "group":
        return ["group", numbers[0] + 1, {"id": first}]
    if kind == "group-":
        return ["group-", first]
    member = f"u{numbers[1]}"
    if first not in directory.groups.by_id or member not in directory.users.by_id:
        return None
    return [kind, first, [member] if kind == "member" else member]


@given(EVENTS)
def test_indexes_agree_with_the_people_and_a_snapshot_gives_the_same_again(events: list) -> None:
    directory = Directory()
    for each in events:
        if event := _event(directory, each):
            directory.apply(event)
    copy = Directory()
    for event in directory.snapshot():
        copy.apply(json.loads(json.dumps(event)))
    for state in (directory, copy):
        people = {key: entry.resource for key, entry in directory.users.by_id.items()}
        assert {key: entry.resource for key, entry in state.users.by_id.items()} == people
        for number in range(4):
            named = {key for key, user in people.items() if user["userName"] == f"N{number}"}
            assert set(state.by_name.get(f"n{number}")) == named
            assert set(state.by_external.get(str(number))) == named
        pairs = {(g, u) for g, users in state.members.items() for u in users}
        assert pairs == {(g, u) for u, groups in state.member_of.items() for g in groups}
        assert pairs == {(g, u) for g, users in directory.members.items() for u in users}
        assert all(g in directory.groups.by_id and u in people for g, u in pairs)
        assert [e.resource["id"] for e in state.users.since(3)] == [
            f"u{n}" for n in range(2, 5) if f"u{n}" in people
        ]


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80))
def test_no_window_passes_more_than_a_bucket_and_its_refill(gaps: list[float]) -> None:
    throttle, switches = Throttle(), Switches(throttle_quota=0.005)  # 15 writes, one per 10 s
    ask = Ask("app", "tenant", 1000, 1, write=True)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        if throttle.take(ask, now, switches)[0]:
            passed.append(now)
    for start in range(len(passed)):
        for end in range(start, len(passed)):
            assert end - start + 1 <= 15 + (passed[end] - passed[start]) * 0.1 + 1e-6
