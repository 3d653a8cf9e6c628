"""Plans of groups, case by case: packs, order, refusals, adoption, doubt and warnings."""

from datetime import date

import pytest

from provisioning.domain.groups import (
    ADD_PACK,
    DESCRIPTION,
    CompiledGroups,
    GroupAct,
    GroupDirectory,
    GroupKind,
    GroupShadow,
    Member,
    Memberships,
    People,
    Trait,
    mail_nickname,
    parse_groups,
    plan_groups,
    tally,
    traits_of,
)
from provisioning.domain.plan_values import Absences
from provisioning.scim.changes import MOST_MEMBERS

TODAY = date(2026, 3, 2)
ID = "5a1c3f0e-0000-4000-8000-00000000000a"
DEPT = {"rule": "dept", "column": "dept"}
WHOLE = Absences()


def wanted(records, *rules):
    found = Memberships(CompiledGroups(parse_groups(list(rules or [DEPT]))))
    for key, dept in records.items():
        assert found.add(key, {"dept": dept}, TODAY) == ()
    return found


def plan(desired, shadows=(), *, accounts=None, coming=(), protected=(), absences=WHOLE):
    people = People(accounts or {}, coming, protected, absences)
    return list(plan_groups(desired, GroupDirectory(shadows), people, namespace="7"))


def acts(operations):
    return [each.act for each in operations]


def shadow(key="dept/ops", members=None, **more):
    name = more.pop("name", key.partition("/")[2].title())
    return GroupShadow(more.pop("id", f"g-{key}"), key, name, f"n-{key}", members or {}, **more)


def test_a_pack_is_what_the_service_takes():
    assert ADD_PACK == MOST_MEMBERS


@pytest.mark.parametrize(
    ("known", "new", "packs"), [(20, 0, 1), (20, 1, 2), (15, 26, 3), (0, 1, 1)]
)
def test_members_without_an_account_yet_come_last_and_do_not_change_the_count(known, new, packs):
    keys = [f"p{number}" for number in range(known + new)]
    accounts = {key: f"id-{key}" for key in keys[new:]}
    operations = plan(wanted(dict.fromkeys(keys, "Ops")), accounts=accounts, coming=keys[:new])
    assert acts(operations) == [GroupAct.CREATE] + [GroupAct.ADD] * packs
    assert tally(operations) == {GroupAct.CREATE: 1, GroupAct.ADD: packs}
    members = [member for each in operations for member in each.members]
    assert [bool(member.id) for member in members] == [True] * known + [False] * new
    assert {member.key for member in members} == set(keys)
    assert {each.nickname for each in operations} == {mail_nickname("dept/ops", "7")}


def test_who_moves_is_added_before_anybody_is_removed_and_deletions_come_last():
    shadows = [
        shadow("dept/old", {"id-c": True}),
        shadow("dept/ops", {"id-a": True, "id-c": True}),
        shadow("dept/sales", {"id-b": True}),
    ]
    records = {"a": "Sales", "b": "Ops", "c": "New"}
    accounts = {key: f"id-{key}" for key in records}
    rule = {**DEPT, "emptied": "delete", "licensing": True}
    operations = plan(wanted(records, rule), shadows, accounts=accounts)
    assert acts(operations) == [
        *(GroupAct.ADD, GroupAct.ADD),
        *(GroupAct.CREATE, GroupAct.ADD),
        *[GroupAct.REMOVE] * 3,
        GroupAct.DELETE,
    ]
    deletion = operations[-1]
    assert deletion.withheld
    assert deletion.members == (Member("c", "id-c"),)
    assert "1 member keeps it" in deletion.reason
    assert {bool(each.warning) for each in operations[-4:]} == {True}
    assert {bool(each.warning) for each in operations[:-4]} == {False}


def test_a_group_is_created_with_its_first_member_and_whoever_has_no_account_is_named():
    operations = plan(wanted({"a": "Ops", "b": "Ops"}), accounts={"b": "id-b"}, protected={"id-b"})
    assert acts(operations) == [GroupAct.LEAVE, GroupAct.LEAVE]
    assert [each.members for each in operations] == [(Member("a"),), (Member("b", "id-b"),)]
    assert "No account yet" in operations[0].reason
    assert "Protected" in operations[1].reason


@pytest.mark.parametrize(
    ("extension", "nested", "words"),
    [
        ({"groupTypes": ["DynamicMembership"]}, False, "dynamic"),
        ({"groupTypes": ["Unified", "DynamicMembership"], "mailEnabled": True}, False, "dynamic"),
        ({"onPremisesSyncEnabled": True}, False, "on-premises"),
        ({"mailEnabled": True, "securityEnabled": True}, False, "Exchange"),
        ({}, True, "groups among its members"),
    ],
)
def test_groups_that_cannot_be_written_are_refused_with_the_reason(extension, nested, words):
    found = shadow(traits=traits_of(extension, nested=nested), members={"id-z": True})
    (refused,) = plan(wanted({"a": "Ops"}), [found], accounts={"a": "id-a"})
    assert (refused.act, refused.calls) == (GroupAct.LEAVE, 0)
    assert words in refused.reason


def test_ordinary_groups_have_no_traits():
    assert traits_of({"groupTypes": ["Unified"], "mailEnabled": True}) == frozenset()
    assert traits_of({"groupTypes": None, "onPremisesSyncEnabled": None}) == frozenset()
    assert traits_of({}, nested=True) == {Trait.NESTED}


def test_a_group_of_another_kind_or_never_read_is_refused():
    other = shadow(kind=GroupKind.MICROSOFT_365)
    unread = GroupShadow("g", "dept/ops", "Ops", "n", None)
    for found, words in ((other, "Correct the rule"), (unread, "Reconcile it first")):
        (refused,) = plan(wanted({"a": "Ops"}), [found], accounts={"a": "id-a"})
        assert refused.act is GroupAct.LEAVE
        assert words in refused.reason


def test_a_group_that_no_rule_accounts_for_is_left_with_its_members():
    (left,) = plan(wanted({}), [shadow("gone/x", {"id-a": True})])
    assert left.act is GroupAct.LEAVE
    assert "No rule" in left.reason


def test_an_existing_group_is_adopted_by_id_and_keeps_name_and_description():
    rule = {**DEPT, "adopt": {"ops": ID}, "description": "Ours", "emptied": "delete"}
    found = GroupShadow(ID, "", "Operations dept.", "operations", {"id-b": False})
    operations = plan(
        wanted({"a": "Ops", "b": "Ops"}, rule), [found], accounts={"a": "1", "b": "id-b"}
    )
    assert acts(operations) == [GroupAct.ADOPT, GroupAct.ADD]
    assert {(each.group_id, each.nickname, each.name) for each in operations} == {
        (ID, "operations", "Operations dept.")
    }
    assert operations[1].members == (Member("a", "1"),)
    later = GroupShadow(ID, "dept/ops", "Operations dept.", "operations", {"1": True}, adopted=True)
    assert acts(plan(wanted({}, rule), [later])) == [GroupAct.REMOVE]


def test_an_id_that_is_missing_or_managed_already_is_refused():
    desired = wanted({"a": "Ops"}, {**DEPT, "adopt": {"ops": ID}})
    (missing,) = plan(desired, accounts={"a": "1"})
    assert (missing.act, "There is no group" in missing.reason) == (GroupAct.LEAVE, True)
    taken = plan(desired, [shadow("dept/x", id=ID)], accounts={"a": "1"})
    assert "managed already, as dept/x" in taken[0].reason
    assert not any(each.calls for each in taken)


def test_a_creation_that_ended_unknown_is_recognised_and_never_made_twice():
    nickname = mail_nickname("dept/ops", "7")
    found = GroupShadow("g1", "", "Old", nickname.upper(), {"id-a": False})
    operations = plan(wanted({"a": "Ops"}), [found], accounts={"a": "id-a"})
    assert acts(operations) == [GroupAct.ADOPT, GroupAct.CHANGE]
    twin = GroupShadow("g2", "", "Ops", nickname, {})
    (left,) = plan(wanted({"a": "Ops"}), [found, twin], accounts={"a": "id-a"})
    assert left.act is GroupAct.LEAVE
    assert "none is picked" in left.reason


def test_name_and_description_change_in_one_call_and_an_unsaid_description_stays():
    rule = {**DEPT, "description": "New"}
    known = shadow(name="Operations", description="Old")
    (change, _) = plan(wanted({"a": "Ops"}, rule), [known], accounts={"a": "1"})
    assert change.before == {"displayName": "Operations", DESCRIPTION: "Old"}
    assert change.after == {"displayName": "Ops", DESCRIPTION: "New"}
    (change, _) = plan(wanted({"a": "Ops"}), [known], accounts={"a": "1"})
    assert change.after == {"displayName": "Ops"}


def test_absence_removes_unless_held_and_waits_when_a_key_could_not_be_read():
    known = shadow(members={"id-a": True, "id-b": True, "id-c": True})
    accounts = {key: f"id-{key}" for key in "abc"}
    doubt = Absences(held={"a"}, doubtful=2, outside={"b"})
    outside, missing = plan(wanted({}), [known], accounts=accounts, absences=doubt)
    assert (outside.members, outside.withheld) == ((Member("b", "id-b"),), False)
    assert "scope" in outside.reason
    assert (missing.members, missing.withheld) == ((Member("c", "id-c"),), True)
    assert "2 rows could not be read" in missing.reason
    assert plan(wanted({}), [known], accounts=accounts, absences=None) == []


def test_who_cannot_be_mapped_stays_and_keeps_the_group_from_being_deleted():
    desired = wanted({}, {**DEPT, "emptied": "delete"})
    desired.hold("A")
    known = shadow(members={"id-a": True, "id-b": True})
    operations = plan(desired, [known], accounts={"a": "id-a", "b": "id-b"})
    assert [each.members for each in operations] == [(Member("b", "id-b"),)]
    assert acts(operations) == [GroupAct.REMOVE]


def test_one_person_on_demand_changes_nobody_elses_membership():
    known = [
        shadow("dept/ops", {"id-a": True, "id-b": True, "id-z": False}),
        shadow("dept/x", {"id-b": True}),
    ]
    rule = {**DEPT, "emptied": "delete", "fully_managed": True}
    accounts = {"a": "id-a", "b": "id-b"}
    operations = plan(wanted({"a": "Sales"}, rule), known, accounts=accounts, absences=None)
    assert acts(operations) == [GroupAct.CREATE, GroupAct.ADD, GroupAct.REMOVE]
    assert operations[2].members == (Member("a", "id-a"),)


def test_who_is_held_after_being_read_is_neither_added_nor_removed():
    desired = wanted({"a": "Ops", "b": "Ops"})
    desired.hold("A")
    known = [shadow("dept/x", {"id-a": True})]
    operations = plan(desired, known, accounts={"a": "id-a", "b": "id-b"})
    assert acts(operations) == [GroupAct.CREATE, GroupAct.ADD]
    assert operations[1].members == (Member("b", "id-b"),)
