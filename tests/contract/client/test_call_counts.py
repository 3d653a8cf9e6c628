"""What the cheapest way costs: calls by the sandbox's own count."""

import pytest

from provisioning.domain.attributes import MANAGER
from provisioning.scim.groups import add_members, is_member
from provisioning.scim.messages import Purpose
from provisioning.scim.resources import resources_of
from provisioning.scim.users import INVENTORY
from tests.contract.client.conftest import Directory


@pytest.mark.parametrize(
    ("attributes", "calls"),
    [(INVENTORY, 6), ((*INVENTORY, MANAGER), 50)],
    ids=["without manager", "with manager"],
)
def test_reading_5000_users(directory: Directory, attributes: tuple[str, ...], calls: int) -> None:
    ids = directory.people(5000)
    pages = directory.client.users(Purpose.INVENTORY, attributes)
    assert [user["id"] for page in pages for user in page] == ids
    assert directory.usage()["requests"] == directory.usage()["billable"] == calls


def test_reading_the_members_of_a_group_of_2500(directory: Directory) -> None:
    ids = directory.people(2600)
    seed = {"displayName": "Everyone", "members": ids[:2500]}
    (group,) = directory.sandbox.seed(directory.tenant, groups=[seed])["groups"]
    pages = directory.client.members(group, Purpose.VERIFY)
    assert [user["id"] for page in pages for user in page] == ids[:2500]
    assert directory.usage()["requests"] == 3


@pytest.mark.parametrize(("members", "calls"), [(1, 1), (20, 1), (21, 2), (100, 5)])
def test_adding_members_takes_a_call_for_each_20(
    directory: Directory, members: int, calls: int
) -> None:
    ids = directory.people(members)
    (group,) = directory.sandbox.seed(directory.tenant, groups=[{"displayName": "G"}])["groups"]
    for request in add_members(group, [*ids, ids[0]]):
        directory.client.write(request)
    assert directory.usage()["requests"] == calls
    assert directory.sandbox.groups(directory.tenant)[0]["members"] == ids


def test_one_membership_is_tested_by_one_call(directory: Directory) -> None:
    inside, outside = directory.people(2)
    seed = {"displayName": "G", "members": [inside]}
    (group,) = directory.sandbox.seed(directory.tenant, groups=[seed])["groups"]
    found = [
        len(resources_of(directory.client.read(is_member(group, each))))
        for each in (inside, outside)
    ]
    assert found == [1, 0]
    assert directory.usage()["requests"] == 2
