"""Filters say only what Entra answers, and hold any value without ending early."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.scim.filters import ExternalIdFilter, GroupFilter, UserFilter
from provisioning.scim.refusals import Refused
from provisioning.scim.urns import ENTRA_GROUP, ENTRA_USER

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@b.example", 'userName eq "ann@b.example"'),
        ("o'brien@b.example", 'userName eq "o\'brien@b.example"'),
        ('a"b', r'userName eq "a\"b"'),
        ("a\\", r'userName eq "a\\"'),  # else the closing quote would be escaped
        ('" or userName ne "', r'userName eq "\" or userName ne \""'),
        ("Zoë", 'userName eq "Zoë"'),
        ("a\x00b\nc", r'userName eq "a\u0000b\nc"'),  # RFC 8259, 7
    ],
)
def test_values_are_quoted_as_json(value: str, expected: str) -> None:
    assert UserFilter.user_name(value).text == expected


@given(st.text(min_size=1).filter(str.strip))
def test_every_value_is_read_back_as_it_was(value: str) -> None:
    start, _, quoted = ExternalIdFilter.equals(value).text.partition(" eq ")
    assert start == "externalId"
    assert json.loads(quoted) == value


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (UserFilter.object_id(ONE), f'id eq "{ONE}"'),
        (UserFilter.user_name_ends("@b.example"), 'userName ew "@b.example"'),
        (
            UserFilter.user_name_ends("@b.example", differently=True),
            'not(userName ew "@b.example")',
        ),
        (UserFilter.mail_nickname("ann"), f'{ENTRA_USER}:mailNickname eq "ann"'),
        (UserFilter.mail_nickname_ends("x"), f'{ENTRA_USER}:mailNickname ew "x"'),
        (UserFilter.active(False), "active eq false"),
        (UserFilter.owner_of(ONE), f'{ENTRA_USER}:ownedGroups.value eq "{ONE}"'),
        (
            UserFilter.member_of(ONE) & UserFilter.object_id(TWO),
            f'groups.value eq "{ONE}" and id eq "{TWO}"',
        ),
        (GroupFilter.object_id(ONE), f'id eq "{ONE}"'),
        (GroupFilter.display_name("Readers"), 'displayName eq "Readers"'),
        (GroupFilter.display_name_ends("ers"), 'displayName ew "ers"'),
        (GroupFilter.has_member(ONE), f'members.value eq "{ONE}"'),
        (GroupFilter.owned_by(ONE), f'{ENTRA_GROUP}:owners.value eq "{ONE}"'),
        (
            GroupFilter.security_enabled(True) & GroupFilter.mail_enabled(False),
            f"{ENTRA_GROUP}:securityEnabled eq true and {ENTRA_GROUP}:mailEnabled eq false",
        ),
    ],
)
def test_each_question_is_written_as_entra_reads_it(
    made: UserFilter | GroupFilter, expected: str
) -> None:
    assert made.text == expected


@pytest.mark.parametrize(
    "build",
    [
        lambda: UserFilter.user_name(" "),
        lambda: ExternalIdFilter.equals(""),
        lambda: UserFilter.object_id("ann"),
        lambda: UserFilter.member_of("Readers"),
        lambda: GroupFilter.has_member(""),
    ],
    ids=["blank name", "no key", "id that is none", "group by name", "no member"],
)
def test_what_no_object_can_have_is_refused_before_it_is_paid_for(build: Callable[[], Any]) -> None:
    with pytest.raises(Refused):
        build()


def test_a_search_by_external_id_cannot_be_joined() -> None:
    joined: Any = ExternalIdFilter.equals("42")
    with pytest.raises(TypeError):
        joined & UserFilter.active(True)
