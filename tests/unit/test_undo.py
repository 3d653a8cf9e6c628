"""The inverse of an operation: only what it wrote and what is still there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MAIL_NICKNAME, USER_NAME
from provisioning.domain.plan_values import CALLS, Account, Directory, Kind, Value
from provisioning.domain.protection import Protection
from provisioning.domain.undo import INVERSES, Done, Undoing, undo

NOTHING = Undoing(Directory({}, {}), Protection([]))
texts = st.sampled_from(["a", "b", "c", None])
states = st.fixed_dictionaries(
    {}, optional={"title": texts, "department": texts, "city": texts, ACTIVE: st.booleans()}
)
changes = st.sampled_from([Kind.UPDATE, Kind.ENABLE, Kind.DISABLE])


def account(state: dict[str, Value | None], key: str = "7") -> Account:
    known = {path: value for path, value in state.items() if value is not None}
    active = known.get(ACTIVE, True) is True
    return Account(1, "id-1", key, "zoe@a.example", active, known)


def done(kind: Kind, before: dict[str, Value | None], after: dict[str, Value | None]) -> Done:
    return Done(kind, "7", "Zoë", "zoe@a.example", before, after, account({**before, **after}))


@given(changes, states, states)
def test_undone_at_once_everything_is_as_before(
    kind: Kind, before: dict[str, Value | None], after: dict[str, Value | None]
) -> None:
    wanted = {path: value for path, value in after.items() if before.get(path) != value}
    if ACTIVE in wanted:
        before = {ACTIVE: not wanted[ACTIVE], **before}
    op = done(kind, {path: before.get(path) for path in wanted}, wanted)
    op = replace(op, account=account({**before, **wanted}))
    assert op.account is not None
    change = undo(op, NOTHING)
    result = {**op.account.state, **change.after}
    left = {path: value for path, value in result.items() if value is not None}
    assert left == {path: value for path, value in before.items() if value is not None}


@given(changes, states, states, states)
def test_what_changed_since_stays(
    kind: Kind,
    before: dict[str, Value | None],
    after: dict[str, Value | None],
    since: dict[str, Value | None],
) -> None:
    op = replace(done(kind, before, after), account=account({**before, **after, **since}))
    assert op.account is not None
    change = undo(op, NOTHING)
    for path, value in change.after.items():
        now = op.account.state.get(path, op.account.active if path == ACTIVE else None)
        assert path in after
        assert now == after[path], "somebody has changed it since"
        assert value == before.get(path)


def test_a_creation_is_undone_by_disabling() -> None:
    change = undo(done(Kind.CREATE, {}, {ACTIVE: True, "title": "a"}), NOTHING)
    assert (change.kind, change.before, change.after) == (
        Kind.DISABLE,
        {ACTIVE: True},
        {ACTIVE: False},
    )
    disabled = undo(done(Kind.CREATE, {}, {ACTIVE: False}), NOTHING)
    assert disabled.kind is Kind.UNCHANGED


def test_a_deletion_takes_an_explicit_yes() -> None:
    change = undo(done(Kind.CREATE, {}, {ACTIVE: True}), replace(NOTHING, deletes=True))
    assert (change.kind, change.withheld, change.calls) == (Kind.DELETE, True, 1)


@pytest.mark.parametrize(
    ("was", "becomes"), [(Kind.DISABLE, Kind.ENABLE), (Kind.ENABLE, Kind.DISABLE)]
)
def test_opened_is_closed_and_closed_is_opened(was: Kind, becomes: Kind) -> None:
    opened = was is Kind.ENABLE
    change = undo(done(was, {ACTIVE: not opened}, {ACTIVE: opened}), NOTHING)
    assert (change.kind, change.after) == (becomes, {ACTIVE: not opened})


def test_an_adopted_account_goes_back_and_is_not_ours_any_more() -> None:
    op = done(Kind.ADOPT, {"title": "a", EXTERNAL_ID: None}, {"title": "b", EXTERNAL_ID: "7"})
    change = undo(op, NOTHING)
    assert (change.kind, change.after) == (Kind.RELEASE, {"title": "a", EXTERNAL_ID: None})


def test_a_deletion_cannot_be_undone() -> None:
    gone = replace(done(Kind.DELETE, {}, {}), account=None)
    assert undo(gone, NOTHING).kind is Kind.LEAVE
    assert "30 days" in undo(done(Kind.DELETE, {}, {}), NOTHING).reason


def test_what_is_not_ours_any_more_is_left() -> None:
    op = done(Kind.UPDATE, {"title": "a"}, {"title": "b"})
    other = replace(op, account=account({"title": "b"}, key="8"))
    assert undo(other, NOTHING).kind is Kind.LEAVE


def test_names_and_values_that_cannot_go_back_are_said() -> None:
    taken = Directory({}, {"zoe@a.example": Account(2, "id-2", "", "zoe@a.example", True, {})})
    op = done(
        Kind.UPDATE,
        {USER_NAME: "zoe@a.example", MAIL_NICKNAME: None, "title": "a"},
        {USER_NAME: "zora@a.example", MAIL_NICKNAME: "zora", "title": "b"},
    )
    change = undo(op, replace(NOTHING, directory=taken))
    assert (change.kind, change.after) == (Kind.UPDATE, {"title": "a"})
    assert change.reason.startswith("Cannot go back: User name, ")


def test_what_changed_since_is_named() -> None:
    op = done(Kind.UPDATE, {"title": "a"}, {"title": "b"})
    change = undo(replace(op, account=account({"title": "c"})), NOTHING)
    assert (change.kind, change.reason) == (
        Kind.LEAVE,
        "Changed since, and left as they are: Job title.",
    )


def test_protected_and_on_premises_accounts_are_left() -> None:
    op = done(Kind.UPDATE, {"title": "a"}, {"title": "b"})
    guarded = replace(NOTHING, protection=Protection(["zoe@*"]))
    assert "Protected" in undo(op, guarded).reason
    assert op.account is not None
    local = replace(op, account=replace(op.account, on_premises=True))
    assert "on-premises" in undo(local, NOTHING).reason


def test_every_kind_that_is_sent_has_an_inverse_or_says_why_not() -> None:
    for kind in CALLS - INVERSES.keys():
        change = undo(done(kind, {}, {}), NOTHING)
        assert change.kind is Kind.LEAVE
        assert change.reason != "There is no way to take this back."
