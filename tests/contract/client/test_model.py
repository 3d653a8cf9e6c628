"""Random sequences of client calls: the sandbox and a simple model must agree at every step.

MODEL_STEPS steps at least (2,000 by default; `make model` takes 20,000).
"""

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import Conflict, NotFound, Rejected
from provisioning.scim.filters import ExternalIdFilter, GroupFilter, UserFilter
from provisioning.scim.groups import (
    GroupKind,
    add_members,
    change_group,
    create_group,
    delete_group,
    find_groups,
    get_group,
    is_member,
    remove_member,
)
from provisioning.scim.messages import Purpose
from provisioning.scim.resources import flat_state, resources_of
from provisioning.scim.urns import ENTERPRISE_USER, ENTRA_GROUP
from provisioning.scim.users import (
    change_user,
    create_user,
    delete_user,
    find_users,
    get_user,
)
from tests.contract.client.conftest import Meter, scim_client
from tests.support.sandbox import RunningSandbox

STEPS = int(os.environ.get("MODEL_STEPS", "2000"))
PASSWORD = "Long-enough-1"
DEPARTMENT = f"{ENTERPRISE_USER}:department"
MOBILE = 'phoneNumbers[type eq "mobile"].value'
PATHS = ("displayName", "title", "active", DEPARTMENT, MOBILE)
DESCRIPTION = f"{ENTRA_GROUP}:description"
NAMES = [f"person{n}" for n in range(12)]
TEXTS = st.sampled_from(["Baker", "Miller", "Ünïcode", 'quo"te', "back\\slash", " spaced "])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "displayName": TEXTS,
        "title": TEXTS | st.none(),
        "active": st.booleans(),
        DEPARTMENT: TEXTS | st.none(),
        MOBILE: st.sampled_from(["+46 1", "+46 2"]) | st.none(),
    },
).filter(bool)


@dataclass
class Model:
    """What a directory must hold: users and groups by id, names that stay taken."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def by(self, path: str, value: str) -> set[str]:
        return {each for each, state in self.users.items() if state.get(path) == value}

    def delete_user(self, user: str) -> None:
        if self.users.pop(user, None) is None:
            return
        for members in self.members.values():
            members.discard(user)
        for state in self.users.values():
            if state.get(MANAGER) == user:
                del state[MANAGER]


class Comparison(RuleBasedStateMachine):
    """Each rule calls the client, and does to the model what the call should have done."""

    sandbox: RunningSandbox
    steps = 0
    users = Bundle("users")
    groups = Bundle("groups")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.meter = Meter()
        self.tenant = str(uuid.uuid4())
        app = {"client_id": "app", "client_secret": "secret"}
        self.sandbox.put_tenant(self.tenant, domains=["fabled.example"], applications=[app])
        token = self.sandbox.token(self.tenant, "app", "secret")
        base = f"{self.sandbox.url}/rp/scim"
        self.client: ScimClient = scim_client(base, lambda _: token, self.meter, timeout=10.0)

    def teardown(self) -> None:
        try:
            self.check_everything()
        finally:
            self.client.close()
            self.sandbox.delete_tenant(self.tenant)

    @initialize(target=users)
    def nobody(self) -> Any:
        return multiple(str(uuid.UUID(int=7, version=4)))

    @invariant()
    def count(self) -> None:
        type(self).steps += 1

    # Users.

    @rule(target=users, name=st.sampled_from(NAMES), title=TEXTS | st.none())
    def create(self, name: str, title: str | None) -> Any:
        state: dict[str, Any] = {
            "userName": f"{name}@fabled.example",
            "displayName": name.title(),
            "name.givenName": "P",
            "name.familyName": name,
            "active": True,
            "externalId": f"0{name}",
            MAIL_NICKNAME: name,
            "title": title,
        }
        request = create_user(state, PASSWORD, name)
        if name in self.model.taken:
            with pytest.raises(Conflict):
                self.client.write(request)
            return multiple()
        made = str(self.client.write(request)["id"])
        self.model.taken.add(name)
        self.model.users[made] = {path: value for path, value in state.items() if value is not None}
        return made

    @rule(user=users, changes=CHANGES)
    def change(self, user: str, changes: dict[str, Any]) -> None:
        request = change_user(user, changes, Purpose.UPDATE, user)
        state = self.model.users.get(user)
        if state is None:
            with pytest.raises(NotFound):
                self.client.write(request)
            return
        self.client.write(request)
        state.update(changes)
        for path in [path for path, value in state.items() if value is None]:
            del state[path]

    @rule(user=users, manager=users)
    def give_a_manager(self, user: str, manager: str) -> None:
        request = change_user(user, {MANAGER: manager}, Purpose.UPDATE, user)
        if user not in self.model.users:
            with pytest.raises(NotFound):
                self.client.write(request)
        elif manager not in self.model.users:
            with pytest.raises(Rejected):
                self.client.write(request)
        else:
            self.client.write(request)
            self.model.users[user][MANAGER] = manager

    @rule(user=users)
    def delete(self, user: str) -> None:
        self.client.write(delete_user(user, user))
        self.model.delete_user(user)

    @rule(user=users)
    def get(self, user: str) -> None:
        request = get_user(user, [*PATHS[:3], ENTERPRISE_USER, "phoneNumbers"], user)
        if user not in self.model.users:
            with pytest.raises(NotFound):
                self.client.read(request)
            return
        paths = (*PATHS, MANAGER)
        found = flat_state(self.client.read(request), paths)
        expected = self.model.users[user]
        assert found == {path: expected[path] for path in paths if path in expected}

    @rule(name=st.sampled_from(NAMES))
    def find(self, name: str) -> None:
        searches = {
            "userName": UserFilter.user_name(f"{name.upper()}@fabled.example"),
            "externalId": ExternalIdFilter.equals(f"0{name}"),
            MAIL_NICKNAME: UserFilter.mail_nickname(name),
        }
        expected = self.model.by("externalId", f"0{name}")
        for where in searches.values():
            page = self.client.read(find_users(where))
            assert {user["id"] for user in resources_of(page)} == expected

    @rule(active=st.booleans())
    def list_users(self, active: bool) -> None:
        pages = self.client.users(Purpose.INVENTORY, ["userName"], UserFilter.active(active))
        found = {user["id"] for page in pages for user in page}
        expected = {id_ for id_, state in self.model.users.items() if state["active"] is active}
        assert found == expected

    # Groups.

    @rule(target=groups, name=TEXTS, kind=st.sampled_from(GroupKind))
    def create_group(self, name: str, kind: GroupKind) -> str:
        made = str(self.client.write(create_group(name, "nick", kind=kind))["id"])
        self.model.groups[made] = {"displayName": name}
        self.model.members[made] = set()
        return made

    @rule(group=groups, name=TEXTS, description=TEXTS | st.none())
    def change_group(self, group: str, name: str, description: str | None) -> None:
        request = change_group(group, {"displayName": name, DESCRIPTION: description})
        if group not in self.model.groups:
            with pytest.raises(NotFound):
                self.client.write(request)
            return
        self.client.write(request)
        self.model.groups[group] = {"displayName": name}

    @rule(group=groups)
    def delete_group(self, group: str) -> None:
        self.client.write(delete_group(group))
        self.model.groups.pop(group, None)
        self.model.members.pop(group, None)

    @rule(group=groups)
    def get_group(self, group: str) -> None:
        if group not in self.model.groups:
            with pytest.raises(NotFound):
                self.client.read(get_group(group))
            return
        found = self.client.read(get_group(group))
        assert found["displayName"] == self.model.groups[group]["displayName"]

    @rule(name=TEXTS)
    def find_group(self, name: str) -> None:
        page = self.client.read(find_groups(GroupFilter.display_name(name)))
        named = {id_ for id_, each in self.model.groups.items() if each["displayName"] == name}
        assert {group["id"] for group in resources_of(page)} == named

    @rule(group=groups, chosen=st.lists(users, min_size=1, max_size=4))
    def add(self, group: str, chosen: list[str]) -> None:
        (request,) = add_members(group, chosen)
        if group not in self.model.groups:
            with pytest.raises(NotFound):
                self.client.write(request)
        elif set(chosen) <= self.model.users.keys():
            self.client.write(request)
            self.model.members[group].update(chosen)
        else:
            with pytest.raises(Rejected):
                self.client.write(request)

    @rule(group=groups, user=users)
    def remove(self, group: str, user: str) -> None:
        request = remove_member(group, user)
        if group in self.model.groups:
            self.client.remove_member(request)
            self.model.members[group].discard(user)
            return
        with pytest.raises(NotFound):
            self.client.remove_member(request)

    @rule(group=groups, user=users)
    def memberships(self, group: str, user: str) -> None:
        expected = self.model.members.get(group, set())
        pages = self.client.members(group, Purpose.VERIFY)
        assert {each["id"] for page in pages for each in page} == expected
        single = resources_of(self.client.read(is_member(group, user)))
        assert bool(single) is (user in expected)
        of_user = {id_ for id_, members in self.model.members.items() if user in members}
        pages = self.client.groups_of(user, Purpose.VERIFY)
        assert {each["id"] for page in pages for each in page} == of_user

    def check_everything(self) -> None:
        """The whole directory, and the meter against the sandbox's own count."""
        stored = {user["id"]: user for user in self.sandbox.users(self.tenant)}
        assert stored.keys() == self.model.users.keys()
        for id_, state in self.model.users.items():
            assert flat_state(stored[id_], state.keys()) == state
        groups = {group["id"]: set(group["members"]) for group in self.sandbox.groups(self.tenant)}
        assert groups == self.model.members
        assert self.sandbox.usage(self.tenant)["requests"] == len(self.meter.answers())


def test_client_and_sandbox_agree_with_a_simple_model(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    Comparison.sandbox, Comparison.steps = sandbox, 0
    quiet = settings(
        max_examples=STEPS // 80,
        stateful_step_count=100,
        deadline=None,
        derandomize=STEPS == 2000,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Comparison, settings=quiet)
    assert Comparison.steps >= STEPS
    with capsys.disabled():
        print(f"\nclient, sandbox and model agreed over {Comparison.steps} steps")
