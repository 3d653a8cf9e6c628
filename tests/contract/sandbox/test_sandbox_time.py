"""What depends on time: lagging reads, the clock, when throttling is off."""

from tests.contract.sandbox.helpers import Directory, patch_body, replace, user_body


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


def test_a_scaled_clock_refills_faster(directory: Directory) -> None:
    directory.settings(throttle=True, throttle_quota=0.001, throttle_scale=1_000_000.0)
    statuses = [
        directory.scim.post("/users", json=user_body(f"p{n}")).status_code for n in range(9)
    ]
    assert statuses == [201] * 9
