"""Who gets into a licensing group without a usage location."""

from provisioning.domain.groups.values import GroupAct, GroupOperation, Member
from provisioning.domain.licensing import (
    USAGE_LOCATION,
    UsageLocations,
    without_usage_location,
)
from provisioning.domain.planner import Account, Change, Kind


def account(pk, key, **state):
    return Account(pk, f"ID-{pk}", key, f"{pk}@a.example", True, state)


def change(kind, key, after, *, of=None, withheld=False):
    return Change(kind, key, key, f"{key}@a.example", account=of, after=after, withheld=withheld)


def adding(*members, licensing=True, act=GroupAct.ADD):
    return GroupOperation(act, "g", "Licences", "g", members=members, licensing=licensing)


def test_accounts_and_changes_say_who_has_none():
    located = account(1, "1", **{USAGE_LOCATION: "SE"})
    bare, moved, cleared = (
        account(2, "2"),
        account(3, "3"),
        account(4, "4", **{USAGE_LOCATION: "NO"}),
    )
    known = UsageLocations()
    for each in (located, bare, moved, cleared):
        known.account(each)
    known.change(change(Kind.UPDATE, "3", {USAGE_LOCATION: "FI"}, of=moved))
    known.change(change(Kind.UPDATE, "4", {USAGE_LOCATION: None}, of=cleared))
    known.change(change(Kind.UPDATE, "1", {"title": "x"}, of=located))
    known.change(change(Kind.ADOPT, "2", {USAGE_LOCATION: "DK"}, of=bare, withheld=True))
    known.change(change(Kind.CREATE, "Ann", {USAGE_LOCATION: "SE"}))
    known.change(change(Kind.CREATE, "Bo", {}))
    wanted = {"id-1": False, "id-2": True, "id-3": False, "id-4": True}
    assert {each: known.missing(Member("", each)) for each in wanted} == wanted
    assert (known.missing(Member("ann")), known.missing(Member("bo"))) == (False, True)


def test_only_additions_to_licensing_groups_count():
    one, other = Member("1"), Member("2")
    operations = [
        adding(one, other),
        adding(one, licensing=False),
        adding(one, act=GroupAct.REMOVE),
        adding(other),
    ]
    (found,) = without_usage_location(operations, lambda member: member == one)
    assert (found.operation, found.members) == (operations[0], (one,))
    said = found.sentence(lambda member: f"person {member.key}")
    assert said.startswith("1 has no usage location")
    assert said.endswith("in Entra: person 1.")


def test_the_sentence_names_a_few():
    members = tuple(Member(str(number)) for number in range(7))
    (found,) = without_usage_location([adding(*members)], lambda _: True)
    said = found.sentence(lambda member: member.key)
    assert said.startswith("7 have no usage location")
    assert said.endswith(": 0, 1, 2, 3, 4 and 2 more.")
