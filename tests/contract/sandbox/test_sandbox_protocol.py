"""What holds for every endpoint: headers, methods, discovery, errors, the count, tokens."""

import httpx
import pytest

from tests.contract.sandbox.helpers import NOBODY, Directory, patch_body, replace, user_body
from tests.support.sandbox import RunningSandbox

JSON_TYPES = ["application/json", "application/scim+json", "text/html, application/json;q=0.9"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/scim+json", 200),
        ("*/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("text/html", 400),
        (None, 400),
    ],
)
def test_accept_is_required(directory: Directory, accept: str | None, status: int) -> None:
    request = directory.scim.build_request("GET", "/users")
    del request.headers["accept"]
    if accept:
        request.headers["accept"] = accept
    assert directory.scim.send(request).status_code == status


def test_a_switch_lets_accept_be_missing(directory: Directory) -> None:
    directory.settings(accept_required=False)
    request = directory.scim.build_request("GET", "/users")
    del request.headers["accept"]
    assert directory.scim.send(request).status_code == 200


@pytest.mark.parametrize("accept", JSON_TYPES)
def test_delete_refuses_a_json_type_in_accept(directory: Directory, accept: str) -> None:
    ada = directory.person()
    answer = directory.scim.delete(f"/users/{ada}", headers={"accept": accept})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Accept header application/")
    assert answer.json()["detail"].endswith(" is invalid")
    directory.settings(delete_refuses_json_accept=False)
    assert directory.scim.delete(f"/users/{ada}", headers={"accept": accept}).status_code == 204


@pytest.mark.parametrize("accept", ["*/*", None])
def test_delete_takes_no_accept_or_any(directory: Directory, accept: str | None) -> None:
    request = directory.scim.build_request("DELETE", f"/users/{directory.person()}")
    del request.headers["accept"]
    if accept:
        request.headers["accept"] = accept
    assert directory.scim.send(request).status_code == 204


@pytest.mark.parametrize("status", [405, 501])
def test_put_is_not_supported(directory: Directory, status: int) -> None:
    directory.settings(put_status=status)
    ada = directory.person()
    assert directory.scim.put(f"/users/{ada}", json=user_body()).status_code == status


@pytest.mark.parametrize("path", ["/Bulk", "/Me", "/users/a/b", "/nothing", ""])
def test_other_paths_are_404_and_billed(directory: Directory, path: str) -> None:
    assert directory.scim.get(path).status_code == 404
    assert directory.usage()["billable"] == 1


@pytest.mark.parametrize("path", ["/USERS", "/Users", "/users/", "/Groups"])
def test_paths_have_no_case(directory: Directory, path: str) -> None:
    assert directory.scim.get(path).status_code == 200


@pytest.mark.parametrize(
    ("status", "start"),
    [
        (400, "No 'scimapiconsumptions' resource found for TenantId: "),
        (401, "The 'SCIM Provisioning API' feature is not enabled for any subscription."),
    ],
)
def test_the_feature_can_be_off(directory: Directory, status: int, start: str) -> None:
    directory.sandbox.put_tenant(
        directory.tenant, scim_enabled=False, settings={"feature_off_status": status}
    )
    answer = directory.scim.get("/serviceproviderconfig")
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(start)
    assert directory.usage() | {"by_hour": None} == {
        "requests": 1,
        "billable": 0,
        "by_status": {str(status): 1},
        "by_hour": None,
    }


def test_service_provider_config_is_as_documented(scim: httpx.Client) -> None:
    config = scim.get("/ServiceProviderConfig").json()
    assert config["pagination"] == {
        "cursor": True,
        "index": False,
        "defaultPaginationMethod": "cursor",
        "defaultPageSize": 100,
        "maxPageSize": 1000,
    }
    assert config["bulk"] == {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}
    assert config["filter"] == {"supported": True, "maxResults": 200}
    assert config["patch"] == {"supported": True}


@pytest.mark.parametrize("key", ["resources", "Resources"])
def test_discovery_lists_use_either_spelling(directory: Directory, key: str) -> None:
    directory.settings(discovery_list_key=key)
    types = directory.scim.get("/resourcetypes").json()[key]
    assert [each["id"] for each in types] == ["User", "Group"]
    schemas = directory.scim.get("/schemas").json()[key]
    assert len(schemas) == 5
    for each in schemas:
        assert directory.scim.get(f"/schemas/{each['id']}").json() == each


@pytest.mark.parametrize(
    "path", ["/resourcetypes/User", "/resourcetype/user", "/ResourceType/User"]
)
def test_a_resource_type_has_both_printed_paths(scim: httpx.Client, path: str) -> None:
    document = scim.get(path).json()
    assert (document["endpoint"], document["description"]) == ("/Users", "User Account")
    assert document["meta"] == {"resourceType": "resourceType", "location": "/resourcetypes/user"}


def test_unknown_discovery_documents_are_404(scim: httpx.Client) -> None:
    assert scim.get("/schemas/urn:none").status_code == 404
    assert scim.get("/resourcetypes/Role").status_code == 404


def test_an_error_has_the_documented_shape(scim: httpx.Client) -> None:
    answer = scim.get(f"/users/{NOBODY}")
    assert answer.json() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": f"Resource '{NOBODY}' does not exist or one of its queried reference-property "
        "objects are not present.",
        "status": "404",
    }


@pytest.mark.parametrize(("rule", "billable"), [("2xx+404", 5), ("all", 7)])
def test_every_request_counts_and_2xx_and_404_are_billed(
    directory: Directory, rule: str, billable: int
) -> None:
    directory.settings(billing_rule=rule)
    ada = directory.person()  # 201
    directory.scim.get("/users")  # 200
    directory.patch(f"/users/{ada}", replace("title", "x"))  # 204
    directory.scim.delete(f"/users/{ada}")  # 204
    directory.scim.delete(f"/users/{ada}")  # 404
    directory.scim.post("/users", json={})  # 400
    directory.scim.post("/users", json=user_body())  # 409: the name stays taken
    usage = directory.usage()
    assert (usage["requests"], usage["billable"]) == (7, billable)
    expected = {"200": 1, "201": 1, "204": 2, "400": 1, "404": 1, "409": 1}
    assert usage["by_status"] == expected
    assert sum(hour["requests"] for hour in usage["by_hour"].values()) == 7
    assert all(hour.endswith(":00:00Z") for hour in usage["by_hour"])


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


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer a.b.c"])
def test_without_a_valid_token_the_answer_is_401_and_nobody_is_billed(
    directory: Directory, header: str
) -> None:
    answer = directory.scim.get("/users", headers={"authorization": header})
    assert (answer.status_code, answer.json()["status"]) == (401, "401")
    assert directory.usage()["requests"] == 0


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


def test_a_patch_of_an_unknown_user_is_404(directory: Directory) -> None:
    body = patch_body(replace("title", "x"))
    assert directory.scim.patch(f"/users/{NOBODY}", json=body).status_code == 404
