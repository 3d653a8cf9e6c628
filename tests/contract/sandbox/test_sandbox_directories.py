"""Directories side by side and their configuration."""

import pytest

from tests.contract.sandbox.helpers import Directory, user_body
from tests.support.sandbox import RunningSandbox


def test_directories_are_apart(directory: Directory, sandbox: RunningSandbox) -> None:
    other = "22222222-2222-4222-8222-222222222222"
    app = {"client_id": "app", "client_secret": "other"}
    sandbox.put_tenant(other, domains=["other.example"], applications=[app])
    ada = directory.person()
    with sandbox.client(sandbox.token(other, "app", "other")) as scim:
        assert scim.get("/users").json()["resources"] == []
        assert scim.get(f"/users/{ada}").status_code == 404
    assert sandbox.usage(other)["requests"] == 2
    sandbox.delete_tenant(other)
    assert other not in sandbox.usage()["tenants"]
    assert sandbox.control.get(f"/tenants/{other}").status_code == 404


def test_the_static_token_opens_the_default_directory(sandbox: RunningSandbox) -> None:
    default = "00000000-0000-0000-0000-000000000000"
    with sandbox.client("static") as scim:
        body = user_body(userName="tool@sandbox.example")
        assert scim.post("/users", json=body).status_code == 201
    assert [u["userName"] for u in sandbox.users(default)] == ["tool@sandbox.example"]


def test_reconfiguring_a_directory_keeps_its_people(directory: Directory) -> None:
    directory.person()
    shown = directory.sandbox.put_tenant(directory.tenant, name="Renamed")
    assert (shown["name"], shown["users"]) == ("Renamed", 1)
    assert "fabled.example" in shown["domains"]
    (application,) = shown["applications"]
    assert application["secrets"] == [{"expires": None}]
    assert "sha256" not in str(application)


@pytest.mark.parametrize(
    "config",
    [
        {"settings": {"colour": 1}},
        {"settings": {"duplicate_status": 418}},
        {"settings": {"read_lag_seconds": "5"}},
        {"settings": {"read_lag_seconds": -1}},
        {"settings": {"accept_required": 1}},
        {"domains": "a.example"},
        {"applications": [{"client_secret": "x"}]},
        {"applications": [{"client_id": "x", "colour": 1}]},
        {"unknown": 1},
    ],
)
def test_a_wrong_configuration_is_refused(directory: Directory, config: dict) -> None:
    answer = directory.sandbox.control.put(f"/tenants/{directory.tenant}", json=config)
    assert answer.status_code == 400
    assert answer.json()["error"]
