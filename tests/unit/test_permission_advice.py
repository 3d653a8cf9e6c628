"""The least permissions for a profile: enough, none too many, with a reason for each."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import CUSTOM
from provisioning.domain.definition import parse_definition
from provisioning.domain.permission_advice import RIGHTS, Need, advise, compare
from provisioning.domain.permissions import Act, permissions_for
from provisioning.domain.targets import PLAIN, Targets

REQUIRED = (
    "userName",
    "displayName",
    "name.givenName",
    "name.familyName",
    "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname",
)
MOBILE, WORK = ('phoneNumbers[type eq "mobile"].value', 'phoneNumbers[type eq "work"].value')
OTHER_MAIL = 'emails[type eq "other"].value'
ALWAYS = {"User.Read.All", "User.Create", "Group.Read.All"}
NEVER_DISABLED: dict[str, Any] = {"leavers": [{"after_days": 9, "do": "remove_from_groups"}]}


def profile(*targets: str, known: Targets = PLAIN, **parts: Any) -> Any:
    """A profile that writes the required attributes once, and these ever again."""
    once = [{"target": path, "column": "x", "when": "create"} for path in REQUIRED]
    rules = [rule for rule in once if rule["target"] not in targets]
    rules += [{"target": path, "column": "x"} for path in targets]
    given = {"key_column": "id", "attributes": rules, **parts}
    return parse_definition(given, known)


def names(*targets: str, **parts: Any) -> set[str]:
    return set(advise([profile(*targets, **parts)]).names)


@pytest.mark.parametrize(
    ("targets", "parts", "more"),
    [
        ((), {"lifecycle": NEVER_DISABLED}, set()),
        ((), {}, {"User.EnableDisableAccount.All"}),
        ((MOBILE, WORK), {}, {"User.EnableDisableAccount.All", "User-Phone.ReadWrite.All"}),
        ((OTHER_MAIL,), {"lifecycle": NEVER_DISABLED}, {"User-Mail.ReadWrite.All"}),
        (("title",), {}, {"User.ReadUpdate.All"}),
        ((MOBILE, "title"), {}, {"User.ReadUpdate.All"}),
        ((), {"matching": ["externalId"]}, {"User.ReadUpdate.All"}),
        (
            (),
            {
                "groups": [
                    {"rule": "all", "group": "All", "adopt": "5a1c3f0e-0000-4000-8000-000000000001"}
                ]
            },
            {"User.EnableDisableAccount.All", "GroupMember.ReadWrite.All"},
        ),
        (
            (),
            {"groups": [{"rule": "all", "group": "All staff"}]},
            {"User.EnableDisableAccount.All", "GroupMember.ReadWrite.All", "Group.Create"},
        ),
    ],
)
def test_narrow_profiles_need_narrow_permissions(
    targets: tuple[str, ...], parts: dict[str, Any], more: set[str]
) -> None:
    assert names(*targets, **parts) == ALWAYS | more


@pytest.mark.parametrize(
    "parts",
    [
        {
            "lifecycle": {
                "leavers": [{"after_days": 0, "do": "disable"}, {"after_days": 30, "do": "delete"}]
            }
        },
        {
            "scope": {"column": "x", "is": "present"},
            "out_of_scope": {"delete_after_days": 30},
        },
    ],
)
def test_who_deletes_needs_the_whole_of_it(parts: dict[str, Any]) -> None:
    assert names("title", **parts) == {"User.ReadWrite.All", "Group.Read.All"}


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "unit", "column": "unit"},
        {"rule": "all", "group": "All staff", "emptied": "delete"},
    ],
)
def test_groups_that_are_renamed_or_deleted_need_the_whole_of_it(rule: dict[str, Any]) -> None:
    assert names(groups=[rule]) == {
        "User.Read.All",
        "User.Create",
        "User.EnableDisableAccount.All",
        "Group.ReadWrite.All",
    }


def test_a_step_that_sets_the_leave_date_alone_needs_its_own_permission() -> None:
    path = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:employeeLeaveDateTime"
    step = {"after_days": 0, "do": "set", "target": path, "expression": "[leaver.since]"}
    lifecycle = {"leavers": [step]}
    assert names(lifecycle=lifecycle) == ALWAYS | {"User-LifeCycleInfo.ReadWrite.All"}


def test_every_permission_says_why_per_attribute() -> None:
    advice = advise([profile("title", MOBILE)])
    reasons = {each.name: each.reasons for each in advice.permissions}
    assert "title follows the source." in reasons["User.ReadUpdate.All"]
    assert any("mobile" in reason for reason in reasons["User.ReadUpdate.All"])
    assert all(reasons.values())


def test_what_is_missing_blocks_and_what_is_more_is_named() -> None:
    advice = advise([profile("title")])
    assert compare(advice, advice.names).enough
    found = compare(advice, ["User.Read.All", "User.Create", "Group.Read.All", "Mail.Read"])
    assert [each.name for each in found.missing] == ["User.ReadUpdate.All"]
    assert "title follows the source." in found.missing[0].reasons
    assert [(each.name, each.allows) for each in found.excessive] == [
        ("Mail.Read", "nothing that the portal does")
    ]


def test_basic_properties_are_too_little() -> None:
    found = compare(advise([profile()]), ["User.ReadBasic.All"])
    assert "User.Read.All" in found.lacking
    assert "too little" in found.excessive[0].allows


def test_the_whole_of_it_is_enough_and_more_than_needed() -> None:
    found = compare(advise([profile("title")]), ["User.ReadWrite.All", "Group.ReadWrite.All"])
    assert found.enough
    allows = {each.name: each.allows for each in found.excessive}
    assert allows["User.ReadWrite.All"] == "delete users"
    assert "delete groups" in allows["Group.ReadWrite.All"]


def test_custom_attributes_have_permissions_of_their_own() -> None:
    document = {
        "attributes": [
            {
                "name": "HR",
                "type": "complex",
                "subAttributes": [{"name": "Level", "type": "String", "mutability": "readWrite"}],
            }
        ]
    }
    known = Targets.of({f"/schemas/{CUSTOM}": document})
    found = names(f"{CUSTOM}:HR.Level", known=known)
    assert {name for name in found if name.startswith("Custom")} == {
        "CustomSecAttributeDefinition.Read.All",
        "CustomSecAttributeAssignment.ReadWrite.All",
    }


def test_several_sources_hand_accounts_over() -> None:
    one = profile()
    assert "User.ReadUpdate.All" not in advise([one]).names
    assert "User.ReadUpdate.All" in advise([one, one]).names


def test_rights_agree_with_what_refusals_name() -> None:
    """The words of a refusal come from another table; both must say the same."""
    for act in set(Act) - {Act.DISCOVER}:
        for (name,) in permissions_for(act):
            assert (act, "") in RIGHTS[name], (act, name)
    for name, rights in RIGHTS.items():
        for act, path in rights:
            assert (name,) in permissions_for(act, [path] if path else ()), (act, name)


RIGHT = st.sampled_from(sorted(set().union(*RIGHTS.values())))


@given(st.frozensets(RIGHT, max_size=8))
def test_the_advised_set_is_the_least_there_is(rights: frozenset[Any]) -> None:
    from provisioning.domain.permission_advice import _least

    chosen = _least(rights)
    granted = set().union(*(RIGHTS[name] for name in chosen), set())
    assert rights <= granted
    for name in chosen:
        rest = set().union(*(RIGHTS[other] for other in chosen if other != name), set())
        assert not rights <= rest, f"{name} is not needed"
    excess = len(granted - rights)
    for size in range(len(chosen)):
        for other in combinations(RIGHTS, size):
            covered = set().union(*(RIGHTS[name] for name in other), set())
            assert not (rights <= covered and len(covered - rights) <= excess)


@given(st.frozensets(st.sampled_from(sorted(RIGHTS))), st.frozensets(RIGHT, max_size=6))
def test_enough_is_enough(held: frozenset[str], rights: frozenset[Any]) -> None:
    from provisioning.domain.permission_advice import Advice, Advised, _least

    needs = tuple(Need(right, "because") for right in rights)
    advice = Advice(needs, tuple(Advised(name, ("because",)) for name in _least(rights)))
    found = compare(advice, held)
    granted = set().union(*(RIGHTS[name] for name in held), set())
    assert found.enough == (rights <= granted)
    assert {each.name for each in found.excessive} == set(held) - set(advice.names)
    whole = compare(advice, {*held, *(each.name for each in found.missing)})
    assert whole.enough
