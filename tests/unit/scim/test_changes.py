"""PATCH bodies: what Entra refuses cannot be built."""

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER
from provisioning.scim.changes import addition, group_patch, removal, user_patch
from provisioning.scim.refusals import Refused
from provisioning.scim.urns import CUSTOM_SECURITY, ENTERPRISE_USER, ENTRA_GROUP, ENTRA_USER
from provisioning.scim.users import projection

ONE = "11111111-1111-4111-8111-111111111111"


def test_the_manager_is_written_as_a_whole() -> None:
    (operation,) = user_patch({MANAGER: ONE})["Operations"]
    assert operation["path"] == f"{ENTERPRISE_USER}:manager"
    assert operation["value"] == {"value": ONE}
    (gone,) = user_patch({MANAGER: None})["Operations"]
    assert gone == {"op": "remove", "path": f"{ENTERPRISE_USER}:manager"}


def test_custom_security_attributes_keep_their_type() -> None:
    path = f"{CUSTOM_SECURITY}:Clearance.Level"
    assert user_patch({path: 3})["Operations"][0]["value"] == 3


def test_members_travel_alone() -> None:
    assert addition([ONE])["Operations"] == [
        {"op": "add", "path": "members", "value": [{"value": ONE}]}
    ]
    assert removal(ONE)["Operations"] == [{"op": "remove", "path": f'members[value eq "{ONE}"]'}]


def test_a_groups_attributes_are_changed_and_its_description_removed() -> None:
    body = group_patch({"displayName": "Readers", f"{ENTRA_GROUP}:description": None})
    assert [each["op"] for each in body["Operations"]] == ["replace", "remove"]


_REFUSED: dict[str, Callable[[], Any]] = {
    "nothing changes": lambda: user_patch({}),
    "an empty text": lambda: user_patch({"title": ""}),
    "active by a text": lambda: user_patch({"active": "yes"}),
    "a required one removed": lambda: user_patch({"userName": None}),
    "active removed": lambda: user_patch({"active": None}),
    "the nickname removed": lambda: user_patch({MAIL_NICKNAME: None}),
    "the password": lambda: user_patch({"password": "x"}),
    "a read-only one": lambda: user_patch({f"{ENTRA_USER}:onPremisesSyncEnabled": True}),
    "an unknown one": lambda: user_patch({"nickName": "x"}),
    "a manager that is no id": lambda: user_patch({MANAGER: "ann@b.example"}),
    "a custom attribute without its set": lambda: user_patch({f"{CUSTOM_SECURITY}:Level": "x"}),
    "no member": lambda: addition([]),
    "21 members": lambda: addition([ONE] * 21),
    "a member that is no id": lambda: removal("ann"),
    "members beside attributes": lambda: group_patch({"members": ONE}),
    "a group without a name": lambda: group_patch({"displayName": None}),
    "a group's kind": lambda: group_patch({f"{ENTRA_GROUP}:securityEnabled": "false"}),
    "everything projected": lambda: projection([]),
    "custom attributes without a set": lambda: projection([CUSTOM_SECURITY]),
}


@pytest.mark.parametrize("build", _REFUSED.values(), ids=_REFUSED.keys())
def test_what_entra_refuses_is_refused_while_it_is_built(build: Callable[[], Any]) -> None:
    with pytest.raises(Refused) as refusal:
        build()
    assert str(refusal.value)
