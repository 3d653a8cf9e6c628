"""`manage.py sync`: the plan, the report, and every way in which it refuses."""

import json
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from msp_portal.demo.table import Table, with_unreadable_key, without
from provisioning.management.commands import sync
from provisioning.models import Job, Lane
from provisioning.services import slices
from tenants.domain.roles import Role
from tests.support.engine import DOMAIN, Engine, edited, people, person
from tests.support.sandbox import ROOT
from tests.support.staff import export, profile, record

TABLE = people(12)


@pytest.fixture(autouse=True)
def _a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, a worker serves a slice."""
    clock = SimpleNamespace(sleep=lambda _: slices.serve_next(), monotonic=time.monotonic)
    monkeypatch.setattr(sync, "time", clock)


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Any:
    """Runs the command on a table for the engine's tenant; gives what it printed."""

    def run(table: Table | bytes, *options: str, tenant: str = "brindlewick") -> str:
        path = tmp_path / "people.csv"
        path.write_bytes(table if isinstance(table, bytes) else table.to_bytes())
        out = StringIO()
        call_command("sync", tenant, "--file", str(path), *options, stdout=out)
        return out.getvalue()

    return run


def named(engine: Engine) -> tuple[str, str]:
    return ("--as", engine.engineer.email)


def test_it_prints_the_plan_with_its_price_and_stops(engine: Engine, run: Any) -> None:
    text = run(edited(TABLE, 0, status="who knows"))
    assert "Waiting for approval" in text
    assert "read 12, held 1" in text
    assert "create 11, update 0" in text
    assert "11 calls, USD 0.022" in text
    assert "line 2: " in text
    assert engine.users() == []


def test_it_prints_the_plan_as_json(engine: Engine, run: Any) -> None:
    plan = json.loads(run(TABLE, "--json"))
    assert plan["state"] == "planned"
    counted = plan["plan"]
    assert counted.pop("price") == {"currency": "USD", "amount": "0.024000000"}
    assert counted.pop("estimate")["expected"] == 12
    assert {name: number for name, number in counted.items() if number} == {
        "create": 12,
        "calls": 12,
    }
    assert {"update", "transfer", "release", "member_add", "group_delete"} <= counted.keys()
    assert len(plan["operations"]) == 12
    assert plan["usage"]["calls"] == 1


def test_it_applies_and_prints_the_report(engine: Engine, run: Any) -> None:
    text = run(TABLE, "--apply", *named(engine))
    assert "Finished" in text
    assert "created 12, updated 0" in text
    assert "13 calls, 13 billable, 0 uncertain, USD 0.026" in text
    job = Job.objects.get()
    assert (job.approved_by, job.requested_by) == (engine.engineer, engine.engineer)
    assert len(engine.users()) == 12


def test_it_applies_and_prints_the_report_as_json(engine: Engine, run: Any) -> None:
    report = json.loads(run(TABLE, "--apply", "--json", *named(engine)))
    assert report["done"]["created"] == 12
    assert report["usage"]["cost"] == {"USD": "0.026000000"}
    again = json.loads(run(TABLE, "--apply", "--json", *named(engine)))
    assert (again["state"], again["operations"]) == ("finished", [])


def test_a_change_shows_before_and_after(engine: Engine, run: Any) -> None:
    run(TABLE, "--apply", *named(engine))
    text = run(edited(TABLE, 0, job_title="Chief"), *named(engine))
    assert "-> 'Chief'" in text


def test_a_person_may_be_named_by_the_environment(
    engine: Engine, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_PERSON", engine.engineer.email.upper())
    assert "Finished" in run(TABLE, "--apply")


REFUSED = [
    # options, words of the refusal
    (("--apply",), "--as"),
    (("--accept-loss",), "--as"),
    (("--apply", "--as", "nobody@lanternfield.example"), "No person"),
    (("--apply", "--as", "finance@lanternfield.example"), "finance@.* may not upload"),
    (("--as", "viewer@lanternfield.example"), "viewer@.* may not upload.* at Brindlewick"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_who_may_not_is_refused(
    engine: Engine, run: Any, options: tuple[str, ...], words: str
) -> None:
    person(Role.FINANCE)
    person(Role.VIEWER, customer=engine.tenant.customer)
    with pytest.raises(CommandError, match=words):
        run(TABLE, *options)
    assert Job.objects.count() == 0


def test_a_person_who_left_is_refused(engine: Engine, run: Any) -> None:
    engine.engineer.is_active = False
    engine.engineer.save()
    with pytest.raises(CommandError, match="No person"):
        run(TABLE, "--apply", *named(engine))


def test_a_wrong_tenant_is_refused_with_the_names_one_may_know(
    engine: Engine, other: Engine, run: Any
) -> None:
    theirs = person(Role.ENGINEER, "theirs@lanternfield.example", customer=other.tenant.customer)
    with pytest.raises(CommandError, match="no tenant 'elsewhere'") as refusal:
        run(TABLE, "--as", theirs.email, tenant="elsewhere")
    assert "saule-noir" in str(refusal.value)
    assert "brindlewick" not in str(refusal.value)
    with pytest.raises(CommandError, match="no tenant 'brindlewick'"):
        run(TABLE, "--as", theirs.email)


def test_wrong_arguments_are_not_taken_for_a_job_that_failed() -> None:
    command = [sys.executable, "manage.py", "sync", "brindlewick", "--pilot", "few"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "usage: manage.py sync" in done.stderr
    assert "argument --pilot: invalid int value: 'few'" in done.stderr


def test_a_file_that_is_not_there_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("sync", "brindlewick", "--file", str(tmp_path / "nothing.csv"))


def test_a_file_that_is_no_table_is_refused(engine: Engine, run: Any) -> None:
    with pytest.raises(CommandError, match="not text"):
        run(b"\x00\x01\x02" * 99)


def test_the_guard_stops_the_command_with_its_reasons(engine: Engine, run: Any) -> None:
    run(TABLE, "--apply", *named(engine))
    with pytest.raises(CommandError, match="--accept-loss") as stopped:
        run(without(TABLE, 6), "--apply", *named(engine))
    assert stopped.value.returncode == 2
    assert Job.objects.latest("pk").state == Job.State.STOPPED
    text = run(without(TABLE, 6), "--apply", "--accept-loss", *named(engine))
    assert "disabled 6" in text


def test_withheld_disables_need_their_own_yes(engine: Engine, run: Any) -> None:
    run(TABLE, "--apply", *named(engine))
    damaged = with_unreadable_key(without(TABLE, 1))
    assert "2 changes in doubt need --include-withheld" in run(damaged, *named(engine))
    assert "disabled 0" in run(damaged, "--apply", *named(engine))
    text = run(damaged, "--apply", "--include-withheld", *named(engine))
    assert "disabled 2" in text


def test_failed_operations_end_with_status_two_and_are_named(engine: Engine, run: Any) -> None:
    engine.fault(kind="status", status=400, method="POST")
    with pytest.raises(CommandError, match="1 operation failed") as failed:
        run(TABLE, "--apply", *named(engine))
    assert failed.value.returncode == 2


def test_a_job_that_waits_for_a_person_does_not_keep_the_command(
    engine: Engine, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "_PATIENCE_SECONDS", 0.1)
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    with pytest.raises(CommandError, match="not switched on"):
        run(TABLE)


def test_without_a_worker_the_command_gives_up(
    engine: Engine, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr(sync, "time", clock)
    with pytest.raises(CommandError, match="Is a worker running"):
        run(TABLE, "--timeout", "0.05")


def test_a_second_file_while_a_job_runs_is_refused(engine: Engine, run: Any) -> None:
    engine.upload(TABLE)
    with pytest.raises(CommandError, match="Wait for its end"):
        run(TABLE)


def test_a_problem_that_passes_does_not_end_the_command(
    engine: Engine, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feature is off for a moment; the probe after it finds it on, and the command goes on."""
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)

    def sleep(_: float) -> None:
        slices.serve_next()
        engine.sandbox.put_tenant(engine.directory_id, scim_enabled=True)
        Lane.objects.update(wake_at=timezone.now())

    monkeypatch.setattr(sync, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    assert "Waiting for approval" in run(TABLE)


def test_a_pilot_and_then_everybody_from_the_same_read(engine: Engine, run: Any) -> None:
    text = run(TABLE, "--pilot", "2", "--apply", *named(engine))
    assert "created 2" in text
    out = StringIO()
    call_command("sync", "brindlewick", "--pilot", "3", stdout=out)
    assert "pilot of 3" in out.getvalue()
    assert "create 1" in out.getvalue()
    out = StringIO()
    call_command("sync", "brindlewick", stdout=out)
    assert "create 10" in out.getvalue()


def test_without_a_file_and_without_a_kept_read_it_says_so(engine: Engine) -> None:
    with pytest.raises(CommandError, match="Upload its file"):
        call_command("sync", "brindlewick")


def test_an_account_is_adopted_by_its_key(engine: Engine, run: Any) -> None:
    rows = export([record("1"), record("2")])
    engine.seed(*({"userName": f"user{n}@{DOMAIN}"} for n in (1, 2)))
    engine.publish(profile(manager=False, matching=["userName"]))
    assert "2 existing accounts need --include-adoptions or --adopt KEY" in run(rows)
    with pytest.raises(CommandError, match="adopts no account for 3"):
        run(rows, "--apply", "--adopt", "1", "--adopt", "3", *named(engine))
    text = run(rows, "--apply", "--adopt", "1", *named(engine))
    assert "adopted 1," in text
    assert [user.get("externalId") for user in engine.users()] == ["1", None]
