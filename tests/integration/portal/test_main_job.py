"""The main job on real parts: command line, worker, beat, broker, HTTP, sandbox."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from msp_portal.demo.table import Table, changed, damaged, without
from tests.support.portal import PROFILE, QUICK, Portal, open_portal, people

PEOPLE = people(120)
OTHERS = people(40, seed=2)
DOMAIN = "brindlewick.example"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all tests here; each test has tenants of its own."""
    portal = open_portal(tmp_path_factory.mktemp("portal"), **QUICK)
    slugs = ("planned", "steady", "changing", "damaged", "twin-a", "twin-b", "leaving", "priced")
    portal.seed(*((slug, DOMAIN, PROFILE) for slug in slugs))
    portal.start("worker", "beat")
    yield portal
    portal.close()


def entra_id(portal: Portal, slug: str) -> str:
    return str(portal.rows("SELECT entra_id FROM tenants_tenant WHERE slug = ?", slug)[0][0])


def users(portal: Portal, slug: str) -> list[dict[str, Any]]:
    return portal.sandbox.users(entra_id(portal, slug))


def loaded(portal: Portal, slug: str, table: Table = PEOPLE) -> dict[str, Any]:
    """A tenant whose people are in its directory."""
    report = portal.sync(slug, table, "--apply")
    assert (report["exit"], report["state"]) == (0, "finished"), report
    return report


def test_a_plan_is_printed_with_its_price_and_nothing_is_written(portal: Portal) -> None:
    plan = portal.sync("planned", PEOPLE)
    assert plan["state"] == "planned"
    assert plan["plan"]["create"] == plan["plan"]["calls"] == 120
    assert Decimal(plan["plan"]["price"]["amount"]) == Decimal("0.24")
    assert users(portal, "planned") == []


def test_an_approval_needs_a_named_person(portal: Portal) -> None:
    path = portal.write("unnamed", PEOPLE)
    done = portal.manage("sync", "planned", "--file", str(path), "--apply", check=False)
    assert done.returncode != 0
    assert "--as" in done.stderr


def test_the_same_file_again_is_no_operation_no_call_and_no_cost(portal: Portal) -> None:
    first = loaded(portal, "steady")
    assert first["done"]["created"] == 120
    assert first["usage"]["calls"] == 121
    before = portal.sandbox.usage(entra_id(portal, "steady"))
    again = portal.sync("steady", PEOPLE, "--apply")
    assert again["state"] == "finished"
    assert again["operations"] == []
    nothing = {"calls": 0, "billable": 0, "uncertain": 0, "cost": {}, "since_plan": 0}
    assert again["usage"] == nothing
    assert portal.sandbox.usage(entra_id(portal, "steady")) == before


def test_ten_changed_rows_are_exactly_ten_calls(portal: Portal) -> None:
    loaded(portal, "changing")
    before = portal.sandbox.usage(entra_id(portal, "changing"))["requests"]
    report = portal.sync("changing", changed(PEOPLE, 10, five_each=3), "--apply")
    sizes = sorted(len(operation["after"]) for operation in report["operations"])
    assert sizes == [1] * 7 + [5] * 3
    assert report["done"]["updated"] == report["usage"]["calls"] == 10
    assert portal.sandbox.usage(entra_id(portal, "changing"))["requests"] - before == 10
    assert portal.sync("changing", changed(PEOPLE, 10, five_each=3))["operations"] == []


def test_a_damaged_file_disables_nobody_without_an_explicit_yes(portal: Portal) -> None:
    loaded(portal, "damaged")
    stopped = portal.sync("damaged", damaged(PEOPLE), "--apply")
    assert (stopped["exit"], stopped["state"]) == (2, "stopped")
    assert all(user["active"] for user in users(portal, "damaged"))

    calls = portal.sandbox.usage(entra_id(portal, "damaged"))["requests"]
    applied = portal.sync("damaged", damaged(PEOPLE), "--apply", "--accept-loss")
    assert applied["state"] == "finished"
    assert applied["done"]["disabled"] == 0
    assert applied["plan"]["disable"] > 50
    assert all(user["active"] for user in users(portal, "damaged"))
    assert portal.sandbox.usage(entra_id(portal, "damaged"))["requests"] == calls


def test_an_explicit_yes_disables_those_who_are_missing(portal: Portal) -> None:
    loaded(portal, "leaving")
    yes = ("--apply", "--accept-loss", "--include-withheld")
    applied = portal.sync("leaving", damaged(PEOPLE), *yes)
    gone = applied["done"]["disabled"]
    assert gone == applied["plan"]["withheld"] > 50
    assert sum(not user["active"] for user in users(portal, "leaving")) == gone

    back = portal.sync("leaving", PEOPLE, "--apply")
    assert back["done"]["enabled"] == back["usage"]["calls"] == gone
    assert all(user["active"] for user in users(portal, "leaving"))


def test_a_single_leaver_is_disabled_by_one_call(portal: Portal) -> None:
    loaded(portal, "priced")
    report = portal.sync("priced", without(PEOPLE, 1), "--apply")
    (operation,) = report["operations"]
    assert operation["kind"] == "disable"
    assert (operation["before"], operation["after"]) == ({"active": True}, {"active": False})
    assert report["usage"] == {
        "calls": 1,
        "billable": 1,
        "uncertain": 0,
        "since_plan": 1,
        "cost": {"USD": "0.002000000"},
    }


def test_two_tenants_jobs_advance_side_by_side_and_never_mix(portal: Portal) -> None:
    for slug, table in (("twin-a", people(400)), ("twin-b", people(400, seed=2))):
        report = portal.sync(slug, table)
        assert report["state"] == "planned"
    jobs = dict(
        portal.rows(
            "SELECT t.slug, j.id FROM provisioning_job j JOIN tenants_tenant t"
            " ON t.id = j.tenant_id WHERE t.slug IN ('twin-a', 'twin-b')"
        )
    )
    portal.python("tests.support.approve", *(str(job) for job in jobs.values()))
    portal.wait(
        "SELECT COUNT(*) = 2 FROM provisioning_job WHERE id IN (?, ?) AND state = 'finished'",
        *jobs.values(),
    )
    spans = portal.rows(
        "SELECT tenant_id, MIN(settled_at), MAX(settled_at) FROM provisioning_operation"
        " WHERE job_id IN (?, ?) GROUP BY tenant_id",
        *jobs.values(),
    )
    (_, first_began, first_ended), (_, second_began, second_ended) = spans
    assert first_began < second_ended, "the second had ended before the first began"
    assert second_began < first_ended, "the first had ended before the second began"
    for slug, table in (("twin-a", people(400)), ("twin-b", people(400, seed=2))):
        keys = {user["externalId"] for user in users(portal, slug)}
        assert keys == set(table.keys())
    mixed = portal.rows(
        "SELECT COUNT(*) FROM provisioning_operation o JOIN provisioning_job j ON j.id = o.job_id"
        " WHERE o.tenant_id <> j.tenant_id OR o.customer_id <> j.customer_id"
    )
    assert mixed == [(0,)]


def test_a_file_that_is_refused_leaves_nothing(portal: Portal, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    header = replace(OTHERS, columns=("employee_id",) * len(OTHERS.columns))
    path.write_bytes(header.to_bytes())
    count = "SELECT COUNT(*) FROM provisioning_snapshotchunk"
    before = portal.rows(count)
    done = portal.manage("sync", "planned", "--file", str(path), check=False)
    assert done.returncode != 0
    assert "employee_id" in done.stderr
    assert portal.rows(count) == before
