"""What depends on time: lagging reads, soft delete, the clock, throttling."""

import pytest

from tests.contract.sandbox.helpers import Directory, patch_body, replace, user_body

DAY = 86400


def _shown(directory: Directory) -> list[str]:
    page = directory.scim.get("/users").json()
    return [row["displayName"] for row in page["resources"]]


def test_reads_lag_behind_writes_and_uniqueness_does_not(directory: Directory) -> None:
    directory.person("old")
    directory.settings(read_lag_seconds=60)
    ada = directory.person("ada", displayName="Ada")
    assert directory.scim.get(f"/users/{ada}").status_code == 404
    assert _shown(directory) == ["Ada Byron"]
    assert directory.scim.post("/users", json=user_body("ADA")).status_code == 409
    path = f"/users/{ada}"
    assert directory.scim.patch(path, json=patch_body(replace("title", "x"))).status_code == 204
    directory.sandbox.advance_clock(61)
    assert directory.user(ada)["title"] == "x"
    assert directory.scim.delete(path).status_code == 204
    assert directory.scim.get(path).status_code == 200
    directory.sandbox.advance_clock(61)
    assert _shown(directory) == ["Ada Byron"]


def test_without_lag_a_reader_sees_every_write_at_once(directory: Directory) -> None:
    directory.settings(read_lag_seconds=60)
    directory.person("ada")
    directory.settings(read_lag_seconds=0)
    assert len(_shown(directory)) == 1


@pytest.mark.parametrize(("days", "status"), [(29.9, 409), (30.1, 201)])
def test_a_deleted_users_name_stays_taken_for_30_days(
    directory: Directory, days: float, status: int
) -> None:
    directory.scim.delete(f"/users/{directory.person()}")
    directory.sandbox.advance_clock(days * DAY)
    with directory.sandbox.client(
        directory.sandbox.token(directory.tenant, "app", "secret")
    ) as scim:
        assert scim.post("/users", json=user_body("ADA")).status_code == status


def test_a_switch_frees_the_name_at_once(directory: Directory) -> None:
    directory.settings(soft_delete_days=0)
    directory.scim.delete(f"/users/{directory.person()}")
    assert directory.scim.post("/users", json=user_body()).status_code == 201


def test_requests_are_counted_in_the_hour_of_the_sandboxs_clock(directory: Directory) -> None:
    directory.scim.get("/users")
    directory.sandbox.advance_clock(3600)
    with directory.sandbox.client(
        directory.sandbox.token(directory.tenant, "app", "secret")
    ) as scim:
        scim.get("/users")
    hours = directory.usage()["by_hour"]
    assert [hour["requests"] for hour in hours.values()] == [1, 1]


def test_throttling_is_off_by_default(directory: Directory) -> None:
    directory.settings(throttle_quota=0.001)
    assert {directory.scim.get("/users").status_code for _ in range(20)} == {200}


def test_writes_beyond_the_quota_are_429_and_not_billed(directory: Directory) -> None:
    # 3,000 writes per 150 s x 0.002 = 6 writes, one more every 25 s
    directory.settings(throttle=True, throttle_quota=0.002)
    answers = [directory.scim.post("/users", json=user_body(f"p{n}")) for n in range(7)]
    assert [answer.status_code for answer in answers] == [201] * 6 + [429]
    refused = answers[6].headers
    assert 20 <= int(refused["retry-after"]) <= 25
    assert refused["x-ms-throttle-limit-percentage"] == "1.0"
    assert refused["x-ms-throttle-information"] == "WriteLimitExceeded"
    scope = f"Tenant_Application/Write/app/{directory.tenant}"
    assert refused["x-ms-throttle-scope"] == scope
    usage = directory.usage()
    assert (usage["by_status"], usage["billable"]) == ({"201": 6, "429": 1}, 6)
    directory.sandbox.advance_clock(26)
    assert directory.scim.post("/users", json=user_body("later")).status_code == 201


def test_a_scaled_clock_refills_faster(directory: Directory) -> None:
    directory.settings(throttle=True, throttle_quota=0.001, throttle_scale=1_000_000.0)
    statuses = [
        directory.scim.post("/users", json=user_body(f"p{n}")).status_code for n in range(9)
    ]
    assert statuses == [201] * 9


def test_resource_units_are_told_and_limited(directory: Directory) -> None:
    # a small directory: 3,500 units per 10 s x 0.001 = 3.5; a list costs 2, with a projection 1
    directory.settings(throttle=True, throttle_quota=0.001)
    whole = directory.scim.get("/users")
    lean = directory.scim.get("/users?attributes=id")
    assert (whole.headers["x-ms-resource-unit"], lean.headers["x-ms-resource-unit"]) == ("2", "1")
    assert float(lean.headers["x-ms-throttle-limit-percentage"]) > 0.8
    refused = directory.scim.get("/users")
    assert refused.status_code == 429
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
